"""How much liquidity a job needs, found by what-ifs with more and less of it. Amounts in wei."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.contract.quoting import quote_live
from keep3r_replay.protocols.keep3r_v2.what_if.questions import check_job
from keep3r_replay.protocols.keep3r_v2.what_if.run import what_if
from keep3r_replay.protocols.keep3r_v2.what_if.works import REVERTED
from keep3r_replay.replay.tables import Amount, Int64, frame

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from keep3r_replay.protocols.keep3r_v2.what_if.baseline import Baseline
    from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay

_GRID = 1_000
_MOST = 1 << 12
_SCAN, _CLOSER = 32, 8
"""Factors that are tried up to one that is enough, and in each stretch that is looked at closer."""
_ABOVE = (Fraction(5, 4), Fraction(3, 2), Fraction(2), Fraction(3), Fraction(4))
"""Multiples of it that are tried beyond it."""


class Held(NamedTuple):
    """A liquidity of the job at the end of the history: what it has, and what it needs instead.

    Attributes:
        liquidity: its address.
        amount, needed: wei of the liquidity.
        kp3r, kp3r_needed: wei of KP3R under it, at the twap of the last reward period.
    """

    liquidity: str
    amount: int
    needed: int
    kp3r: int
    kp3r_needed: int


class LiquidityNeeded(NamedTuple):
    """The least factor of its liquidity above which a job pays all its works, in steps of a thousandth.

    Attributes:
        factor: None where even 4,096 times the liquidity is not enough.
        works: of the job, with those that the overlay adds.
        reverted_as_it_is: works that revert with the liquidity it has, whatever the error.
        held: the liquidities that it has at the end of the history.
        errors: what works revert for where no factor is enough, in the order of the alphabet.
        tried: factors that were tried, in thousandths. More liquidity is not always better: nothing is proved of those
            in between.
    """

    factor: Fraction | None
    works: int
    reverted_as_it_is: int
    held: tuple[Held, ...]
    errors: tuple[str, ...]
    tried: tuple[int, ...]


class NeededRow(NamedTuple):
    """A liquidity of the job, and what it needs instead; see `LiquidityNeeded` and `Held`.

    Of a job without any at the end there is one row, without a liquidity. `factor` is a fraction as text, null where
    none is enough.
    """

    works: Int64
    reverted_as_it_is: Int64
    factor: str | None
    factors_tried: Int64
    liquidity: str | None
    amount: Amount | None
    needed: Amount | None
    kp3r: Amount | None
    kp3r_needed: Amount | None


def needed_table(answer: LiquidityNeeded) -> pl.DataFrame:
    """An answer as a table, a row for each liquidity."""
    factor = None if answer.factor is None else str(answer.factor)
    whole = (answer.works, answer.reverted_as_it_is, factor, len(answer.tried))
    return frame(NeededRow, [NeededRow(*whole, *each) for each in answer.held or ((None,) * 5,)])


def liquidity_needed(base: Baseline, overlay: Overlay, job: str) -> LiquidityNeeded:
    """How much liquidity lets all of a job's works be paid.

    Raises:
        UsageError: the history has no such job, or the overlay scales liquidity, which is what is sought.

    Factors are scanned from none to four times one that is enough; the last that is not enough is then looked at
    closer, until it and the next differ by a thousandth.
    """
    check_job(base, job)
    if Fraction(overlay.liquidity_factor) != 1:
        raise UsageError(
            "overlay.liquidity_factor: the question seeks this factor itself; leave it out, and say other changes of "
            "liquidity as overlay.liquidity"
        )
    reverts: dict[int, int] = {}
    works = 0
    errors: tuple[str, ...] = ()

    def fails(thousandths: int) -> bool:
        nonlocal works, errors
        if thousandths not in reverts:
            factor = str(Fraction(thousandths, _GRID))
            run = what_if(base, replace(overlay, liquidity_factor=factor, liquidity_job=job))
            done = [work for work, at in zip(run.works.done, base.works["job"].to_list(), strict=True) if at == job]
            done += [work.done for work in run.works.added if work.job == job]
            works = len(done)
            reverted = [work.error for work in done if work.status == REVERTED]
            reverts[thousandths], errors = len(reverted), tuple(sorted(set(reverted)))
        return reverts[thousandths] > 0

    fails(_GRID)
    enough = _GRID
    while fails(enough) or any(fails(int(enough * times)) for times in _ABOVE):
        enough *= 2
        if enough > _MOST * _GRID:
            return LiquidityNeeded(None, works, reverts[_GRID], (), errors, tuple(sorted(reverts)))
    short, enough = last_failure(fails, -1, enough, _SCAN)
    while enough - short > 1 and short >= 0:
        short, enough = last_failure(fails, short, enough, _CLOSER)
    factor = Fraction(enough, _GRID)
    held = _held(base, overlay, job, factor)
    return LiquidityNeeded(factor, works, reverts[_GRID], held, (), tuple(sorted(reverts)))


def last_failure(fails: Callable[[int], bool], short: int, enough: int, steps: int) -> tuple[int, int]:
    """Of `steps` factors from `short` (which fails, or is below 0) to `enough` the last that fails, and the next."""
    step = max(1, -(-(enough - short) // steps))
    following = enough
    for factor in range(enough - step, short, -step):
        if fails(max(0, factor)):
            return max(0, factor), following
        following = factor
    if short < 0 and following > 0 and fails(0):
        return 0, following
    return (short, following) if short >= 0 else (-1, 0)


def _held(base: Baseline, overlay: Overlay, job: str, factor: Fraction) -> tuple[Held, ...]:
    """What the job holds at the end, and what it holds there in the run whose factor was found to be enough."""
    run = what_if(base, overlay)
    keep3r, now = run.protocol.keep3r, run.protocol.context.now
    enough = what_if(base, replace(overlay, liquidity_factor=str(factor), liquidity_job=job)).protocol.keep3r

    def worth(liquidity: str, amount: int) -> int:
        try:
            return quote_live(keep3r, liquidity, amount, now)
        except Revert:
            return 0

    held = []
    for liquidity, amount in sorted(keep3r.jobs[job].liquidity_amounts.items()):
        if amount:
            # Shares that came by migration keep the factor of the job that they came from.
            needed = enough.jobs[job].liquidity_amounts[liquidity]
            held.append(Held(liquidity, amount, needed, worth(liquidity, amount), worth(liquidity, needed)))
    return tuple(held)
