"""The table of payments: each with its class, the gas it was for, and what its limit rested on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.protocols.keep3r_v1.audit.classes import CLASSES, Verdict, classify
from keep3r_replay.protocols.keep3r_v1.audit.epochs import helpers_in_force
from keep3r_replay.protocols.keep3r_v1.audit.rows import TABLES, WorkRow
from keep3r_replay.protocols.keep3r_v1.replay.payments import uses_interval
from keep3r_replay.replay.tables import frame

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
    """One row a payment, in chain order; `versions` are helpers' by address."""
    rows = []
    for payment, helper, by_payments, verdict in judged:
        seen = verdict.evaluation
        version = versions.get(helper)
        rests = payment.interval if seen is not None and version is not None and uses_interval(version) else None
        to, _, selector = payment.entry_point.rpartition(":")
        rows.append(
            WorkRow(
                block_number=payment.block,
                log_index=payment.log_index,
                transaction_index=payment.transaction_index,
                transaction_hash=payment.transaction_hash,
                timestamp=payment.timestamp,
                job=payment.job,
                keeper=payment.keeper,
                credit=payment.credit,
                payment=payment.amount,
                class_=verdict.name,
                gas=seen.gas if seen else None,
                helper=helper if seen else None,
                helper_version=version if seen else None,
                limit=None if seen is None else payment.amount if seen.image else seen.limit_at_bound,
                bound=payment.bound,
                limit_at_bound=seen.limit_at_bound if seen else None,
                gas_used=payment.gas_used,
                origin=payment.origin,
                origin_bond=payment.origin_bond,
                feed=payment.feed,
                oracle_price=seen.price if seen else None,
                spot_price=payment.spot,
                eth_worth=seen.worth if seen else payment.amount if payment.kind == "eth" else None,
                helper_by_payments=by_payments or None,
                transaction_to=to or None,
                selector=selector or None,
                relay=payment.relay or None,
                credits_before=payment.credits,
                keeper_state=payment.keeper_state,
                interval_length=rests.length if rests else None,
                interval_age=rests.age if rests else None,
                interval_swaps=rests.swaps if rests else None,
                reason=verdict.reason,
            )
        )
    return frame(WorkRow, rows)


def entry_points(works: pl.DataFrame) -> pl.DataFrame:
    """The range of gas of each entry point's exact works: where the work is always the same, it is narrow."""
    exact = works.filter(pl.col("class") == "work_exact").with_columns(pl.col("gas").cast(pl.Int128))
    ranges = exact.group_by("transaction_to", "selector").agg(
        pl.len().cast(pl.Int64).alias("works"),
        pl.col("gas").min().alias("least_gas"),
        pl.col("gas").sort().gather(pl.len() // 2).first().alias("median_gas"),
        pl.col("gas").max().alias("most_gas"),
    )
    schema = TABLES["entry_points"]
    return ranges.sort("transaction_to", "selector", nulls_last=True).cast(schema).select(schema.names())
