"""Whether a Swap follows from the pool's state before it: direction, tick, liquidity, amounts out and in.

A pool's price moves along its liquidity in steps: a step ends at an initialized tick, at the edge of a word of the tick
bitmap, or where the swap ends. Every step frees an amount, cut to whole wei, and takes one, rounded up, with the fee.
So price and liquidity before, with price after, give the amounts: a swap, mint or burn that is missing before it, or a
changed one, shows here at once. What is open in the last step, and how the amounts still bind each other there, is
derived in docs/pools.md. Follows `UniswapV3Pool.swap` and SwapMath.sol.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.uniswap_v3.swap_math import (
    FEE_BASE,
    freed,
    price_after_input,
    price_after_output,
    taken,
    with_fee,
)
from keep3r_replay.uniswap_v3.tick_math import HIGHEST_PRICE, LOWEST_PRICE, sqrt_ratio, tick_at

if TYPE_CHECKING:
    from keep3r_replay.uniswap_v3.oracle import Pool

_WORD = 256


class Contradiction(NamedTuple):
    """What does not fit: the event's field, its value by the pool's state, and the event's own."""

    field: str
    expected: int
    observed: int


class _Step(NamedTuple):
    """A part of the price's way along one liquidity."""

    start: int
    end: int
    liquidity: int


def swap_contradiction(
    pool: Pool, amount0: int, amount1: int, sqrt_price_x96: int, liquidity: int, tick: int
) -> Contradiction | None:
    """Hold a Swap's fields against `pool` as it stands before the event; None if they follow from it.

    Amounts taken are compared where the pool's fee is known.
    """
    before = pool.sqrt_price_x96
    if not before:
        return None
    falls = amount0 > 0
    if sqrt_price_x96 > before if falls else sqrt_price_x96 < before:
        return Contradiction("sqrt_price_x96", before, sqrt_price_x96)
    if not LOWEST_PRICE <= sqrt_price_x96 <= HIGHEST_PRICE:
        return Contradiction("sqrt_price_x96", LOWEST_PRICE if falls else HIGHEST_PRICE, sqrt_price_x96)
    if not _is_tick_of(tick, sqrt_price_x96, falls=falls):
        return Contradiction("tick", tick_at(sqrt_price_x96), tick)
    crossed = _crossed(pool, tick)
    after = pool.liquidity
    for boundary in crossed:
        after += -pool.net_liquidity[boundary] if falls else pool.net_liquidity[boundary]
    if after != liquidity:
        return Contradiction("liquidity", after, liquidity)
    is_one_step = not crossed and _in_one_word(pool, tick, falls=falls)
    if is_one_step and _is_plain(pool, amount0, amount1, sqrt_price_x96, falls=falls):
        return None
    whole = _Step(before, sqrt_price_x96, pool.liquidity)
    steps = [whole] if is_one_step else _steps(pool, crossed, sqrt_price_x96, tick, falls=falls)
    if falls:
        return _amounts(steps, pool.fee, amount0, -amount1, "amount0", "amount1", falls=True)
    return _amounts(steps, pool.fee, amount1, -amount0, "amount1", "amount0", falls=False)


