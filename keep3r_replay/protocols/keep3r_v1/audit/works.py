"""The table of payments: each with its class, the gas it was for, and what its limit rested on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.protocols.keep3r_v1.audit.classes import CLASSES, Verdict, classify
from keep3r_replay.protocols.keep3r_v1.audit.epochs import helpers_in_force
from keep3r_replay.protocols.keep3r_v1.audit.schemas import AMOUNT, ENTRY_POINTS, WORKS
from keep3r_replay.protocols.keep3r_v1.replay.payment_columns import INTERVALS, columns
from keep3r_replay.protocols.keep3r_v1.replay.payments import uses_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.protocols.keep3r_v1.replay.records import Payment


class Judged(NamedTuple):
    """A payment, the helper held to be in force, the one that payments alone tell, and the verdict."""

    payment: Payment
    helper: str
    helper_by_payments: str
    verdict: Verdict


def judge(payments: Sequence[Payment], seen: Sequence[Payment]) -> list[Judged]:
    """Class every payment. `seen` are all payments of the history, of which `payments` are a part."""
    named = helpers_in_force(seen)
    if len(payments) != len(seen):
        told = {(each.block, each.log_index): names for each, names in zip(seen, named, strict=True)}
        named = [told[each.block, each.log_index] for each in payments]
    judged = []
    for payment, names in zip(payments, named, strict=True):
        judged.append(Judged(payment, names.in_force, names.by_payments, classify(payment, names.in_force)))
    return judged


def counts(judged: Sequence[Judged]) -> dict[str, int]:
    """How many payments there are of each class."""
    found = Counter(each.verdict.name for each in judged)
    return {name: found[name] for name in CLASSES}


def works_table(payments: pl.DataFrame, judged: Sequence[Judged], versions: Mapping[str, str]) -> pl.DataFrame:
    """One row a payment, in chain order; `versions` are helpers' by address.

    `gas` is the smallest whose limit reaches the payment. `limit` is the limit of that gas where the payment is its
    image, else that of the largest plausible gas.

    Args:
        payments: `payments_frame` of the payments that were judged.
        judged: they, with their classes.
        versions: of helpers, by address.
    """
    verdicts = pl.DataFrame(columns(_VERDICTS, (_verdict_row(each, versions) for each in judged)))
    entry_point = pl.col("entry_point").str.split_exact(":", 1).struct
    in_eth = pl.col("kind") == "eth"
    rests = pl.col("rests")
    return (
        payments.drop("helper")
        .hstack(verdicts)
        .with_columns(
            pl.col("amount").alias("payment"),
            pl.when("image").then("amount").otherwise("limit_at_bound").alias("limit"),
            pl.col("spot").alias("spot_price"),
            pl.when(in_eth).then("amount").otherwise("worth").alias("eth_worth"),
            _or_null(entry_point.field("field_0")).alias("transaction_to"),
            _or_null(entry_point.field("field_1")).alias("selector"),
            _or_null(pl.col("relay")),
            pl.col("credits").alias("credits_before"),
            *(pl.when(rests).then(name).alias(name) for name in INTERVALS),
        )
        .select(*WORKS)
        .cast(WORKS)
    )


_VERDICTS = pl.Schema(
    {
        "class": pl.String(),
        "reason": pl.String(),
        "helper": pl.String(),
        "helper_version": pl.String(),
        "helper_by_payments": pl.String(),
        "rests": pl.Boolean(),
        "gas": AMOUNT,
        "image": pl.Boolean(),
        "limit_at_bound": AMOUNT,
        "oracle_price": AMOUNT,
        "worth": AMOUNT,
    }
)
"""What a verdict adds to a payment; `rests`: whether its helper quotes an interval."""
_UNSEEN = (None, False, None, None, None)


def _verdict_row(each: Judged, versions: Mapping[str, str]) -> tuple[Any, ...]:
    _, helper, by_payments, (name, seen, reason) = each
    if seen is None:
        return name, reason, None, None, by_payments or None, False, *_UNSEEN
    version = versions.get(helper)
    rests = version is not None and uses_interval(version)
    return name, reason, helper, version, by_payments or None, rests, *seen[1:6]


def _or_null(text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)


def entry_points(works: pl.DataFrame) -> pl.DataFrame:
    """The range of gas of each entry point's exact works: where the work is always the same, it is narrow."""
    exact = works.filter(pl.col("class") == "work_exact").with_columns(pl.col("gas").cast(pl.Int128))
    ranges = exact.group_by("transaction_to", "selector").agg(
        pl.len().cast(pl.Int64).alias("works"),
        pl.col("gas").min().alias("least_gas"),
        pl.col("gas").sort().gather(pl.len() // 2).first().alias("median_gas"),
        pl.col("gas").max().alias("most_gas"),
    )
    return ranges.sort("transaction_to", "selector", nulls_last=True).cast(ENTRY_POINTS).select(ENTRY_POINTS.names())
