"""A swap's fields follow from the pool before it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keep3r_replay.protocols.keep3r_v2.scenario.swaps import swap_in
from keep3r_replay.protocols.keep3r_v2.scenario.swaps import swap_to as scenario_swap_to
from keep3r_replay.uniswap_v3.oracle import Pool
from keep3r_replay.uniswap_v3.swap_check import swap_contradiction
from keep3r_replay.uniswap_v3.swap_math import price_after_output, taken, with_fee
from keep3r_replay.uniswap_v3.tick_math import sqrt_ratio, tick_at

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


@given(st.integers(1, 10**22), st.booleans())
def test_the_amount_that_comes_in_is_held_against_price_and_fee(amount, sells_token0):
    """An exact input is accepted, over any number of steps; a hundredth more, which leads elsewhere, is named."""
    pool = pool_with_a_fee()
    swapped = swap_in(pool, pool.fee, amount, sells_token0=sells_token0)
    if swapped.sqrt_price_x96 == pool.sqrt_price_x96:
        return
    assert swap_contradiction(pool, *swapped) is None
    more = amount // 50 + 100
    amounts = (swapped.amount0 + more * sells_token0, swapped.amount1 + more * (not sells_token0))
    found = swap_contradiction(pool, *amounts, *swapped[2:])
    assert found.field == ("amount0" if sells_token0 else "amount1")
    assert found.observed == amounts[not sells_token0]


@given(st.integers(-9_000, 9_000).filter(bool))
def test_a_swap_to_a_price_takes_what_the_price_says(tick):
    """A swap that ends at a price that was asked for is accepted; a hundredth less taken for it is not."""
    pool = pool_with_a_fee()
    swapped = scenario_swap_to(pool, pool.fee, sqrt_ratio(tick))
    assert swap_contradiction(pool, *swapped) is None
    less = [amount - amount // 100 if amount > 0 else amount for amount in swapped[:2]]
    assert swap_contradiction(pool, *less, *swapped[2:]).field == ("amount1" if tick > 0 else "amount0")


@given(st.integers(10**15, 10**19), st.booleans())
def test_an_exact_amount_out_is_accepted(amount, sells_token0):
    """A swap that asks for an amount out stops at the first price that frees it, and pays just that."""
    pool = pool_with_a_fee()
    start, liquidity = pool.sqrt_price_x96, pool.liquidity
    end = price_after_output(start, liquidity, amount, falls=sells_token0)
    took = with_fee(taken(start, end, liquidity, falls=sells_token0), pool.fee)
    amounts = (took, -amount) if sells_token0 else (-amount, took)
    fields = (end, liquidity, tick_at(end))
    assert swap_contradiction(pool, *amounts, *fields) is None
    less = (took, -(amount - 10**12)) if sells_token0 else (-(amount - 10**12), took)
    assert swap_contradiction(pool, *less, *fields).field == ("amount1" if sells_token0 else "amount0")


def test_a_rising_price_does_not_end_below_its_tick():
    """Only a price that falls may stand on the price of the tick above its own."""
    pool = pool_with_a_fee()
    up, down = (scenario_swap_to(pool, pool.fee, sqrt_ratio(tick)) for tick in (400, -400))
    assert swap_contradiction(pool, *up[:4], 399).field == "tick"
    assert swap_contradiction(pool, *down[:4], down.tick) is None


def pool_with_a_fee():
    """A pool of one per cent with a narrow position within a wide one."""
    pool = Pool("0xpool", "0x0", "0x1", 200, 10_000)
    pool.initialize(0, 2**96, 0)
    pool.change_liquidity(0, -887_200, 887_200, LIQUIDITY)
    pool.change_liquidity(0, -400, 600, LIQUIDITY)
    return pool


def test_a_position_that_is_burned_whole_leaves_no_boundary():
    """A tick is initialized only while a position ends there."""
    pool = pool_at_one()
    pool.change_liquidity(0, -400, 400, 7)
    pool.change_liquidity(0, -400, 400, -7)
    assert pool.initialized_ticks == [-887_200, 887_200]
    assert pool.liquidity == LIQUIDITY
