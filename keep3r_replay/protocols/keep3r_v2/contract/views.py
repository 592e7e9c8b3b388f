"""What the contract's views, and its storage, answer at a time: to be held against readings of the real one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import Revert, checked_div
from keep3r_replay.protocols.keep3r_v2.contract.credits import mined_in
from keep3r_replay.protocols.keep3r_v2.contract.helper import BOOST_BASE, eth_quote
from keep3r_replay.protocols.keep3r_v2.contract.quoting import observe_liquidity, period_start, quote_live, reward
from keep3r_replay.protocols.keep3r_v2.contract.state import ZERO_ADDRESS, Approval, Job, Keep3r, Keeper, Unbond

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.contract.helper import Helper

Value = int | bool | str | list[int] | list[str] | list[int | bool | str]

_NO_JOB = Job()
_NO_KEEPER = Keeper()
_NO_UNBOND = Unbond()
_NO_APPROVAL = Approval()


def job_period_credits(keep3r: Keep3r, job: Job, now: int) -> int:
    """`jobPeriodCredits`: what the job's approved liquidities mine in a period at the live twap."""
    return sum(
        reward(keep3r, quote_live(keep3r, liquidity, job.liquidity_amounts[liquidity], now))
        for liquidity in job.liquidities
        if liquidity in keep3r.approved_liquidities
    )


def job_liquidity_credits(keep3r: Keep3r, job: Job, now: int) -> int:
    """`jobLiquidityCredits`: the stored credits at the live twap, or a new period's if they expired.

    Raises `Revert` Panic(0x12) where the stored period credits are 0 and the live ones are not.
    """
    period_credits = job_period_credits(keep3r, job, now)
    if now - job.rewarded_at >= keep3r.parameters.reward_period_time:
        return period_credits
    return checked_div(job.credits * period_credits, job.period_credits) if period_credits > 0 else job.credits


def total_job_credits(keep3r: Keep3r, job: Job, now: int) -> int:
    """`totalJobCredits`: liquidity credits and what was mined since. Raises `Revert` as the former do."""
    period_credits = job_period_credits(keep3r, job, now)
    window = keep3r.parameters.reward_period_time
    if job.rewarded_at > period_start(keep3r, now - window):
        elapsed = now - job.rewarded_at
        cooldown = elapsed - window if elapsed >= window else elapsed
    else:
        cooldown = now - period_start(keep3r, now)
    return job_liquidity_credits(keep3r, job, now) + mined_in(keep3r, cooldown, period_credits)


def quote_liquidity(keep3r: Keep3r, liquidity: str, amount: int, now: int) -> int:
    """The public `quoteLiquidity`: credits per period, 0 where the liquidity is not approved."""
    if liquidity not in keep3r.approved_liquidities:
        return 0
    return reward(keep3r, quote_live(keep3r, liquidity, amount, now))


def helper_quote(keep3r: Keep3r, helper: Helper, eth_amount: int, now: int) -> int:
    """The helper's `quote`. In 2.0 and 2.1 it takes Keep3r's observation of the pool, even a worthless one."""
    parameters = helper.parameters
    if not helper.rules.is_constant:
        return helper.quote(eth_amount, now)
    difference = observe_liquidity(keep3r, parameters.kp3r_weth_pool, now).difference
    window = keep3r.parameters.reward_period_time
    return eth_quote(eth_amount, difference if parameters.is_kp3r_token0 else -difference, window)


def virtual_reserves(keep3r: Keep3r) -> int:
    """`virtualReserves` of the sidechain: what the escrow holds of wKP3R beyond the bonds.

    Raises `Revert` "unknown balance" for an escrow whose balance neither the initial state nor its events tell.
    """
    balance = keep3r.escrow_balances.get((keep3r.parameters.keep3r_v1_proxy, keep3r.parameters.keep3r_v1))
    if balance is None:
        raise Revert("unknown balance")
    return balance - keep3r.total_bonds


def _helper_bonds(keep3r: Keep3r, helper: Helper, keeper: str) -> int:
    token = keep3r.parameters.keep3r_v1 if helper.rules.follows_keep3r_v1 else keep3r.kp3r_in_pools
    return _keeper(keep3r, keeper).bonds.get(token, 0)


def _job(keep3r: Keep3r, address: str) -> Job:
    return keep3r.jobs.get(address, _NO_JOB)


