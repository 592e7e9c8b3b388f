"""Swaps and positions of a Uniswap V3 pool, computed exactly: what UniswapV3Pool would emit.

Follows `UniswapV3Pool.swap` for an exact input, SwapMath.sol, SqrtPriceMath.sol and TickBitmap.sol.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.uniswap_v3.swap_math import FEE_BASE, freed, price_after_input, taken, with_fee
from keep3r_replay.uniswap_v3.swap_math import position_amounts as amounts_between
from keep3r_replay.uniswap_v3.tick_math import MAX_TICK, sqrt_ratio, tick_at

if TYPE_CHECKING:
    from keep3r_replay.uniswap_v3.oracle import Pool

_WORD = 256
_ENDLESS = 1 << 255
LOWEST_PRICE, HIGHEST_PRICE = sqrt_ratio(-MAX_TICK) + 1, sqrt_ratio(MAX_TICK) - 1


class Swapped(NamedTuple):
    """The fields of a Swap: what the pool takes (above 0) and pays (below), and how it stands afterwards."""

    amount0: int
    amount1: int
    sqrt_price_x96: int
    liquidity: int
    tick: int


def full_range(spacing: int) -> tuple[int, int]:
    """The widest position of a pool: its lower and its upper tick."""
    most = MAX_TICK // spacing * spacing
    return -most, most


def position_amounts(pool: Pool, lower: int, upper: int, liquidity: int, *, taken: bool) -> tuple[int, int]:
    """What `liquidity` in a position is in both tokens at the pool's price, in wei; rounded up as it is taken."""
    return amounts_between(pool.sqrt_price_x96, sqrt_ratio(lower), sqrt_ratio(upper), liquidity, up=taken)


def swap_in(pool: Pool, fee: int, amount: int, *, sells_token0: bool, limit: int | None = None) -> Swapped:
    """What the pool does for `amount` wei paid in, at most up to the price `limit`; the pool itself stays.

    Args:
        pool: as it stands before.
        fee: in millionths.
        amount: wei of token 0, or of token 1.
        sells_token0: token 0 is paid in, and the price falls.
        limit: square-root price as Q64.96 at which to stop; the edge of all prices if it is None.

    Raises `Revert` SPL where the limit lies on the wrong side of the price, AS for no amount.
    """
    if amount <= 0:
        raise Revert("Error(AS)")
    if limit is None:
        limit = LOWEST_PRICE if sells_token0 else HIGHEST_PRICE
    price, tick, liquidity = pool.sqrt_price_x96, pool.tick, pool.liquidity
    if not (LOWEST_PRICE <= limit < price if sells_token0 else price < limit <= HIGHEST_PRICE):
        raise Revert("Error(SPL)")
    remaining, paid = amount, 0
    while remaining and price != limit:
        start = price
        stop = _next_stop(pool, tick, down=sells_token0)
        edge = sqrt_ratio(stop)
        target = max(edge, limit) if sells_token0 else min(edge, limit)
        price, charged, out = _step(price, target, liquidity, remaining, fee, falls=sells_token0)
        remaining -= charged
        paid += out
        if price == edge:
            net = pool.net_liquidity.get(stop, 0)
            liquidity += -net if sells_token0 else net
            tick = stop - 1 if sells_token0 else stop
        elif price != start:
            tick = tick_at(price)
    came = amount - remaining
    amounts = (came, -paid) if sells_token0 else (-paid, came)
    return Swapped(*amounts, price, liquidity, tick)


def swap_to(pool: Pool, fee: int, sqrt_price_x96: int) -> Swapped | None:
    """The swap that moves the pool to a price; None where it stands there."""
    if sqrt_price_x96 == pool.sqrt_price_x96:
        return None
    falls = sqrt_price_x96 < pool.sqrt_price_x96
    return swap_in(pool, fee, _ENDLESS, sells_token0=falls, limit=sqrt_price_x96)


def _step(price: int, target: int, liquidity: int, remaining: int, fee: int, *, falls: bool) -> tuple[int, int, int]:
    """One step towards `target` (SwapMath.computeSwapStep): new price, what it takes with the fee, what it pays."""
    usable = remaining * (FEE_BASE - fee) // FEE_BASE
    needed = taken(price, target, liquidity, falls=falls)
    if usable >= needed:
        end, charged = target, with_fee(needed, fee)
    else:
        end = price_after_input(price, liquidity, usable, falls=falls)
        # Where rounding leads to the target all the same, the fee is reckoned as if it were reached.
        charged = with_fee(needed, fee) if end == target else remaining
    return end, charged, freed(price, end, liquidity, falls=falls)


def _next_stop(pool: Pool, tick: int, *, down: bool) -> int:
    """The next initialized tick within one word of the bitmap, or the word's edge (TickBitmap)."""
    spacing, ticks = pool.tick_spacing, pool.initialized_ticks
    compressed = tick // spacing
    if down:
        edge = compressed // _WORD * _WORD * spacing
        position = bisect_right(ticks, compressed * spacing) - 1
        stop = ticks[position] if position >= 0 and ticks[position] >= edge else edge
    else:
        compressed += 1
        edge = (compressed // _WORD * _WORD + _WORD - 1) * spacing
        position = bisect_left(ticks, compressed * spacing)
        stop = ticks[position] if position < len(ticks) and ticks[position] <= edge else edge
    return max(-MAX_TICK, min(MAX_TICK, stop))
