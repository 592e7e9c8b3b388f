"""Swaps and positions of a Uniswap V3 pool, computed exactly: what UniswapV3Pool would emit.

Follows `UniswapV3Pool.swap` for an exact input, SwapMath.sol, SqrtPriceMath.sol and TickBitmap.sol.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.uniswap_v3.tick_math import MAX_TICK, sqrt_ratio, tick_at

if TYPE_CHECKING:
    from keep3r_replay.uniswap_v3.oracle import Pool

_FEE_BASE = 1_000_000
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
    """What `liquidity` in a position is in both tokens at the pool's price, in wei; rounded up as it is taken.

    Above or below its range a position is all in one token.
    """
    low, high = sqrt_ratio(lower), sqrt_ratio(upper)
    price = min(max(pool.sqrt_price_x96, low), high)
    return _amount0(price, high, liquidity, up=taken), _amount1(low, price, liquidity, up=taken)


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
        price, taken, out = _step(price, target, liquidity, remaining, fee, falls=sells_token0)
        remaining -= taken
        paid += out
        if price == edge:
            net = pool.net_liquidity.get(stop, 0)
            liquidity += -net if sells_token0 else net
            tick = stop - 1 if sells_token0 else stop
        elif price != start:
            tick = tick_at(price)
    taken = amount - remaining
    amounts = (taken, -paid) if sells_token0 else (-paid, taken)
    return Swapped(*amounts, price, liquidity, tick)


def swap_to(pool: Pool, fee: int, sqrt_price_x96: int) -> Swapped | None:
    """The swap that moves the pool to a price; None where it stands there."""
    if sqrt_price_x96 == pool.sqrt_price_x96:
        return None
    falls = sqrt_price_x96 < pool.sqrt_price_x96
    return swap_in(pool, fee, _ENDLESS, sells_token0=falls, limit=sqrt_price_x96)


def _step(price: int, target: int, liquidity: int, remaining: int, fee: int, *, falls: bool) -> tuple[int, int, int]:
    """One step towards `target` (SwapMath.computeSwapStep): new price, what it takes with the fee, what it pays."""
    usable = remaining * (_FEE_BASE - fee) // _FEE_BASE
    needed = _amount0(target, price, liquidity, up=True) if falls else _amount1(price, target, liquidity, up=True)
    end = target if usable >= needed else _price_after(price, liquidity, usable, falls=falls)
    if end == target:
        taken = needed
    else:
        taken = _amount0(end, price, liquidity, up=True) if falls else _amount1(price, end, liquidity, up=True)
    out = _amount1(end, price, liquidity, up=False) if falls else _amount0(price, end, liquidity, up=False)
    charged = remaining - taken if end != target else -(-taken * fee // (_FEE_BASE - fee))
    return end, taken + charged, out


def _price_after(price: int, liquidity: int, amount: int, *, falls: bool) -> int:
    if falls:
        scaled = liquidity << 96
        return -(-scaled * price // (scaled + amount * price))
    return price + (amount << 96) // liquidity


def _amount0(low: int, high: int, liquidity: int, *, up: bool) -> int:
    product = (liquidity << 96) * (high - low)
    return _up(_up(product, high), low) if up else product // high // low


def _amount1(low: int, high: int, liquidity: int, *, up: bool) -> int:
    product = liquidity * (high - low)
    return -(-product >> 96) if up else product >> 96


def _up(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)


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
