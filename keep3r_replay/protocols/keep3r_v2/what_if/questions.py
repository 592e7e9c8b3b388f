"""Questions that a job's owner or a keeper asks, answered by what-ifs. Amounts in wei, times in seconds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.counts import counted
from keep3r_replay.errors import UsageError
from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.audit.ledger import OPENING
from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import (
    CAPPED,
    EXPIRED,
    FORCED,
    MIGRATED_IN,
    MIGRATED_OUT,
    MINTED,
    REMOVED,
    REPRICED,
    SPENT,
)
from keep3r_replay.protocols.keep3r_v2.contract.expiry import EXPIRY_RULES
from keep3r_replay.protocols.keep3r_v2.contract.work import bonded_payment
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import TOKEN_PAYMENT
from keep3r_replay.protocols.keep3r_v2.what_if.run import what_if
from keep3r_replay.protocols.keep3r_v2.what_if.works import ADDED, PAID, REVERTED
from keep3r_replay.replay.tables import Amount, Int64  # noqa: TC001 - rows of tables: columns by annotations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r
    from keep3r_replay.protocols.keep3r_v2.what_if.baseline import Baseline
    from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay
    from keep3r_replay.protocols.keep3r_v2.what_if.run import WhatIf

DAY = 86_400
HORIZON = 365 * DAY
"""How far ahead a job's credits are followed."""
_TELL_A_RATE = 2
"""Works, at least."""


class RunsDry(NamedTuple):
    """When a job can not pay any more, if it goes on as in the `window` seconds up to its last work.

    Attributes:
        works: those that were paid in that time.
        interval: mean seconds from one of them to the next.
        payment: their mean, in wei.
        at: when the first work reverts; None if none does up to the horizon.
        works_until: works that are still paid.
        error: what the work reverts with.
        obstacle: why nothing is paid at all, where the job is disputed or listed no more; else empty.
    """

    works: Int64
    interval: Int64
    payment: Amount
    at: Int64 | None
    works_until: Int64
    error: str
    obstacle: str = ""


def runs_dry(base: Baseline, overlay: Overlay, job: str, window: int) -> RunsDry:
    """Follow the job's credits from the end of the history at the works' own rate and the present tick.

    Raises:
        UsageError: the history has no such job, or pays less than two of its works in that time, which tell no rate.
    """
    check_job(base, job)
    run = what_if(base, overlay)
    return gone_on(run.protocol.keep3r, run.protocol.context.now, paid_in_kp3r(base, run, job), job, window)


