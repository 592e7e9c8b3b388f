"""KUMA's fixed-point arithmetic: rays of 27 decimals, wads of 18, percentages in basis points, all rounding half up.

Every value is a checked uint256. Where the library of the contracts (WadRayMath, PercentageMath) refuses a number it
reverts with empty data, and so does this.
"""

from __future__ import annotations

from functools import lru_cache

from keep3r_replay.evm.arithmetic import ARITHMETIC_PANIC, UINT256_MAX, Revert

RAY = 10**27
WAD = 10**18
HALF_RAY = RAY // 2
HALF_WAD = WAD // 2
WAD_RAY_RATIO = 10**9
PERCENTAGE_FACTOR = 10_000
HALF_PERCENT = 5_000

_EMPTY = "empty"


def _fits(value: int) -> int:
    if value > UINT256_MAX:
        raise Revert(_EMPTY)
    return value


def ray_mul(a: int, b: int) -> int:
    """`a * b` of two rays. Raises `Revert` "empty" beyond 256 bits."""
    return _fits(a * b + HALF_RAY) // RAY


def ray_div(a: int, b: int) -> int:
    """`a / b` of two rays. Raises `Revert` "empty" for b = 0 or beyond 256 bits."""
    if b == 0:
        raise Revert(_EMPTY)
    return _fits(a * RAY + b // 2) // b


def wad_mul(a: int, b: int) -> int:
    """`a * b` of two wads. Raises `Revert` "empty" beyond 256 bits."""
    return _fits(a * b + HALF_WAD) // WAD


def wad_div(a: int, b: int) -> int:
    """`a / b` of two wads. Raises `Revert` "empty" for b = 0 or beyond 256 bits."""
    if b == 0:
        raise Revert(_EMPTY)
    return _fits(a * WAD + b // 2) // b


def ray_to_wad(a: int) -> int:
    """A ray as a wad; half a wei rounds up."""
    whole, rest = divmod(a, WAD_RAY_RATIO)
    return whole + (rest >= WAD_RAY_RATIO // 2)


def wad_to_ray(a: int) -> int:
    """A wad as a ray. Raises `Revert` "empty" beyond 256 bits."""
    return _fits(a * WAD_RAY_RATIO)


def percent_mul(value: int, basis_points: int) -> int:
    """So many basis points of a value. Raises `Revert` "empty" beyond 256 bits."""
    return _fits(value * basis_points + HALF_PERCENT) // PERCENTAGE_FACTOR


@lru_cache(maxsize=1 << 16)
def ray_pow(x: int, n: int) -> int:
    """`x ** n` of a ray by squaring, rounded at every step as the contract does it: no closed form gives the same.

    The contract squares anew each time; the squares of a yield or coupon are the same for every `n`, so they are kept.
    """
    squares = _squares(x)
    for _ in range(len(squares), n.bit_length()):
        squares.append(ray_mul(squares[-1], squares[-1]))
    z = x if n & 1 else RAY
    n >>= 1
    position = 1
    while n:
        if n & 1:
            z = ray_mul(z, squares[position])
        n >>= 1
        position += 1
    return z


@lru_cache(maxsize=1 << 12)
def _squares(x: int) -> list[int]:
    """`x`, its square, the square of that, and so on: as many as `ray_pow` has needed yet."""
    return [x]


def checked_add(a: int, b: int) -> int:
    """`a + b` as uint256. Raises `Revert` Panic(0x11) on overflow."""
    if a + b > UINT256_MAX:
        raise Revert(ARITHMETIC_PANIC)
    return a + b
