"""A swap's fields follow from the pool before it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keep3r_replay.uniswap_v3.oracle import Pool
from keep3r_replay.uniswap_v3.swap_check import swap_contradiction
from keep3r_replay.uniswap_v3.tick_math import sqrt_ratio

LIQUIDITY = 10**21


def pool_at_one():
    """A pool at price one with liquidity everywhere."""
    pool = Pool("0xpool", "0x0", "0x1", 200)
    pool.initialize(0, 2**96, 0)
    pool.change_liquidity(0, -887_200, 887_200, LIQUIDITY)
    return pool


def swap_to(pool, tick, liquidity=LIQUIDITY):
    """The fields of a swap to the price at `tick`, with the amount out of one step."""
    start, end = pool.sqrt_price_x96, sqrt_ratio(tick)
    if end < start:
        return 1, -(liquidity * (start - end) // 2**96), end, liquidity, tick
    return -((liquidity * 2**96 * (end - start) // end) // start), 1, end, liquidity, tick


@given(st.integers(-5_000, 5_000).filter(bool))
def test_a_right_swap_is_accepted(tick):
    """Within one range and word of the bitmap the amount out is that of the price's move."""
    pool = pool_at_one()
    if tick // 51_200 == 0:
        assert swap_contradiction(pool, *swap_to(pool, tick)) is None


@given(st.integers(10, 5_000), st.sampled_from(["amount", "price", "liquidity", "tick"]))
def test_a_wrong_field_is_named(tick, wrong):
    """One wei more paid out, another price, liquidity or tick contradict the pool."""
    pool = pool_at_one()
    amount0, amount1, price, liquidity, tick = swap_to(pool, tick)
    found = {
        "amount": swap_contradiction(pool, amount0 - 1, amount1, price, liquidity, tick),
        "price": swap_contradiction(pool, amount0, amount1, 2**96 - 1, liquidity, tick),
        "liquidity": swap_contradiction(pool, amount0, amount1, price, liquidity + 1, tick),
        "tick": swap_contradiction(pool, amount0, amount1, price, liquidity, tick + 2),
    }[wrong]
    assert found is not None
    names = {"amount": "amount0", "price": "sqrt_price_x96", "liquidity": "liquidity", "tick": "tick"}
    assert found.field == names[wrong]
    assert found.expected != found.observed


@pytest.mark.parametrize("tick", [-900, 900])
def test_liquidity_follows_from_the_positions_crossed(tick):
    """Crossing a position's end changes the liquidity by exactly that position."""
    pool = pool_at_one()
    pool.change_liquidity(0, -400, 400, 7)
    assert pool.liquidity == LIQUIDITY + 7
    inner, outer = swap_to(pool, 400 if tick > 0 else -400, LIQUIDITY + 7), None
    middle = pool_at_one()
    middle.sqrt_price_x96 = sqrt_ratio(400 if tick > 0 else -400)
    outer = swap_to(middle, tick)
    fields = (inner[0] + outer[0] if tick > 0 else 1, 1 if tick > 0 else inner[1] + outer[1], *outer[2:])
    assert swap_contradiction(pool, *fields) is None
    assert swap_contradiction(pool, *fields[:3], LIQUIDITY + 7, tick).field == "liquidity"


def test_a_position_that_is_burned_whole_leaves_no_boundary():
    """A tick is initialized only while a position ends there."""
    pool = pool_at_one()
    pool.change_liquidity(0, -400, 400, 7)
    pool.change_liquidity(0, -400, 400, -7)
    assert pool.initialized_ticks == [-887_200, 887_200]
    assert pool.liquidity == LIQUIDITY
