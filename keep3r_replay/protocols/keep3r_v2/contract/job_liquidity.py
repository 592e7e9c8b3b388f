"""Liquidity of jobs: approving, adding, unbonding, withdrawing, slashing it, and credits that governance forces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import FORCED
from keep3r_replay.protocols.keep3r_v2.contract.credits import (
    Emit,
    remove_liquidity_credits,
    reward_event,
    settle,
    unseen,
)
from keep3r_replay.protocols.keep3r_v2.contract.keepers import check_unbonded, take_unbonded
from keep3r_replay.protocols.keep3r_v2.contract.quoting import observe_liquidity, quote_cached, reward
from keep3r_replay.protocols.keep3r_v2.contract.state import ZERO_ADDRESS, Approval, Keep3r

if TYPE_CHECKING:
    from collections.abc import Callable


def is_kp3r_token0(keep3r: Keep3r, pool_address: str) -> bool:
    """Token order of a pool against the KP3R that the helper knows (`isKP3RToken0`)."""
    pool = keep3r.pools.get(pool_address)
    keep3r.require(pool is not None and keep3r.kp3r_in_pools in (pool.token0, pool.token1), "LiquidityPairInvalid")
    return pool is not None and pool.token0 == keep3r.kp3r_in_pools


def approve_liquidity(keep3r: Keep3r, liquidity: str, now: int) -> None:
    """`approveLiquidity`: fix pool and token order, and observe. A cache left by an earlier approval is the start.

    Emits LiquidityApproval.
    """
    # CHECKS
    keep3r.require(liquidity not in keep3r.approved_liquidities, "LiquidityPairApproved")
    # EFFECTS
    keep3r.approved_liquidities.add(liquidity)
    approval = keep3r.approvals[liquidity]
    approval.pool = _pool_of(keep3r, liquidity)
    approval.is_kp3r_token0 = is_kp3r_token0(keep3r, approval.pool)
    approval.tick = observe_liquidity(keep3r, liquidity, now)


def _pool_of(keep3r: Keep3r, liquidity: str) -> str:
    if not keep3r.rules.pool_from_helper:
        return keep3r.pair_pools.get(liquidity, ZERO_ADDRESS)
    helper = keep3r.helpers.get(keep3r.parameters.keep3r_helper)
    return ZERO_ADDRESS if helper is None else helper.oracles.get(liquidity, ZERO_ADDRESS)


def revoke_liquidity(keep3r: Keep3r, liquidity: str) -> None:
    """`revokeLiquidity`: the approval goes; pool, order and cache go with it or stay, by version.

    Emits LiquidityRevocation.
    """
    # CHECKS
    keep3r.require(liquidity in keep3r.approved_liquidities, "LiquidityPairUnexistent")
    # EFFECTS
    keep3r.approved_liquidities.remove(liquidity)
    if keep3r.rules.revocation_forgets:
        keep3r.approvals[liquidity] = Approval()


def set_kp3r_weth_pool(keep3r: Keep3r, pool: str) -> None:
    """`setKp3rWethPool` of Keep3r, and its constructor: pool and order under the pool's address, no observation."""
    keep3r.parameters.kp3r_weth_pool = pool
    keep3r.approvals[pool].pool = pool
    keep3r.approvals[pool].is_kp3r_token0 = is_kp3r_token0(keep3r, pool)


def add_liquidity_to_job(
    keep3r: Keep3r, address: str, liquidity: str, amount: int, now: int, emit: Emit = unseen
) -> None:
    """`addLiquidityToJob`: the liquidity joins the job, the job is settled, and `amount` counts from here on.

    Emits LiquidityCreditsReward with what the job had before, and LiquidityAddition. Raises `Revert` as `settle` does.
    """
    # CHECKS
    keep3r.require(liquidity in keep3r.approved_liquidities, "LiquidityPairUnapproved")
    keep3r.require(address in keep3r.job_list, "JobUnavailable")
    # EFFECTS
    job = keep3r.jobs[address]
    job.liquidities.add(liquidity)
    settle(keep3r, job, now)
    worth = quote_cached(keep3r, liquidity, job.liquidity_amounts[liquidity] + amount)
    keep3r.require(worth >= keep3r.parameters.liquidity_minimum, "JobLiquidityLessThanMin")
    emit([reward_event(job)])
    count_liquidity(keep3r, address, liquidity, amount)


