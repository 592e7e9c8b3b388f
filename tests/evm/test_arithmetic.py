"""Integer arithmetic of the EVM."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keep3r_replay.evm.arithmetic import (
    UINT256_MAX,
    Revert,
    checked_div,
    checked_sub,
    mul_div,
    truncating_div,
)

UINT256 = st.integers(0, UINT256_MAX)
INT256 = st.integers(-(2**255), 2**255 - 1)


@pytest.mark.slow
@given(INT256, INT256.filter(bool))
def test_truncating_division_cuts_the_exact_quotient_toward_zero(dividend, divisor):
    """The result is the exact quotient without its fraction, whatever the signs."""
    assert truncating_div(dividend, divisor) == int(Fraction(dividend, divisor))


@pytest.mark.parametrize(
    ("dividend", "divisor", "quotient"), [(7, 2, 3), (-7, 2, -3), (7, -2, -3), (-7, -2, 3), (-1, 432000, 0), (0, -5, 0)]
)
def test_truncating_division_differs_from_floor_below_zero(dividend, divisor, quotient):
    """Negative quotients are cut up to zero, not floored."""
    assert truncating_div(dividend, divisor) == quotient


@given(UINT256, UINT256, st.integers(1, UINT256_MAX))
def test_mul_div_is_exact_over_512_bits(multiplicand, multiplier, divisor):
    """The product keeps all its bits; only a result above 256 bits reverts."""
    exact = Fraction(multiplicand) * multiplier / divisor
    if exact >= 2**256:
        with pytest.raises(Revert, match="empty"):
            mul_div(multiplicand, multiplier, divisor)
    else:
        result = mul_div(multiplicand, multiplier, divisor)
        assert 0 <= exact - result < 1


def test_mul_div_keeps_what_256_bits_would_lose():
    """A product of 512 bits divided back gives its factor."""
    assert mul_div(UINT256_MAX, UINT256_MAX, UINT256_MAX) == UINT256_MAX
    assert mul_div(2**200, 2**200, 2**150) == 2**250


@pytest.mark.parametrize("operation", [checked_div, truncating_div])
def test_division_by_zero_is_panic_0x12(operation):
    """Solidity names a division by zero Panic(0x12)."""
    with pytest.raises(Revert) as raised:
        operation(1, 0)
    assert raised.value.name == "Panic(0x12)"


def test_mul_div_by_zero_reverts_without_a_name():
    """The bare require of FullMath reverts with empty data."""
    with pytest.raises(Revert) as raised:
        mul_div(1, 1, 0)
    assert raised.value.name == "empty"


@given(UINT256, UINT256)
def test_subtraction_reverts_below_zero_and_only_there(minuend, subtrahend):
    """A difference is exact, or Panic(0x11) where it would be negative."""
    if subtrahend > minuend:
        with pytest.raises(Revert) as raised:
            checked_sub(minuend, subtrahend)
        assert raised.value.name == "Panic(0x11)"
    else:
        assert checked_sub(minuend, subtrahend) + subtrahend == minuend
