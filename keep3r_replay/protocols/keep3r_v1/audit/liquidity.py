"""ApplyCredit and UnbondJob against other reserves: what a swap in the same block was worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.keep3r_v1.audit.rows import CreditApplicationRow, LiquidityUnbondingRow
from keep3r_replay.replay.tables import frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from keep3r_replay.protocols.keep3r_v1.replay.records import LiquidityUse, Swapped

LARGE = 500
"""Hundredths of a per mille beyond which a deviation counts as large."""

WORDS = {
    "as_before": "as the previous block's reserves give",
    "deviates": "by other reserves than those before",
    "moved": "after a swap in its block",
    "sandwiched": "between swaps of one side",
    "nothing": "a repetition that gives nothing",
    "undetermined": "of a pair whose reserves are not known",
}
"""Classes and what they mean."""


class Swaps(NamedTuple):
    """Swaps of the pair in the block of a use, before and after it, and whether one side made one of each."""

    before: bool
    after: bool
    both_by_one: bool


class Judged(NamedTuple):
    """A use of liquidity, its deviations, and its class. Deviations are in hundredths of a per mille.

    Deviations are None where the pair's reserves are not known.
    """

    use: LiquidityUse
    deviation: int | None
    from_before: int | None
    from_weighted: int | None
    swaps: Swaps
    name: str
    reason: str


def hundredths_of_per_mille(value: int, reference: int) -> int | None:
    """By how much `value` exceeds `reference`, rounded half away from zero; None for a reference of zero."""
    if reference == 0:
        return None if value else 0
    scaled = abs(value - reference) * 200_000 + reference
    magnitude = scaled // (2 * reference)
    return magnitude if value >= reference else -magnitude


def judge(uses: Sequence[LiquidityUse], swaps: Sequence[Swapped]) -> list[Judged]:
    """Class every use of liquidity; `swaps` are those of the same history."""
    in_block: dict[tuple[int, str], list[Swapped]] = {}
    for swap in swaps:
        in_block.setdefault((swap.block, swap.pair), []).append(swap)
    return [_judged(use, in_block.get((use.block, use.pair), [])) for use in uses]


def _judged(use: LiquidityUse, swaps: Sequence[Swapped]) -> Judged:
    before = [swap for swap in swaps if swap.log_index < use.log_index]
    after = [swap for swap in swaps if swap.log_index > use.log_index]
    sides = {swap.origin for swap in before} & {swap.origin for swap in after}
    around = Swaps(bool(before), bool(after), bool(sides))
    if use.worth is None or use.worth_before is None:
        reason = "the pair's reserves are not known: no logs of it are recorded"
        return Judged(use, None, None, None, around, "undetermined", reason)
    deviation = use.worth - use.worth_before
    from_before = hundredths_of_per_mille(use.worth, use.worth_before) or 0
    weighted = None if use.worth_weighted is None else hundredths_of_per_mille(use.worth, use.worth_weighted)
    name, reason = _class(use, deviation, weighted, around)
    return Judged(use, deviation, from_before, weighted, around, name, reason)


def _class(use: LiquidityUse, deviation: int, weighted: int | None, swaps: Swaps) -> tuple[str, str]:
    if use.worth == 0 and use.liquidity == 0:
        return "nothing", "no liquidity waited"
    if deviation and swaps.before and swaps.both_by_one:
        return "sandwiched", "one side swapped before and after it in its block"
    if deviation and swaps.before:
        return "moved", "a swap stands before it in its block"
    if deviation:
        return "deviates", "reserves or supply changed before it in its block, by no swap"
    if weighted is not None and abs(weighted) > LARGE:
        return (
            "as_before",
            "as the previous block's reserves give; the average price of half an hour gives another worth",
        )
    return "as_before", "as the previous block's reserves give"


def tables(judged: Sequence[Judged]) -> dict[str, pl.DataFrame]:
    """One row a use, in chain order, in the table of its event."""
    applied = [_application(each) for each in judged if each.use.event == "ApplyCredit"]
    unbonded = [_unbonding(each) for each in judged if each.use.event == "UnbondJob"]
    return {
        "credit_applications": frame(CreditApplicationRow, applied),
        "liquidity_unbondings": frame(LiquidityUnbondingRow, unbonded),
    }


def _application(judged: Judged) -> CreditApplicationRow:
    use = judged.use
    return CreditApplicationRow(
        block_number=use.block,
        log_index=use.log_index,
        timestamp=use.timestamp,
        job=use.job,
        liquidity=use.pair,
        provider=use.provider,
        origin=use.origin,
        liquidity_amount=use.liquidity,
        credit=use.worth,
        credit_at_previous_block=use.worth_before,
        credit_time_weighted=use.worth_weighted,
        deviation=judged.deviation,
        deviation_per_mille=judged.from_before,
        deviation_time_weighted_per_mille=judged.from_weighted,
        swapped_before=judged.swaps.before,
        swapped_after=judged.swaps.after,
        swapped_by_origin=judged.swaps.both_by_one,
        class_=judged.name,
        reason=judged.reason,
    )


def _unbonding(judged: Judged) -> LiquidityUnbondingRow:
    use = judged.use
    return LiquidityUnbondingRow(
        block_number=use.block,
        log_index=use.log_index,
        timestamp=use.timestamp,
        job=use.job,
        liquidity=use.pair,
        provider=use.provider,
        origin=use.origin,
        liquidity_amount=use.liquidity,
        worth=use.worth,
        worth_at_previous_block=use.worth_before,
        worth_time_weighted=use.worth_weighted,
        burned=use.burned,
        deviation=judged.deviation,
        deviation_per_mille=judged.from_before,
        deviation_time_weighted_per_mille=judged.from_weighted,
        swapped_before=judged.swaps.before,
        swapped_after=judged.swaps.after,
        swapped_by_origin=judged.swaps.both_by_one,
        class_=judged.name,
        reason=judged.reason,
    )
