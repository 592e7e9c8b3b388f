"""Square-root prices of ticks, exactly as Uniswap V3's TickMath gives them."""

from __future__ import annotations

from functools import lru_cache
from math import isqrt

from keep3r_replay.evm.arithmetic import UINT256_MAX, Revert

MAX_TICK = 887272

_PRECISION_BITS = 640
"""Fixed-point bits of the intermediate powers: far more than the 128 that are kept, over 19 squarings."""


def _inverse_root_powers() -> tuple[int, ...]:
    """`2**128 * 1.0001**(-2**k / 2)` rounded to the nearest integer, for k = 0..19."""
    one = 1 << _PRECISION_BITS
    power = isqrt((10_000 << (2 * _PRECISION_BITS)) // 10_001)
    shift = _PRECISION_BITS - 128
    constants = []
    for _ in range(20):
        constants.append((power + (1 << (shift - 1))) >> shift)
        power = power * power // one
    return tuple(constants)


_POWERS = _inverse_root_powers()


@lru_cache(maxsize=65536)
def sqrt_ratio(tick: int) -> int:
    """Square root of `1.0001**tick` as Q64.96 (TickMath.getSqrtRatioAtTick).

    Raises `Revert` Error(T) outside of +-887272.
    """
    magnitude = abs(tick)
    if magnitude > MAX_TICK:
        raise Revert("Error(T)")
    ratio = _POWERS[0] if magnitude & 1 else 1 << 128
    for bit in range(1, 20):
        if magnitude >> bit & 1:
            ratio = ratio * _POWERS[bit] >> 128
    if tick > 0:
        ratio = UINT256_MAX // ratio
    return (ratio >> 32) + (1 if ratio & 0xFFFFFFFF else 0)


def tick_at(price: int) -> int:
    """The greatest tick whose square-root price is at most `price` (TickMath.getTickAtSqrtRatio)."""
    low, high = -MAX_TICK, MAX_TICK
    while low < high:
        middle = (low + high + 1) // 2
        if sqrt_ratio(middle) <= price:
            low = middle
        else:
            high = middle - 1
    return low


LOWEST_PRICE, HIGHEST_PRICE = sqrt_ratio(-MAX_TICK) + 1, sqrt_ratio(MAX_TICK) - 1
"""The least and the greatest square-root price that a swap can lead to."""