def _is_plain(pool: Pool, amount0: int, amount1: int, price: int, *, falls: bool) -> bool:
    """Whether both amounts are those of one step from price to price, as most swaps' are.

    The formulas are those of `taken`, `freed` and `with_fee`, written out: a history has thousands of swaps.
    """
    before, liquidity, fee = pool.sqrt_price_x96, pool.liquidity, pool.fee
    if fee is None:
        return False
    if falls:
        move = before - price
        took, paid = amount0, -amount1
        takes = -(-(liquidity << 96) * move // before)
        takes = -(-takes // price)
        frees = liquidity * move >> 96
    else:
        move = price - before
        took, paid = amount1, -amount0
        takes = -(-(liquidity * move) >> 96)
        frees = (liquidity << 96) * move // price // before
    return paid == frees and took == takes - (-takes * fee // (FEE_BASE - fee))


def _is_tick_of(tick: int, price: int, *, falls: bool) -> bool:
    """Whether a swap that ends at `price` ends in `tick`; one that falls onto a tick may have crossed it."""
    if not sqrt_ratio(tick) <= price:
        return False
    above = sqrt_ratio(tick + 1)
    return price < above or (falls and price == above)


def _crossed(pool: Pool, tick: int) -> list[int]:
    """Initialized ticks between the pool's tick and `tick`, in the order they are crossed."""
    ticks = pool.initialized_ticks
    if tick >= pool.tick:
        return ticks[bisect_right(ticks, pool.tick) : bisect_right(ticks, tick)]
    return ticks[bisect_right(ticks, tick) : bisect_right(ticks, pool.tick)][::-1]


def _in_one_word(pool: Pool, tick: int, *, falls: bool) -> bool:
    """Whether the way to `tick` stays in one word of the pool's bitmap of ticks, at whose edges steps end."""
    width = pool.tick_spacing * _WORD
    ahead = 0 if falls else pool.tick_spacing
    return (pool.tick + ahead) // width == (tick + ahead) // width


def _steps(pool: Pool, crossed: list[int], price: int, tick: int, *, falls: bool) -> list[_Step]:
    """The way from the pool's price to `price`; its last step may be of no length."""
    start, liquidity = pool.sqrt_price_x96, pool.liquidity
    steps = []
    for stop in _stops(pool, crossed, tick, falls=falls):
        ratio = sqrt_ratio(stop)
        if not (price <= ratio <= start if falls else start <= ratio <= price):
            continue
        steps.append(_Step(start, ratio, liquidity))
        start = ratio
        net = pool.net_liquidity.get(stop, 0)
        liquidity += -net if falls else net
    return [*steps, _Step(start, price, liquidity)]


def _stops(pool: Pool, crossed: list[int], tick: int, *, falls: bool) -> list[int]:
    """Ticks at which a step ends on the way: those crossed, and the edges of the bitmap's words."""
    spacing = pool.tick_spacing
    width = spacing * _WORD
    if falls:
        edges = range(pool.tick // width * width, tick - 1, -width)
    else:
        edges = range(pool.tick // width * width + width - spacing, tick + 1, width)
    return sorted({*crossed, *edges}, reverse=falls)


def _amounts(
    steps: list[_Step], fee: int | None, took: int, paid: int, name_in: str, name_out: str, *, falls: bool
) -> Contradiction | None:
    """Hold the amounts that the pool took and paid against the steps; `name_in`, `name_out` are their fields."""
    frees = sum(freed(*step, falls=falls) for step in steps)
    last = steps[-1]
    # The pool pays less than the last step frees only where that less was asked for, and leads to this very price.
    if paid != frees and not _stops_short(last, paid - frees, falls=falls):
        return Contradiction(name_out, -frees, -paid)
    if fee is None:
        return None
    before_last = sum(with_fee(taken(*step, falls=falls), fee) for step in steps[:-1])
    takes = before_last + with_fee(taken(*last, falls=falls), fee)
    if took != takes and not (paid == frees and _uses_up(last, took - before_last, fee, falls=falls)):
        return Contradiction(name_in, takes, took)
    return None


def _stops_short(last: _Step, difference: int, *, falls: bool) -> bool:
    """Whether the last step ends at its price for having paid an exact amount, `difference` from what it frees."""
    wanted = freed(*last, falls=falls) + difference
    if difference > 0 or wanted < 0 or not last.liquidity:
        return False
    return price_after_output(last.start, last.liquidity, wanted, falls=falls) == last.end


def _uses_up(last: _Step, remaining: int, fee: int, *, falls: bool) -> bool:
    """Whether the last step ends at its price for having used up `remaining` wei of an exact amount paid in."""
    if remaining < 0 or not last.liquidity:
        return False
    usable = remaining * (FEE_BASE - fee) // FEE_BASE
    return price_after_input(last.start, last.liquidity, usable, falls=falls) == last.end
