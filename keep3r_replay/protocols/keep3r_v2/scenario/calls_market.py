"""Calls on pools and their pair managers: price, liquidity, swaps.

The owner of most of a pool's liquidity, and whoever swaps, is the actor `router`; fees that positions earn are left
there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.arithmetic import UINT128_MASK, Revert
from keep3r_replay.protocols.keep3r_v2.contract.state import ZERO_ADDRESS
from keep3r_replay.protocols.keep3r_v2.scenario import calls_feed
from keep3r_replay.protocols.keep3r_v2.scenario.quantities import whole
from keep3r_replay.protocols.keep3r_v2.scenario.swaps import (
    HIGHEST_PRICE,
    LOWEST_PRICE,
    full_range,
    position_amounts,
    swap_in,
    swap_to,
)
from keep3r_replay.uniswap_v3.tick_math import sqrt_ratio, tick_at

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.scenario.world import World
    from keep3r_replay.uniswap_v3.oracle import Pool

_FIRST_ITEM = 14_400
"""Seconds ago that the first item of an oracle began."""


def create_pool(world: World, tick: Any = None, sqrt_price_x96: Any = None, pool: str = "pool") -> None:
    """`initialize` of a pool at a tick, or at an exact square-root price (Q64.96).

    An oracle that mainnet feeds begins with its first batch: the tick since four hours ago.
    Raises `UsageError` where it has begun.
    """
    price, record = _price(tick, sqrt_price_x96), world.pool(pool)
    if calls_feed.fed(world, pool) is not None:
        if record.cardinality:
            raise UsageError(f"create_pool: the feed of '{pool}' has begun; 'deliver' goes on with it")
        calls_feed.deliver(world, [[_FIRST_ITEM, tick_at(price)]], pool=pool)
        return
    world.call("router", pool, "initialize(uint160)", price)
    world.keep3r.require(not record.sqrt_price_x96, "Error(AI)")
    record.initialize(world.now, price, tick_at(price))
    world.emit("Initialize", {"sqrt_price_x96": price, "tick": record.tick}, pool)


def grow_observations(world: World, to: Any, pool: str = "pool") -> None:
    """`increaseObservationCardinalityNext`: room for as many observations.

    Raises `UsageError` above 65,535.
    """
    count, record = whole(to, "to"), world.pool(pool)
    if not 0 <= count < 1 << 16:
        raise UsageError(f"a pool holds at most 65,535 observations, not {count}")
    if calls_feed.fed(world, pool) is not None:
        calls_feed.grow(world, count, pool)
        return
    world.call("router", pool, "increaseObservationCardinalityNext(uint16)", count)
    old = record.cardinality_next
    world.keep3r.require(old > 0, "Error(LOK)")
    if count > old:
        record.grow(count)
        values: dict[str, object] = {
            "observation_cardinality_next_old": old,
            "observation_cardinality_next_new": count,
        }
        world.emit("IncreaseObservationCardinalityNext", values, pool)


def provide(world: World, liquidity: Any, pool: str = "pool", lower: Any = None, upper: Any = None) -> None:
    """Liquidity of others in a pool, between two ticks; over the full range where none are given."""
    value = world.amount(liquidity, "liquidity")
    bounds = _bounds(_traded(world, pool), lower, upper)
    world.call("router", "router", "mint(uint128)", value)
    _mint(world, pool, world.actors["router"], value, bounds)


def remove(world: World, liquidity: Any, pool: str = "pool", lower: Any = None, upper: Any = None) -> None:
    """Liquidity of others leaves a pool, with what it was worth; the fees that it earned stay in the pool."""
    value = world.amount(liquidity, "liquidity")
    bounds = _bounds(_traded(world, pool), lower, upper)
    world.call("router", "router", "burn(uint128)", value)
    _burn(world, pool, world.actors["router"], world.actors["router"], value, bounds)


def mint_liquidity(world: World, amount: Any, provider: str = "provider", pair: str = "pair") -> None:
    """A pair manager's `mint`: a full-range position, and as many tokens for the provider."""
    value, manager = world.amount(amount, "amount"), world.pair(pair)
    pool = world.keep3r.pair_pools[manager]
    if calls_feed.fed(world, pool) is not None:
        # The liquidity lies in mainnet's pool; a bridge mints its token here.
        world.call("bridge", pair, "mint(address,uint256)", world.actors[provider], value)
    else:
        world.call(provider, pair, "mint(uint128)", value)
        _mint(world, pool, manager, value, full_range(world.pool(pool).tick_spacing))
    world.transfer(manager, ZERO_ADDRESS, world.actors[provider], value)


def burn_liquidity(world: World, amount: Any, provider: str = "provider", pair: str = "pair") -> None:
    """A pair manager's `burn`: the position gives way, and the provider's tokens are gone."""
    value, manager = world.amount(amount, "amount"), world.pair(pair)
    pool = world.keep3r.pair_pools[manager]
    if calls_feed.fed(world, pool) is not None:
        world.call("bridge", pair, "burn(address,uint256)", world.actors[provider], value)
    else:
        world.call(provider, pair, "burn(uint128)", value)
        bounds = full_range(world.pool(pool).tick_spacing)
        world.check_balance(manager, world.actors[provider], value)
        _burn(world, pool, manager, world.actors[provider], value, bounds)
    world.transfer(manager, world.actors[provider], ZERO_ADDRESS, value)