def _keeper(keep3r: Keep3r, address: str) -> Keeper:
    return keep3r.keepers.get(address, _NO_KEEPER)


def _unbond(keep3r: Keep3r, address: str, token: str) -> Unbond:
    return keep3r.unbonds.get((address, token), _NO_UNBOND)


def _approval(keep3r: Keep3r, liquidity: str) -> Approval:
    return keep3r.approvals.get(liquidity, _NO_APPROVAL)


View = Callable[..., Value]

KEEP3R_VIEWS: dict[str, View] = {
    "bondTime": lambda k, now: k.parameters.bond_time,
    "unbondTime": lambda k, now: k.parameters.unbond_time,
    "liquidityMinimum": lambda k, now: k.parameters.liquidity_minimum,
    "rewardPeriodTime": lambda k, now: k.parameters.reward_period_time,
    "inflationPeriod": lambda k, now: k.parameters.inflation_period,
    "fee": lambda k, now: k.parameters.fee,
    "governance": lambda k, now: k.parameters.governance,
    "pendingGovernance": lambda k, now: k.parameters.pending_governance,
    "governor": lambda k, now: k.parameters.governance,
    "pendingGovernor": lambda k, now: k.parameters.pending_governance,
    "keep3rV1": lambda k, now: k.parameters.keep3r_v1,
    "keep3rV1Proxy": lambda k, now: k.parameters.keep3r_v1_proxy,
    "keep3rHelper": lambda k, now: k.parameters.keep3r_helper,
    "kp3rWethPool": lambda k, now: k.parameters.kp3r_weth_pool,
    "totalBonds": lambda k, now: k.total_bonds,
    "virtualReserves": lambda k, now: virtual_reserves(k),
    "jobs": lambda k, now: k.job_list.values(),
    "keepers": lambda k, now: k.keeper_list.values(),
    "approvedLiquidities": lambda k, now: k.approved_liquidities.values(),
    "slashers": lambda k, now, address: address in k.slashers,
    "disputers": lambda k, now, address: address in k.disputers,
    "disputes": lambda k, now, address: address in k.disputes,
    "jobPeriodCredits": lambda k, now, job: job_period_credits(k, _job(k, job), now),
    "jobLiquidityCredits": lambda k, now, job: job_liquidity_credits(k, _job(k, job), now),
    "totalJobCredits": lambda k, now, job: total_job_credits(k, _job(k, job), now),
    "rewardedAt": lambda k, now, job: _job(k, job).rewarded_at,
    "workedAt": lambda k, now, job: _job(k, job).worked_at,
    "jobOwner": lambda k, now, job: _job(k, job).owner,
    "jobPendingOwner": lambda k, now, job: _job(k, job).pending_owner,
    "pendingJobMigrations": lambda k, now, job: _job(k, job).pending_migration,
    "liquidityAmount": lambda k, now, job, liquidity: _job(k, job).liquidity_amounts.get(liquidity, 0),
    "jobTokenCredits": lambda k, now, job, token: _job(k, job).token_credits.get(token, 0),
    "jobTokenCreditsAddedAt": lambda k, now, job, token: _job(k, job).token_credits_added_at.get(token, 0),
    "workCompleted": lambda k, now, keeper: _keeper(k, keeper).work_completed,
    "firstSeen": lambda k, now, keeper: _keeper(k, keeper).first_seen,
    "hasBonded": lambda k, now, keeper: _keeper(k, keeper).has_bonded,
    "bonds": lambda k, now, keeper, token: _keeper(k, keeper).bonds.get(token, 0),
    "pendingBonds": lambda k, now, keeper, token: _keeper(k, keeper).pending_bonds.get(token, 0),
    "canActivateAfter": lambda k, now, keeper, token: _keeper(k, keeper).can_activate_after.get(token, 0),
    "pendingUnbonds": lambda k, now, address, token: _unbond(k, address, token).pending,
    "canWithdrawAfter": lambda k, now, address, token: _unbond(k, address, token).can_withdraw_after,
    "observeLiquidity": lambda k, now, liquidity: list(observe_liquidity(k, liquidity, now)),
    "quoteLiquidity": lambda k, now, liquidity, amount: quote_liquidity(k, liquidity, int(amount), now),
}
"""Views of Keep3r: `view(keep3r, now, *arguments)`."""

