"""Whether a Swap follows from the pool's state before it: direction, amount paid out, liquidity and tick.

A pool's price moves along its liquidity, and pays out what the move frees, cut to whole wei once a step; a step ends at
an initialized tick or at the edge of a word of the tick bitmap. So price and liquidity before, with price after, give
the amount out exactly; a swap, mint or burn that is missing before it, or a changed one, shows here at once. Follows
`UniswapV3Pool.swap`, SwapMath.sol and SqrtPriceMath.sol.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.uniswap_v3.tick_math import sqrt_ratio, tick_at

if TYPE_CHECKING:
    from keep3r_replay.uniswap_v3.oracle import Pool

_WORD = 256


class Contradiction(NamedTuple):
    """What does not fit: the event's field, its value by the pool's state, and the event's own."""

    field: str
    expected: int
    observed: int


def swap_contradiction(
    pool: Pool, amount0: int, amount1: int, sqrt_price_x96: int, liquidity: int, tick: int
) -> Contradiction | None:
    """Hold a Swap's fields against `pool` as it stands before the event; None if they follow from it."""
    before = pool.sqrt_price_x96
    if not before:
        return None
    falls = amount0 > 0
    if sqrt_price_x96 > before if falls else sqrt_price_x96 < before:
        return Contradiction("sqrt_price_x96", before, sqrt_price_x96)
    if not sqrt_ratio(tick) <= sqrt_price_x96 <= sqrt_ratio(tick + 1):
        return Contradiction("tick", tick_at(sqrt_price_x96), tick)
    crossed = _crossed(pool, tick)
    after = pool.liquidity
    for boundary in crossed:
        after += -pool.net_liquidity[boundary] if falls else pool.net_liquidity[boundary]
    if after != liquidity:
        return Contradiction("liquidity", after, liquidity)
    expected = _paid_out(pool, crossed, sqrt_price_x96, tick, falls=falls)
    paid = -amount1 if falls else -amount0
    if paid != expected:
        # A swap for an exact amount out stops at the first price that frees it, so it may pay a little less.
        short_of = min(sqrt_price_x96 + 1, before) if falls else max(sqrt_price_x96 - 1, before)
        if not _paid_out(pool, crossed, short_of, tick, falls=falls) <= paid < expected:
            name = "amount1" if falls else "amount0"
            return Contradiction(name, -expected, -paid)
    return None


def _crossed(pool: Pool, tick: int) -> list[int]:
    """Initialized ticks between the pool's tick and `tick`, in the order they are crossed."""
    ticks = pool.initialized_ticks
    if tick >= pool.tick:
        return ticks[bisect_right(ticks, pool.tick) : bisect_right(ticks, tick)]
    return ticks[bisect_right(ticks, tick) : bisect_right(ticks, pool.tick)][::-1]


def _paid_out(pool: Pool, crossed: list[int], price: int, tick: int, *, falls: bool) -> int:
    """Wei that the move from the pool's price to `price` frees."""
    start, liquidity = pool.sqrt_price_x96, pool.liquidity
    width = pool.tick_spacing * _WORD
    ahead = 0 if falls else pool.tick_spacing
    if not crossed and (pool.tick + ahead) // width == (tick + ahead) // width:
        return _freed(start, price, liquidity, falls=falls)
    total = 0
    for stop in _stops(pool, crossed, tick, falls=falls):
        ratio = sqrt_ratio(stop)
        if not (price <= ratio <= start if falls else start <= ratio <= price):
            continue
        total += _freed(start, ratio, liquidity, falls=falls)
        start = ratio
        net = pool.net_liquidity.get(stop, 0)
        liquidity += -net if falls else net
    return total + _freed(start, price, liquidity, falls=falls)


def _stops(pool: Pool, crossed: list[int], tick: int, *, falls: bool) -> list[int]:
    """Ticks at which a step ends on the way: those crossed, and the edges of the bitmap's words."""
    spacing = pool.tick_spacing
    width = spacing * _WORD
    if falls:
        edges = range(pool.tick // width * width, tick - 1, -width)
    else:
        edges = range(pool.tick // width * width + width - spacing, tick + 1, width)
    return sorted({*crossed, *edges}, reverse=falls)


def _freed(start: int, end: int, liquidity: int, *, falls: bool) -> int:
    """Wei of token 1 (as the price falls) or of token 0 that one step pays out, rounded down."""
    if falls:
        return liquidity * (start - end) >> 96
    return (liquidity << 96) * (end - start) // end // start
