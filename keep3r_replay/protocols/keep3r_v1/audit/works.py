"""The table of payments: each with its class, the gas it was for, and what its limit rested on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.protocols.keep3r_v1.audit.classes import CLASSES, Verdict, classify
from keep3r_replay.protocols.keep3r_v1.audit.epochs import helpers_in_force
from keep3r_replay.protocols.keep3r_v1.audit.schemas import ENTRY_POINTS, WORKS, table
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


def works_table(judged: Sequence[Judged], versions: Mapping[str, str]) -> pl.DataFrame:
    """One row a payment, in chain order; `versions` are helpers' by address.

    `gas` is the smallest whose limit reaches the payment. `limit` is the limit of that gas where the payment is its
    image, else that of the largest plausible gas.
    """
    rows = []
    for payment, helper, by_payments, verdict in judged:
        seen = verdict.evaluation
        version = versions.get(helper)
        rests = payment.interval if seen is not None and version is not None and uses_interval(version) else None
        to, _, selector = payment.entry_point.rpartition(":")
        rows.append(
            (
                payment.block,
                payment.log_index,
                payment.transaction_index,
                payment.transaction_hash,
                payment.timestamp,
                payment.job,
                payment.keeper,
                payment.credit,
                payment.amount,
                verdict.name,
                seen.gas if seen else None,
                helper if seen else None,
                version if seen else None,
                None if seen is None else payment.amount if seen.image else seen.limit_at_bound,
                payment.bound,
                seen.limit_at_bound if seen else None,
                payment.gas_used,
                payment.origin,
                payment.origin_bond,
                payment.feed,
                seen.price if seen else None,
                payment.spot,
                seen.worth if seen else payment.amount if payment.kind == "eth" else None,
                by_payments or None,
                to or None,
                selector or None,
                payment.relay or None,
                payment.credits,
                payment.keeper_state,
                rests.length if rests else None,
                rests.age if rests else None,
                rests.swaps if rests else None,
                verdict.reason,
            )
        )
    return table(WORKS, rows)


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