def gone_on(keep3r: Keep3r, now: int, paid: Sequence[tuple[int, int]], job: str, window: int) -> RunsDry:
    """What becomes of a job that goes on as it did; its credits in `keep3r` are spent by this.

    Args:
        keep3r: the state at the end of the history.
        now: that time.
        paid: times and payments of the job's works in KP3R, in order.
        job: its address.
        window: seconds up to its last work, whose rate is taken.

    Raises:
        UsageError: fewer than two works in that time, which tell no rate.
    """
    since = max((time for time, _ in paid), default=0) - window
    recent = [(time, payment) for time, payment in paid if time > since]
    if len(recent) < _TELL_A_RATE:
        raise UsageError(
            f"job={job}: paid {counted(len(recent), 'work')} in KP3R in the {window // DAY} days up to its last: too "
            "few for a rate; say days=NUMBER"
        )
    (first, _), (last, _) = recent[0], recent[-1]
    interval = max(1, (last - first) // (len(recent) - 1))
    payment = sum(amount for _, amount in recent) // len(recent)
    rate = (len(recent), interval, payment)
    obstacle = _obstacle(keep3r, job)
    time = now
    # What pays nothing at all does not pay its next work either, however far ahead that is.
    for count in range(1 if obstacle else HORIZON // interval):
        time += interval
        try:
            bonded_payment(keep3r, job, job, payment, time)
        except Revert as revert:
            return RunsDry(*rate, time, count, revert.name, obstacle)
    return RunsDry(*rate, None, HORIZON // interval, "")


def paid_in_kp3r(base: Baseline, run: WhatIf, job: str) -> list[tuple[int, int]]:
    """Times and payments of the job's works that are paid in KP3R, in order."""
    works = zip(
        run.works.done,
        *(base.works[name].to_list() for name in ("timestamp", "job", "explanation")),
        strict=True,
    )
    paid = [
        (time, work.payment)
        for work, time, at, kind in works
        if at == job and kind != TOKEN_PAYMENT and work.status == PAID
    ]
    paid += [
        (each.timestamp, each.done.payment) for each in run.works.added if each.job == job and each.done.status == ADDED
    ]
    return sorted(paid)


def _obstacle(keep3r: Keep3r, job: str) -> str:
    if job in keep3r.disputes:
        return "the job is disputed: it pays nothing until that is resolved"
    if job not in keep3r.job_list:
        return "the job is listed no more: it has migrated, or never was one"
    return ""


class ExpiryCost(NamedTuple):
    """A job's credits by one rule of expiry: what came, what went, and what is left, in wei.

    opening + minted + forced + migrated_in + repriced = spent + expired + capped + removed + migrated_out + left, where
    `repriced` has a sign. `reverted` is how many of its works revert, those that the overlay adds among them.
    """

    rule: str
    opening: Amount
    minted: Amount
    forced: Amount
    migrated_in: Amount
    repriced: Amount
    spent: Amount
    expired: Amount
    capped: Amount
    removed: Amount
    migrated_out: Amount
    left: Amount
    reverted: Int64


def expiry_cost(base: Baseline, overlay: Overlay, job: str) -> list[ExpiryCost]:
    """What each rule of expiry takes from the job, the contract's first. Raises `UsageError` for an unknown job."""
    check_job(base, job)
    rows = []
    for rule in EXPIRY_RULES:
        run = what_if(base, replace(overlay, expiry=rule))
        sums = {kind: amount for (at, kind), amount in run.sums.items() if at == job}
        came = (sum(sums.get(kind, 0) for kind in MINTED), *(sums.get(kind, 0) for kind in (FORCED, MIGRATED_IN)))
        went = (-sums.get(kind, 0) for kind in (SPENT, EXPIRED, CAPPED, REMOVED, MIGRATED_OUT))
        done = [work for work, at in zip(run.works.done, base.works["job"].to_list(), strict=True) if at == job]
        done += [work.done for work in run.works.added if work.job == job]
        reverted = sum(work.status == REVERTED for work in done)
        left = run.protocol.keep3r.jobs[job].credits
        rows.append(ExpiryCost._make((rule, sums.get(OPENING, 0), *came, sums.get(REPRICED, 0), *went, left, reverted)))
    return rows


class BondMore(NamedTuple):
    """A keeper with `bonded` wei more from the beginning: what it earns in all, and how much more that is."""

    bonded: Amount
    earned: Amount
    more: Amount
    reverted: Int64


def bond_more(base: Baseline, overlay: Overlay, keeper: str, amounts: Sequence[int]) -> list[BondMore]:
    """What more bonds earn a keeper over the history. Raises `UsageError` if it never worked."""
    keepers, kinds = base.works["keeper"].to_list(), base.works["explanation"].to_list()
    if keeper not in keepers:
        raise UsageError(f"keeper={keeper}: no work of the history is this keeper's")
    rows: list[BondMore] = []
    for amount in (0, *amounts):
        more = {"keeper": keeper, "add": amount}
        run = what_if(base, replace(overlay, bonds=[*overlay.bonds, more]))
        mine = [
            work
            for work, at, kind in zip(run.works.done, keepers, kinds, strict=True)
            if at == keeper and kind != TOKEN_PAYMENT
        ]
        mine += [work.done for work in run.works.added if work.keeper == keeper]
        earned = sum(work.payment for work in mine)
        reverted = sum(work.status == REVERTED for work in mine)
        rows.append(BondMore(amount, earned, earned - (rows[0].earned if rows else earned), reverted))
    return rows


def check_job(base: Baseline, job: str) -> None:
    """Raise `UsageError` if the job never worked."""
    if base.works.filter(pl.col("job") == job).is_empty():
        raise UsageError(f"job={job}: no work of the history is this job's")