def count_liquidity(keep3r: Keep3r, address: str, liquidity: str, amount: int) -> None:
    """`amount` more of a liquidity mines for the job from here on (end of `addLiquidityToJob`)."""
    job = keep3r.jobs[address]
    job.liquidity_amounts[liquidity] += amount
    job.period_credits += reward(keep3r, quote_cached(keep3r, liquidity, amount))


def remove_liquidity(keep3r: Keep3r, address: str, liquidity: str, amount: int, now: int) -> None:
    """What unbonding and slashing have in common: `amount` leaves, and takes what it mined with it.

    `_unbondLiquidityFromJob`. Raises `Revert` where the job has less of it.
    """
    job = keep3r.jobs[address]
    # CHECKS
    keep3r.require(liquidity in job.liquidities, "JobLiquidityUnexistent")
    keep3r.require(job.liquidity_amounts[liquidity] >= amount, "JobLiquidityInsufficient")
    # EFFECTS
    remove_liquidity_credits(keep3r, job, liquidity, amount, now)
    job.liquidity_amounts[liquidity] = max(0, job.liquidity_amounts[liquidity] - amount)
    if job.liquidity_amounts[liquidity] == 0:
        job.liquidities.remove(liquidity)


def unbond_liquidity_from_job(keep3r: Keep3r, address: str, liquidity: str, amount: int, now: int) -> None:
    """`unbondLiquidityFromJob`: what stays must be nothing or worth the minimum. Emits Unbonding."""
    # EFFECTS
    unbond = keep3r.unbonds[address, liquidity]
    unbond.can_withdraw_after = now + keep3r.parameters.unbond_time
    unbond.pending += amount
    remove_liquidity(keep3r, address, liquidity, amount, now)
    # CHECKS
    remaining = keep3r.jobs[address].liquidity_amounts[liquidity]
    if remaining > 0:
        worth = quote_cached(keep3r, liquidity, remaining)
        keep3r.require(worth >= keep3r.parameters.liquidity_minimum, "JobLiquidityLessThanMin")


def withdraw_liquidity_from_job(keep3r: Keep3r, address: str, liquidity: str, now: int) -> int:
    """`withdrawLiquidityFromJob`: the whole pending amount, which is returned. Emits LiquidityWithdrawal of it."""
    unbond = keep3r.unbonds[address, liquidity]
    # CHECKS
    check_unbonded(keep3r, unbond, now)
    keep3r.require(address not in keep3r.disputes, "JobDisputed")
    # EFFECTS
    return take_unbonded(keep3r, unbond)


def slash_liquidity_from_job(keep3r: Keep3r, address: str, liquidity: str, slasher: str, amount: int, now: int) -> None:
    """`slashLiquidityFromJob`: leaves as by an unbonding, but nothing is pending. Emits JobSlashLiquidity."""
    # CHECKS
    keep3r.require_role(keep3r.slashers, slasher, "OnlySlasher")
    keep3r.require(address in keep3r.disputes, "NotDisputed")
    # EFFECTS
    remove_liquidity(keep3r, address, liquidity, amount, now)


def force_liquidity_credits_to_job(keep3r: Keep3r, address: str, amount: Callable[[int], int], now: int) -> int:
    """`forceLiquidityCreditsToJob` by governance: the job is settled, and has `amount` wei more, which is returned.

    `amount` is a function of the settled credits, for whoever knows the sum only. Emits LiquidityCreditsForced with the
    sum. Raises `Revert` as `settle` does.
    """
    # CHECKS
    keep3r.require(address in keep3r.job_list, "JobUnavailable")
    # EFFECTS
    job = keep3r.jobs[address]
    settle(keep3r, job, now)
    forced = amount(job.credits)
    job.credits += forced
    keep3r.credits_changed(FORCED, job, forced, job.rewarded_at)
    return forced
