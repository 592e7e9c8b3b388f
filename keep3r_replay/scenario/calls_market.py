"""Calls on the pool and its pair manager: price, liquidity, swaps.

The pool's owner of most liquidity, and whoever swaps, is the actor `router`; fees that positions earn are left there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.keep3r_v2.state import ZERO_ADDRESS
from keep3r_replay.scenario.quantities import whole
from keep3r_replay.scenario.swaps import (
    HIGHEST_PRICE,
    LOWEST_PRICE,
    Swapped,
    full_range,
    position_amounts,
    swap_in,
    swap_to,
    tick_at,
)
from keep3r_replay.uniswap_v3.tick_math import sqrt_ratio

if TYPE_CHECKING:
    from keep3r_replay.scenario.stage import Stage


def create_pool(stage: Stage, tick: Any = None, sqrt_price_x96: Any = None) -> None:
    """`initialize` of the pool at a tick, or at an exact square-root price (Q64.96)."""
    price = _price(tick, sqrt_price_x96)
    pool = stage.pool
    stage.call("router", "pool", "initialize(uint160)", price)
    stage.keep3r.require(not pool.sqrt_price_x96, "Error(AI)")
    pool.initialize(stage.now, price, tick_at(price))
    stage.emit("Initialize", {"sqrt_price_x96": price, "tick": pool.tick}, "pool")


def grow_observations(stage: Stage, to: Any) -> None:
    """`increaseObservationCardinalityNext`: room for as many observations."""
    count, pool = whole(to, "to"), stage.pool
    if not 0 <= count < 1 << 16:
        raise UsageError(f"a pool holds at most 65,535 observations, not {count}")
    stage.call("router", "pool", "increaseObservationCardinalityNext(uint16)", count)
    old = pool.cardinality_next
    stage.keep3r.require(old > 0, "Error(LOK)")
    if count > old:
        pool.grow(count)
        values: dict[str, object] = {
            "observation_cardinality_next_old": old,
            "observation_cardinality_next_new": count,
        }
        stage.emit("IncreaseObservationCardinalityNext", values, "pool")


def provide(stage: Stage, liquidity: Any) -> None:
    """Liquidity of others in the pool, over the full range."""
    value = stage.amount(liquidity, "liquidity")
    stage.call("router", "router", "mint(uint128)", value)
    _mint(stage, stage.actors["router"], value)


def mint_liquidity(stage: Stage, amount: Any, provider: str = "provider") -> None:
    """The pair manager's `mint`: a full-range position, and as many tokens for the provider."""
    value = stage.amount(amount, "amount")
    stage.call(provider, "pair", "mint(uint128)", value)
    _mint(stage, stage.actors["pair"], value)
    stage.transfer(ZERO_ADDRESS, stage.actors[provider], value)


def burn_liquidity(stage: Stage, amount: Any, provider: str = "provider") -> None:
    """The pair manager's `burn`: the position gives way, and the provider's tokens are gone."""
    value = stage.amount(amount, "amount")
    stage.call(provider, "pair", "burn(uint128)", value)
    lower, upper = full_range(stage.pool.tick_spacing)
    amount0, amount1 = position_amounts(stage.pool, lower, upper, value, taken=False)
    values = _position(stage.actors["pair"], lower, upper, value) | {"amount0": amount0, "amount1": amount1}
    stage.keep3r.require(stage.pool.liquidity >= value, "Error(LS)")
    stage.pool.change_liquidity(stage.now, lower, upper, -value)
    stage.emit("Burn", values, "pool")
    stage.emit("Collect", values | {"recipient": stage.actors[provider]}, "pool")
    stage.transfer(stage.actors[provider], ZERO_ADDRESS, value)


def swap(
    stage: Stage,
    amount_in: Any = None,
    sells: str = "kp3r",
    tick: Any = None,
    sqrt_price_x96: Any = None,
    trader: str = "trader",
) -> None:
    """A swap of an exact amount of `kp3r` or `weth` paid in; or of whatever leads to a tick or an exact price."""
    stage.call(trader, "router", "swap()")
    if amount_in is None:
        swapped = swap_to(stage.pool, stage.pool_fee, _price(tick, sqrt_price_x96))
        if swapped is None:
            return
    else:
        if sells not in {"kp3r", "weth"}:
            raise UsageError(f"swap: sells kp3r or weth, not {sells!r}")
        sells_token0 = stage.pool.token0 == stage.actors[sells]
        swapped = swap_in(stage.pool, stage.pool_fee, stage.amount(amount_in, "amount_in"), sells_token0=sells_token0)
    _apply(stage, swapped)


def _apply(stage: Stage, swapped: Swapped) -> None:
    stage.pool.swap(stage.now, swapped.sqrt_price_x96, swapped.liquidity, swapped.tick)
    router = stage.actors["router"]
    stage.emit("Swap", {"sender": router, "recipient": router, **swapped._asdict()}, "pool")


def _mint(stage: Stage, owner: str, liquidity: int) -> None:
    pool = stage.pool
    stage.keep3r.require(pool.sqrt_price_x96 > 0, "Error(LOK)")
    lower, upper = full_range(pool.tick_spacing)
    amount0, amount1 = position_amounts(pool, lower, upper, liquidity, taken=True)
    pool.change_liquidity(stage.now, lower, upper, liquidity)
    values = _position(owner, lower, upper, liquidity)
    stage.emit("Mint", values | {"sender": owner, "amount0": amount0, "amount1": amount1}, "pool")


def _position(owner: str, lower: int, upper: int, liquidity: int) -> dict[str, object]:
    return {"owner": owner, "tick_lower": lower, "tick_upper": upper, "amount": liquidity}


def _price(tick: Any, sqrt_price_x96: Any) -> int:
    if (tick is None) == (sqrt_price_x96 is None):
        raise UsageError("a price is told by one of tick and sqrt_price_x96")
    price = sqrt_ratio(whole(tick, "tick")) if tick is not None else whole(sqrt_price_x96, "sqrt_price_x96")
    if not LOWEST_PRICE <= price <= HIGHEST_PRICE:
        raise Revert("Error(R)")
    return price


CALLS = {
    call.__name__: call for call in (create_pool, grow_observations, provide, mint_liquidity, burn_liquidity, swap)
}
