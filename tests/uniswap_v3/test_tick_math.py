"""Square-root prices of ticks."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.uniswap_v3.tick_math import MAX_TICK, sqrt_ratio

KNOWN = {
    -887272: 4295128739,
    887272: 1461446703485210103287273052203988822378723970342,
    0: 2**96,
    23027: 250541420775534450580036817218,
    -23027: 25054147597456445214093764435,
}
TICKS = st.integers(-MAX_TICK, MAX_TICK)


@pytest.mark.parametrize(("tick", "ratio"), KNOWN.items())
def test_known_values(tick, ratio):
    """The ends, the middle and two ticks between have the values that the contract gives."""
    assert sqrt_ratio(tick) == ratio


@given(st.integers(-MAX_TICK, MAX_TICK - 1))
def test_every_tick_is_dearer_than_the_one_below(tick):
    """The ratio rises strictly with the tick."""
    assert sqrt_ratio(tick) < sqrt_ratio(tick + 1)


@given(st.integers(-400_000, 400_000))
def test_a_ratio_is_the_root_of_the_power_of_1_0001(tick):
    """The ratio differs from the true square root by less than one part in a billion."""
    power = Fraction(10_001, 10_000) ** (tick % 20)
    root = 1
    steps = abs(tick) // 20
    # 1.0001**20 as a Q256 fixed-point number, raised by squaring.
    base = (10_001**20 << 256) // 10_000**20 if tick >= 0 else (10_000**20 << 256) // 10_001**20
    value = 1 << 256
    exponent = steps if tick >= 0 else -(tick // 20)
    while exponent:
        if exponent & 1:
            value = value * base >> 256
        base = base * base >> 256
        exponent >>= 1
    value = value * power.numerator // power.denominator
    root = isqrt(value << 192 >> 256) if value >> 200 else 0
    if root > 10**12:
        assert abs(sqrt_ratio(tick) - root) * 10**9 < root


@given(TICKS)
def test_opposite_ticks_are_reciprocal(tick):
    """The product of a tick's ratio and its opposite's is 2**192, up to rounding."""
    product = sqrt_ratio(tick) * sqrt_ratio(-tick)
    assert abs(product - 2**192) <= max(sqrt_ratio(tick), sqrt_ratio(-tick)) * 2


@pytest.mark.parametrize("tick", [MAX_TICK + 1, -MAX_TICK - 1, 2**23 - 1])
def test_beyond_the_ends_it_reverts(tick):
    """Outside of the range the contract reverts with the letter T."""
    with pytest.raises(Revert) as raised:
        sqrt_ratio(tick)
    assert raised.value.name == "Error(T)"
