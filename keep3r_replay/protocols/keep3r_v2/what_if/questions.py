"""Questions that a job's owner or a keeper asks, answered by what-ifs. Amounts in wei, times in seconds."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.contract.expiry import EXPIRY_RULES
from keep3r_replay.protocols.keep3r_v2.contract.moves import CAPPED, EXPIRED, MINTED, SPENT
from keep3r_replay.protocols.keep3r_v2.contract.work import bonded_payment
from keep3r_replay.protocols.keep3r_v2.what_if.run import what_if
from keep3r_replay.protocols.keep3r_v2.what_if.works import ADDED, PAID, REVERTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.keep3r_v2.what_if.measured import Baseline
    from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay

DAY = 86_400
HORIZON = 365 * DAY
"""How far ahead a job's credits are followed."""
_DRY = "InsufficientFunds"
_GRID = 1_000
_MOST = 1 << 12


class LiquidityNeeded(NamedTuple):
    """The least share of its liquidity with which a job pays all its works, in steps of a thousandth.

    Attributes:
        factor: None where even 4,096 times the liquidity is not enough.
        works: of the job, with those that the overlay adds.
        dry_as_it_is: works that revert for want of credits with the liquidity it has.
    """

    factor: Fraction | None
    works: int
    dry_as_it_is: int


def liquidity_needed(base: Baseline, overlay: Overlay, job: str) -> LiquidityNeeded:
    """How much liquidity keeps the job from running dry. Raises `UsageError` if the history has no such job."""
    check_job(base, job)

    def dry(thousandths: int) -> int:
        return dry_and_all(thousandths)[0]

    def dry_and_all(thousandths: int) -> tuple[int, int]:
        factor = str(Fraction(thousandths, _GRID))
        run = what_if(base, replace(overlay, liquidity_factor=factor, liquidity_job=job))
        done = [work for work, at in zip(run.works.done, base.works["job"].to_list(), strict=True) if at == job]
        done += [work.done for work in run.works.added if work.job == job]
        return sum(work.status == REVERTED and work.error == _DRY for work in done), len(done)

    at_present, works = dry_and_all(_GRID)
    enough = _GRID
    while dry(enough):
        enough *= 2
        if enough > _MOST * _GRID:
            return LiquidityNeeded(None, works, at_present)
    short = -1 if enough == _GRID else enough // 2
    while enough - short > 1:
        middle = (enough + short) // 2
        if dry(middle):
            short = middle
        else:
            enough = middle
    return LiquidityNeeded(Fraction(enough, _GRID), works, at_present)


class RunsDry(NamedTuple):
    """When a job can not pay any more, if it goes on as in the `window` seconds up to its last work.

    Attributes:
        interval, payment: mean of the works of that time.
        at: when the first work reverts; None if none does up to the horizon.
        works_until: works that are still paid.
        error: what the work reverts with.
    """

    works: int
    interval: int
    payment: int
    at: int | None
    works_until: int
    error: str


def runs_dry(base: Baseline, overlay: Overlay, job: str, window: int) -> RunsDry:
    """Follow the job's credits from the end of the history at the present rate and the present tick.

    Raises:
        UsageError: the history has no such job, or pays none of its works in that time.
    """
    check_job(base, job)
    run = what_if(base, overlay)
    keep3r, now = run.protocol.keep3r, run.protocol.context.now
    times, jobs = base.works["timestamp"].to_list(), base.works["job"].to_list()
    kinds = base.works["class"].to_list()
    since = max(time for time, at in zip(times, jobs, strict=True) if at == job) - window
    paid = [
        work.payment
        for work, time, at, kind in zip(run.works.done, times, jobs, kinds, strict=True)
        if at == job and time > since and kind != "token_payment" and work.status == PAID
    ]
    paid += [
        each.done.payment
        for each in run.works.added
        if each.job == job and each.timestamp > since and each.done.status == ADDED
    ]
    if not paid:
        raise UsageError(f"job={job}: paid no KP3R in the {window // DAY} days up to its last work; say days=NUMBER")
    interval, payment = max(1, window // len(paid)), sum(paid) // len(paid)
    time = now
    for count in range(HORIZON // interval):
        time += interval
        try:
            bonded_payment(keep3r, job, job, payment, time)
        except Revert as revert:
            return RunsDry(len(paid), interval, payment, time, count, revert.name)
    return RunsDry(len(paid), interval, payment, None, HORIZON // interval, "")


class ExpiryCost(NamedTuple):
    """A job's credits by one rule of expiry: sums over the history, and what is left at its end."""

    rule: str
    minted: int
    spent: int
    expired: int
    capped: int
    left: int
    reverted: int


def expiry_cost(base: Baseline, overlay: Overlay, job: str) -> list[ExpiryCost]:
    """What each rule of expiry takes from the job, the contract's first. Raises `UsageError` for an unknown job."""
    check_job(base, job)
    rows = []
    for rule in EXPIRY_RULES:
        run = what_if(base, replace(overlay, expiry=rule))
        sums = {kind: amount for (at, kind), amount in run.sums.items() if at == job}
        reverted = sum(
            work.status == REVERTED
            for work, at in zip(run.works.done, base.works["job"].to_list(), strict=True)
            if at == job
        )
        minted = sum(sums.get(kind, 0) for kind in MINTED)
        lost = (-sums.get(SPENT, 0), -sums.get(EXPIRED, 0), -sums.get(CAPPED, 0))
        rows.append(ExpiryCost(rule, minted, *lost, sum(sums.values()), reverted))
    return rows


class BondMore(NamedTuple):
    """A keeper with `bonded` wei more from the beginning: what it earns in all, and how much more that is."""

    bonded: int
    earned: int
    more: int
    reverted: int


def bond_more(base: Baseline, overlay: Overlay, keeper: str, amounts: Sequence[int]) -> list[BondMore]:
    """What more bonds earn a keeper over the history. Raises `UsageError` if it never worked."""
    keepers, kinds = base.works["keeper"].to_list(), base.works["class"].to_list()
    if keeper not in keepers:
        raise UsageError(f"keeper={keeper}: no work of the history is this keeper's")
    rows: list[BondMore] = []
    for amount in (0, *amounts):
        run = what_if(base, replace(overlay, bond_keeper=keeper, bond_add=amount))
        mine = [
            work
            for work, at, kind in zip(run.works.done, keepers, kinds, strict=True)
            if at == keeper and kind != "token_payment"
        ]
        earned = sum(work.payment for work in mine) + sum(
            work.done.payment for work in run.works.added if work.keeper == keeper
        )
        reverted = sum(work.status == REVERTED for work in mine)
        rows.append(BondMore(amount, earned, earned - (rows[0].earned if rows else earned), reverted))
    return rows


def check_job(base: Baseline, job: str) -> None:
    """Raise `UsageError` if the job never worked."""
    if base.works.filter(pl.col("job") == job).is_empty():
        raise UsageError(f"job={job}: no work of the history is this job's")
