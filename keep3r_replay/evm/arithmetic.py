"""Integer arithmetic of the EVM: checked `uint256`, truncating signed division, 512-bit `mul_div`.

All values are plain `int`. A failing operation raises `Revert` with the name that Solidity 0.8 gives the failure:
`Panic(0x11)` for overflow and underflow, `Panic(0x12)` for a division by zero.
"""

UINT128_MASK = 2**128 - 1
UINT256_MAX = 2**256 - 1

ARITHMETIC_PANIC = "Panic(0x11)"
DIVISION_PANIC = "Panic(0x12)"


class Revert(Exception):  # noqa: N818 - the EVM's own word for it
    """A contract call that would have reverted; `name` is the decoded reason, as readings spell it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def checked_sub(minuend: int, subtrahend: int) -> int:
    """`minuend - subtrahend` as uint256. Raises `Revert` Panic(0x11) below zero."""
    if subtrahend > minuend:
        raise Revert(ARITHMETIC_PANIC)
    return minuend - subtrahend


def checked_div(dividend: int, divisor: int) -> int:
    """`dividend / divisor` of two uint256. Raises `Revert` Panic(0x12) when the divisor is zero."""
    if divisor == 0:
        raise Revert(DIVISION_PANIC)
    return dividend // divisor


def truncating_div(dividend: int, divisor: int) -> int:
    """Signed division, rounded toward zero as the EVM's SDIV. Raises `Revert` Panic(0x12) on zero."""
    if divisor == 0:
        raise Revert(DIVISION_PANIC)
    quotient = abs(dividend) // abs(divisor)
    return quotient if (dividend < 0) == (divisor < 0) else -quotient


def mul_div(multiplicand: int, multiplier: int, divisor: int) -> int:
    """Exact `multiplicand * multiplier // divisor` (Uniswap's FullMath.mulDiv).

    Raises `Revert` "empty" where the contract's bare `require` fails: a zero divisor or a result above 256 bits.
    """
    if divisor == 0:
        raise Revert("empty")
    result = multiplicand * multiplier // divisor
    if result > UINT256_MAX:
        raise Revert("empty")
    return result
