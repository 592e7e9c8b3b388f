"""Accountance of a job's KP3R credits: how they are mined, when they expire, how they are capped.

Functions here are the contract's internal ones (`Keep3rJobFundableLiquidity`); the external ones stand in `work`,
`job_liquidity` and `jobs`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import checked_div
from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import (
    CAPPED,
    EXPIRED,
    MINTED_RESET,
    MINTED_SETTLED,
    REMOVED,
    REPRICED,
)
from keep3r_replay.protocols.keep3r_v2.contract.quoting import period_start, quote_cached, refresh_cache, reward

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.contract.state import Job, Keep3r


class Reward(NamedTuple):
    """The fields of a LiquidityCreditsReward that the model predicts."""

    rewarded_at: int
    current_credits: int
    period_credits: int


Emit = Callable[[Sequence[Reward]], None]
"""Told of the LiquidityCreditsReward events of a call, at the place in it where the contract emits them.

An audit holds them against the chain's there, and lets the job stand as those say; the call goes on from that.
"""


def unseen(_rewards: Sequence[Reward]) -> None:
    """Nobody looks at the reward events of a call."""


def reward_event(job: Job) -> Reward:
    """The reward event that the contract emits at the job's present state."""
    return Reward(job.rewarded_at, job.credits, job.period_credits)


def mined_in(keep3r: Keep3r, seconds: int, period_credits: int) -> int:
    """Part of one period's credits that is mined in `seconds` (`_phase`)."""
    window = keep3r.parameters.reward_period_time
    return seconds * period_credits // window if seconds < window else period_credits


def refresh_period_credits(keep3r: Keep3r, job: Job, now: int) -> None:
    """Quote the job's liquidities anew, each at the present period's twap (`_updateJobPeriod`).

    Raises `Revert` "empty" where a pool is not known.
    """
    if keep3r.rules.refreshes_kp3r_weth_pool:
        refresh_cache(keep3r, keep3r.parameters.kp3r_weth_pool, now)
    total = 0
    for liquidity in job.liquidities:
        if liquidity in keep3r.approved_liquidities:
            refresh_cache(keep3r, liquidity, now)
            total += reward(keep3r, quote_cached(keep3r, liquidity, job.liquidity_amounts[liquidity]))
    job.period_credits = total


def update_if_needed(keep3r: Keep3r, job: Job, now: int) -> bool:
    """Bring the job into the present period (`_updateJobCreditsIfNeeded`); True if it was rewarded.

    A reward is where unused credits expire; otherwise a new quote rescales them once a period.

    Raises `Revert` Panic(0x12) when credits of a worthless period are to be rescaled.
    """
    if keep3r.expiry.by_age:
        expire_by_age(keep3r, job, now)
    start = period_start(keep3r, now)
    if job.rewarded_at >= start:
        return False
    window = keep3r.parameters.reward_period_time
    if job.rewarded_at <= period_start(keep3r, now - window):
        _reset(keep3r, job, start, now)
        return True
    if now - job.rewarded_at >= window:
        _reset(keep3r, job, job.rewarded_at + window, now)
        return True
    if job.worked_at < start:
        before = job.period_credits
        refresh_period_credits(keep3r, job, now)
        former = job.credits
        job.credits = checked_div(former * job.period_credits, before)
        keep3r.credits_changed(
            REPRICED, job, job.credits - former, job.rewarded_at, numerator=job.period_credits, denominator=before
        )
    return False


def _reset(keep3r: Keep3r, job: Job, rewarded_at: int, now: int) -> None:
    """Expire what the rule says, all of it by the contract's, and mine one period by `rewarded_at` (seconds)."""
    refresh_period_credits(keep3r, job, now)
    rewarded_before, expired = job.rewarded_at, keep3r.expiry.at_reset(job)
    job.credits += job.period_credits - expired
    job.rewarded_at = rewarded_at
    keep3r.credits_changed(EXPIRED, job, -expired, rewarded_before)
    keep3r.credits_changed(MINTED_RESET, job, job.period_credits, rewarded_before)


def expire_by_age(keep3r: Keep3r, job: Job, now: int) -> None:
    """Take off what a rule that goes by age lets expire by now: what was mined before the last period began."""
    gone = keep3r.expiry.by_now(job, period_start(keep3r, now) - keep3r.parameters.reward_period_time)
    if gone:
        job.credits -= gone
        keep3r.credits_changed(EXPIRED, job, -gone, job.rewarded_at)


def reward_now(keep3r: Keep3r, job: Job, now: int) -> None:
    """Add what was mined since the last reward and start the clock again; nothing expires (`_rewardJobCredits`)."""
    mined = mined_in(keep3r, now - job.rewarded_at, job.period_credits)
    rewarded_before = job.rewarded_at
    job.credits += mined
    job.rewarded_at = now
    if keep3r.ledger is not None:
        keep3r.ledger.minted_since(job, mined, rewarded_before)
    if keep3r.expiry.by_age:
        keep3r.expiry.changed(MINTED_SETTLED, job, mined)


def settle(keep3r: Keep3r, job: Job, now: int) -> None:
    """Update, reward up to now, and cut to one period's credits (`_settleJobAccountance`)."""
    update_if_needed(keep3r, job, now)
    reward_now(keep3r, job, now)
    if job.credits > job.period_credits:
        excess = job.credits - job.period_credits
        job.credits = job.period_credits
        keep3r.credits_changed(CAPPED, job, -excess, job.rewarded_at)


def remove_liquidity_credits(keep3r: Keep3r, job: Job, liquidity: str, amount: int, now: int) -> None:
    """Take out of the job's credits what `amount` of a leaving liquidity mined (`_unbondLiquidityFromJob`)."""
    if keep3r.expiry.by_age:
        expire_by_age(keep3r, job, now)
    refresh_period_credits(keep3r, job, now)
    leaving = reward(keep3r, quote_cached(keep3r, liquidity, amount))
    if job.period_credits > 0:
        former, divisor = job.credits, job.period_credits
        job.credits = keep3r.subtract(former, former * leaving // divisor)
        job.period_credits = keep3r.subtract(divisor, leaving)
        keep3r.credits_changed(
            REMOVED, job, job.credits - former, job.rewarded_at, numerator=leaving, denominator=divisor
        )
