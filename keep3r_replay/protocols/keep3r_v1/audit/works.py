"""The table of payments: each with its class, the gas it was for, and what its limit rested on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.protocols.keep3r_v1.audit.classes import Verdict, classify
from keep3r_replay.protocols.keep3r_v1.audit.epochs import BEGINNING, Named, Standing, helpers_in_force
from keep3r_replay.protocols.keep3r_v1.audit.rows import TABLES
from keep3r_replay.protocols.keep3r_v1.replay.payment_columns import INTERVALS
from keep3r_replay.protocols.keep3r_v1.replay.payments import uses_interval
from keep3r_replay.replay.tables import Amount, frame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.protocols.keep3r_v1.replay.records import Payment
    from keep3r_replay.replay.parts import Table


class Judged(NamedTuple):
    """A payment, the helper held to be in force, the one that payments alone tell, and the verdict."""

    payment: Payment
    helper: str
    helper_by_payments: str
    verdict: Verdict


def named_of(payments: Sequence[Payment], seen: Sequence[Payment], before: Standing = BEGINNING) -> list[Named]:
    """The helper in force at every payment. `seen` are all payments of the history, of which `payments` are a part.

    `before` is what is known before the first of `seen`.
    """
    named = helpers_in_force(seen, before)
    if len(payments) == len(seen):
        return named
    told = {(each.block, each.log_index): names for each, names in zip(seen, named, strict=True)}
    return [told[each.block, each.log_index] for each in payments]


def judge(payments: Sequence[Payment], named: Sequence[Named]) -> list[Judged]:
    """Class every payment, by the helper in force at it."""
    return [
        Judged(payment, each.in_force, each.by_payments, classify(payment, each.in_force))
        for payment, each in zip(payments, named, strict=True)
    ]


class VerdictRow(NamedTuple):
    """What a verdict adds to a payment; `rests`: whether its helper quotes an interval."""

    class_: str
    reason: str
    helper: str | None
    helper_version: str | None
    helper_by_payments: str | None
    rests: bool
    gas: Amount | None
    image: bool
    limit_at_bound: Amount | None
    oracle_price: Amount | None
    worth: Amount | None


_UNSEEN = (None, False, None, None, None)


def works_table(payments: pl.DataFrame, judged: Sequence[Judged], versions: Mapping[str, str]) -> pl.DataFrame:
    """One row a payment, in chain order.

    Args:
        payments: `payments_frame` of the payments that were judged.
        judged: they, with their classes.
        versions: of helpers, by address.
    """
    verdicts = frame(VerdictRow, [_verdict_row(each, versions) for each in judged])
    entry_point = pl.col("entry_point").str.split_exact(":", 1).struct
    schema = TABLES["works"]
    return (
        payments.drop("helper")
        .hstack(verdicts)
        .with_columns(
            pl.col("amount").alias("payment"),
            pl.when("image").then("amount").otherwise("limit_at_bound").alias("limit"),
            pl.col("spot").alias("spot_price"),
            pl.when(pl.col("kind") == "eth").then("amount").otherwise("worth").alias("eth_worth"),
            _or_null(entry_point.field("field_0")).alias("transaction_to"),
            _or_null(entry_point.field("field_1")).alias("selector"),
            _or_null(pl.col("relay")),
            pl.col("credits").alias("credits_before"),
            *(pl.when("rests").then(name).alias(name) for name in INTERVALS),
        )
        .select(*schema)
        .cast(schema)
    )


def _verdict_row(each: Judged, versions: Mapping[str, str]) -> VerdictRow:
    _, helper, by_payments, (name, seen, reason) = each
    if seen is None:
        return VerdictRow(name, reason, None, None, by_payments or None, False, *_UNSEEN)
    version = versions.get(helper)
    rests = version is not None and uses_interval(version)
    facts = (seen.gas, seen.image, seen.limit_at_bound, seen.price, seen.worth)
    return VerdictRow(name, reason, helper, version, by_payments or None, rests, *facts)


def _or_null(text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)


def entry_points(works: Table | pl.LazyFrame) -> pl.DataFrame:
    """The range of gas of each entry point's exact works: where the work is always the same, it is narrow."""
    needed = works.lazy().select("transaction_to", "selector", "class", "gas")
    exact = needed.filter(pl.col("class") == "work_exact").with_columns(pl.col("gas").cast(pl.Int128))
    ranges = exact.group_by("transaction_to", "selector").agg(
        pl.len().cast(pl.Int64).alias("works"),
        pl.col("gas").min().alias("least_gas"),
        pl.col("gas").sort().gather(pl.len() // 2).first().alias("median_gas"),
        pl.col("gas").max().alias("most_gas"),
    )
    schema = TABLES["entry_points"]
    return ranges.sort("transaction_to", "selector", nulls_last=True).cast(schema).select(schema.names()).collect()