STORAGE: dict[str, View] = {
    "_jobLiquidityCredits": lambda k, now, job: _job(k, job).credits,
    "_jobPeriodCredits": lambda k, now, job: _job(k, job).period_credits,
    "_jobTokens.length": lambda k, now, job: len(_job(k, job).tokens),
    "_jobLiquidities.length": lambda k, now, job: len(_job(k, job).liquidities),
    "_tick.current": lambda k, now, liquidity: _approval(k, liquidity).tick.current,
    "_tick.difference": lambda k, now, liquidity: _approval(k, liquidity).tick.difference,
    "_tick.period": lambda k, now, liquidity: _approval(k, liquidity).tick.period,
    "_liquidityPool": lambda k, now, liquidity: _approval(k, liquidity).pool,
    "_isKP3RToken0": lambda k, now, liquidity: int(_approval(k, liquidity).is_kp3r_token0),
    "_initialGas": lambda k, now: k.gas_meter,
}
"""Storage of Keep3r that no view tells, by the contract's names."""

HELPER_VIEWS: dict[str, View] = {
    "minBoost": lambda k, h, now, fee: h.parameters.min_boost,
    "maxBoost": lambda k, h, now, fee: h.parameters.max_boost,
    "targetBond": lambda k, h, now, fee: h.parameters.target_bond,
    "workExtraGas": lambda k, h, now, fee: h.parameters.work_extra_gas,
    "quoteTwapTime": lambda k, h, now, fee: h.parameters.quote_twap_time,
    "minBaseFee": lambda k, h, now, fee: h.parameters.min_base_fee,
    "minPriorityFee": lambda k, h, now, fee: h.parameters.min_priority_fee,
    "kp3rWethPool": lambda k, h, now, fee: [
        h.parameters.kp3r_weth_pool,
        "true" if h.parameters.is_kp3r_token0 else "false",
    ],
    "keep3rV2": lambda k, h, now, fee: h.parameters.keep3r_v2,
    "governance": lambda k, h, now, fee: h.parameters.governance,
    "pendingGovernance": lambda k, h, now, fee: h.parameters.pending_governance,
    "governor": lambda k, h, now, fee: h.parameters.governance,
    "pendingGovernor": lambda k, h, now, fee: h.parameters.pending_governance,
    "wethUSDPool": lambda k, h, now, fee: [
        h.parameters.weth_usd_pool,
        h.parameters.is_weth_token0,
        *([h.parameters.usd_decimals] if h.rules.has_usd_decimals else []),
    ],
    "oracle": lambda k, h, now, fee, liquidity: h.oracles.get(liquidity, ZERO_ADDRESS),
    "quoteUsdToEth": lambda k, h, now, fee, usd: h.quote_usd_to_eth(int(usd), now),
    "quote": lambda k, h, now, fee, eth: helper_quote(k, h, int(eth), now),
    "getRewardBoostFor": lambda k, h, now, fee, bonds: h.reward_boost(int(bonds), fee),
    "getPaymentParams": lambda k, h, now, fee, bonds: list(h.payment_parameters(int(bonds), now, fee)),
    "bonds": lambda k, h, now, fee, keeper: _helper_bonds(k, h, keeper),
    "getRewardAmountFor": lambda k, h, now, fee, keeper, gas: helper_quote(
        k, h, int(gas) * h.reward_boost(_helper_bonds(k, h, keeper), fee) // BOOST_BASE, now
    ),
}
"""Views of a helper: `view(keep3r, helper, now, base_fee, *arguments)`. Bonds are of the KP3R it was built with."""

POOL_VIEWS: dict[str, View] = {
    "slot0": lambda p, now: [
        str(p.sqrt_price_x96),
        str(p.tick),
        str(p.index),
        str(p.cardinality),
        str(p.cardinality_next),
        str(p.fee_protocol),
        "true" if getattr(p, "unlocked", True) else "false",
    ],
    "poolNonce": lambda p, now: p.pool_nonce,
    "liquidity": lambda p, now: p.liquidity,
    "observe": lambda p, now, *ago: [
        [str(p.tick_cumulative(now - int(seconds))) for seconds in ago],
        [str(p.seconds_per_liquidity_cumulative(now - int(seconds))) for seconds in ago],
    ],
}
"""Views of a pool: `view(pool, now, *arguments)`; `observe` takes seconds ago."""

__all__ = ["HELPER_VIEWS", "KEEP3R_VIEWS", "POOL_VIEWS", "STORAGE", "Value", "View"]