def transfer_liquidity(world: World, amount: Any, to: str, provider: str = "provider", pair: str = "pair") -> None:
    """`transfer` of a pair manager's tokens."""
    value, manager = world.amount(amount, "amount"), world.pair(pair)
    world.call(provider, pair, "transfer(address,uint256)", world.actors[to], value)
    world.transfer(manager, world.actors[provider], world.actors[to], value)


def swap(
    world: World,
    amount_in: Any = None,
    sells: str = "kp3r",
    tick: Any = None,
    sqrt_price_x96: Any = None,
    trader: str = "trader",
    pool: str = "pool",
) -> None:
    """A swap of an exact amount of one of the pool's tokens; or of whatever leads to a tick or an exact price.

    Raises `UsageError` for a token that the pool does not hold.
    """
    record = _traded(world, pool)
    world.call(trader, "router", "swap()")
    world.keep3r.require(record.sqrt_price_x96 > 0, "Error(LOK)")
    if amount_in is None:
        swapped = swap_to(record, world.pool_fee(pool), _price(tick, sqrt_price_x96))
        if swapped is None:
            return
    else:
        sold = world.actors["kp3r_in_pools" if sells == "kp3r" else sells]
        if sold not in (record.token0, record.token1):
            raise UsageError(f"swap: the pool '{pool}' holds no {sells}; it is of {_tokens(world, record)}")
        paid = world.amount(amount_in, "amount_in")
        swapped = swap_in(record, world.pool_fee(pool), paid, sells_token0=sold == record.token0)
    record.swap(world.now, swapped.sqrt_price_x96, swapped.liquidity, swapped.tick)
    router = world.actors["router"]
    world.emit("Swap", {"sender": router, "recipient": router, **swapped._asdict()}, pool)


def _traded(world: World, pool: str) -> Pool:
    """A pool in which liquidity lies and swaps happen. Raises `UsageError` for an oracle that mainnet feeds."""
    if calls_feed.fed(world, pool) is not None:
        raise UsageError(f"the pool '{pool}' is on mainnet, which feeds its price: a market or 'deliver' moves it")
    return world.pool(pool)


def _tokens(world: World, pool: Pool) -> str:
    names = {address: name for name, address in world.actors.names.items() if name != "kp3r_in_pools"}
    return " and ".join(names.get(token, token) for token in (pool.token0, pool.token1))


def _mint(world: World, name: str, owner: str, liquidity: int, bounds: tuple[int, int]) -> None:
    pool = world.pool(name)
    world.keep3r.require(pool.sqrt_price_x96 > 0, "Error(LOK)")
    world.keep3r.require(liquidity > 0, "empty")
    ticks = 2 * (full_range(pool.tick_spacing)[1] // pool.tick_spacing) + 1
    held = max(pool.gross_liquidity.get(bound, 0) for bound in bounds)
    world.keep3r.require(held + liquidity <= UINT128_MASK // ticks, "Error(LO)")
    amounts = position_amounts(pool, *bounds, liquidity, taken=True)
    pool.change_liquidity(world.now, *bounds, liquidity)
    values = _position(owner, bounds, liquidity, amounts)
    world.emit("Mint", values | {"sender": owner}, name)


def _burn(world: World, name: str, owner: str, receiver: str, liquidity: int, bounds: tuple[int, int]) -> None:
    pool = world.pool(name)
    held = min(pool.gross_liquidity.get(bound, 0) for bound in bounds)
    world.keep3r.require(held >= liquidity, "Error(LS)")
    values = _position(owner, bounds, liquidity, position_amounts(pool, *bounds, liquidity, taken=False))
    pool.change_liquidity(world.now, *bounds, -liquidity)
    world.emit("Burn", values, name)
    world.emit("Collect", values | {"recipient": receiver}, name)


def _position(owner: str, bounds: tuple[int, int], liquidity: int, amounts: tuple[int, int]) -> dict[str, object]:
    values: dict[str, object] = {"owner": owner, "tick_lower": bounds[0], "tick_upper": bounds[1], "amount": liquidity}
    return values | {"amount0": amounts[0], "amount1": amounts[1]}


def _bounds(pool: Pool, lower: Any, upper: Any) -> tuple[int, int]:
    if lower is None and upper is None:
        return full_range(pool.tick_spacing)
    if lower is None or upper is None:
        raise UsageError("a position is given by lower and upper; the full range by neither")
    bounds = whole(lower, "lower"), whole(upper, "upper")
    most = full_range(pool.tick_spacing)[1]
    if not -most <= bounds[0] < bounds[1] <= most or any(bound % pool.tick_spacing for bound in bounds):
        raise UsageError(
            f"a position from {bounds[0]} to {bounds[1]}: the pool's ticks are multiples of {pool.tick_spacing} "
            f"between -{most} and {most}, the lower one first"
        )
    return bounds


def _price(tick: Any, sqrt_price_x96: Any) -> int:
    if (tick is None) == (sqrt_price_x96 is None):
        raise UsageError("a price is given by one of tick and sqrt_price_x96")
    price = sqrt_ratio(whole(tick, "tick")) if tick is not None else whole(sqrt_price_x96, "sqrt_price_x96")
    if not LOWEST_PRICE <= price <= HIGHEST_PRICE:
        raise Revert("Error(R)")
    return price


CALLS = {
    call.__name__: call
    for call in (
        create_pool,
        grow_observations,
        provide,
        remove,
        mint_liquidity,
        burn_liquidity,
        transfer_liquidity,
        swap,
    )
}
