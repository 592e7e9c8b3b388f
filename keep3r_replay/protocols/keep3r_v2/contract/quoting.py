"""Worth of a liquidity in KP3R: the twap cache, and the quotes that read it."""

from __future__ import annotations

from keep3r_replay.evm.arithmetic import Revert, mul_div, truncating_div
from keep3r_replay.protocols.keep3r_v2.contract.state import NO_TICK, ZERO_ADDRESS, Approval, Keep3r, TickCache
from keep3r_replay.uniswap_v3.tick_math import sqrt_ratio

_NO_APPROVAL = Approval()


def period_start(keep3r: Keep3r, time: int) -> int:
    """Start of the reward period that `time` lies in; periods are multiples of their length since the epoch."""
    return time - time % keep3r.parameters.reward_period_time


def reward(keep3r: Keep3r, kp3rs: int) -> int:
    """Credits that `kp3rs` wei of underlying KP3R mine in one period (`_getReward`)."""
    return mul_div(kp3rs, keep3r.parameters.reward_period_time, keep3r.parameters.inflation_period)


def kp3rs_at_tick(amount: int, tick_difference: int, window: int) -> int:
    """KP3R under `amount` of full-range liquidity at the average tick (`getKP3RsAtTick`)."""
    return mul_div(1 << 96, amount, sqrt_ratio(truncating_div(tick_difference, window)))


def observe_liquidity(keep3r: Keep3r, liquidity: str, now: int) -> TickCache:
    """`observeLiquidity`: the cache of the present period, or what a refresh would put there.

    Raises `Revert` "empty" where the contract would ask a pool that it does not know, "unknown pool" for one that the
    history does not describe.
    """
    approval = keep3r.approvals.get(liquidity, _NO_APPROVAL)
    cache = approval.tick
    start = period_start(keep3r, now)
    if cache.period == start:
        return cache
    window = keep3r.parameters.reward_period_time
    last = period_start(keep3r, now - window)
    continues = cache.period == last and keep3r.rules.continues_cumulatives
    if cache.period > last and keep3r.rules.continues_cumulatives:
        return NO_TICK
    if approval.pool == ZERO_ADDRESS:
        raise Revert("empty")
    pool = keep3r.pools.get(approval.pool)
    if pool is None:
        raise Revert("unknown pool")
    try:
        current = pool.tick_cumulative(start)
        before = cache.current if continues else pool.tick_cumulative(start - window)
    except Revert:
        # The helper answers zeros for a pool that reverts; the period of 0 marks the cache as worthless.
        return TickCache(0, -cache.current if continues else 0, 0)
    return TickCache(current, current - before, start)


def refresh_cache(keep3r: Keep3r, liquidity: str, now: int) -> None:
    """Store the observation of the present period, if the cache does not hold it."""
    if keep3r.approvals.get(liquidity, _NO_APPROVAL).tick.period != period_start(keep3r, now):
        observed = observe_liquidity(keep3r, liquidity, now)
        keep3r.approvals[liquidity].tick = observed


def underlying(keep3r: Keep3r, approval: Approval, cache: TickCache, amount: int) -> int:
    """KP3R under `amount` of a liquidity, by the twap in `cache`; 0 where the cache holds none."""
    if cache.period == 0:
        return 0
    difference = cache.difference if approval.is_kp3r_token0 else -cache.difference
    return kp3rs_at_tick(amount, difference, keep3r.parameters.reward_period_time)


def quote_cached(keep3r: Keep3r, liquidity: str, amount: int) -> int:
    """KP3R under `amount` of `liquidity` by the stored cache (`_quoteLiquidity`)."""
    approval = keep3r.approvals.get(liquidity, _NO_APPROVAL)
    return underlying(keep3r, approval, approval.tick, amount)


def quote_live(keep3r: Keep3r, liquidity: str, amount: int, now: int) -> int:
    """KP3R under `amount` of `liquidity` by the twap that holds at `now`. Raises `Revert` as `observe_liquidity`."""
    approval = keep3r.approvals.get(liquidity, _NO_APPROVAL)
    return underlying(keep3r, approval, observe_liquidity(keep3r, liquidity, now), amount)
