"""ApplyCredit and UnbondJob against other reserves: what a swap in the same block was worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.keep3r_v1.audit.schemas import CREDIT_APPLICATIONS, LIQUIDITY_UNBONDINGS, table

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
}
"""Classes and what they mean."""


class Swaps(NamedTuple):
    """Swaps of the pair in the block of a use, before and after it, and whether one side made one of each."""

    before: bool
    after: bool
    both_by_one: bool


class Judged(NamedTuple):
    """A use of liquidity, its deviations, and its class. Deviations are in hundredths of a per mille."""

    use: LiquidityUse
    deviation: int
    from_before: int
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
    applied = [_row(each, ()) for each in judged if each.use.event == "ApplyCredit"]
    unbonded = [_row(each, (each.use.burned,)) for each in judged if each.use.event == "UnbondJob"]
    return {
        "credit_applications": table(CREDIT_APPLICATIONS, applied),
        "liquidity_unbondings": table(LIQUIDITY_UNBONDINGS, unbonded),
    }


def _row(judged: Judged, burned: tuple[int | None, ...]) -> tuple[object, ...]:
    use = judged.use
    return (
        use.block,
        use.log_index,
        use.timestamp,
        use.job,
        use.pair,
        use.provider,
        use.origin,
        use.liquidity,
        use.worth,
        use.worth_before,
        use.worth_weighted,
        *burned,
        judged.deviation,
        judged.from_before,
        judged.from_weighted,
        judged.swaps.before,
        judged.swaps.after,
        judged.swaps.both_by_one,
        judged.name,
        judged.reason,
    )
