"""Swaps of the simulation: what a pool would do, to the wei."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.scenario.swaps import full_range, position_amounts, swap_in, swap_to
from keep3r_replay.uniswap_v3.oracle import Pool
from keep3r_replay.uniswap_v3.swap_check import swap_contradiction
from keep3r_replay.uniswap_v3.tick_math import MAX_TICK, sqrt_ratio, tick_at

FEE, SPACING = 10_000, 200
LIQUIDITY = 5 * 10**21


def pool_at(tick, *positions):
    """A pool with a full-range position, and others as (lower, upper, liquidity)."""
    pool = Pool("0xpool", "0xtoken0", "0xtoken1", SPACING)
    pool.initialize(0, sqrt_ratio(tick), tick)
    for lower, upper, liquidity in ((*full_range(SPACING), LIQUIDITY), *positions):
        pool.change_liquidity(0, lower, upper, liquidity)
    return pool


ticks = st.integers(-60_000, 60_000)
amounts = st.integers(1, 10**24)
bounds = st.integers(-400, 400).map(lambda n: n * SPACING)
positions = st.tuples(bounds, bounds, st.integers(1, 10**22)).filter(lambda one: one[0] < one[1])


@given(ticks, amounts, st.booleans(), st.lists(positions, max_size=3))
def test_a_swap_passes_the_check_of_the_replay(tick, amount, sells_token0, others):
    """Whatever is paid in, across whatever positions, what is paid out follows from the pool's price and liquidity."""
    pool = pool_at(tick, *others)
    swapped = swap_in(pool, FEE, amount, sells_token0=sells_token0)
    assert swap_contradiction(pool, *swapped) is None
    assert swapped.amount0 == amount if sells_token0 else swapped.amount1 == amount
    assert swapped.tick in {tick_at(swapped.sqrt_price_x96), tick_at(swapped.sqrt_price_x96) - 1}


@given(ticks, ticks, st.lists(positions, max_size=3))
def test_a_swap_to_a_price_ends_there(start, end, others):
    """A swap to the price of a tick ends at exactly that price, and passes the check too."""
    pool = pool_at(start, *others)
    swapped = swap_to(pool, FEE, sqrt_ratio(end))
    if start == end:
        assert swapped is None
        return
    assert swapped.sqrt_price_x96 == sqrt_ratio(end)
    assert swap_contradiction(pool, *swapped) is None


def test_more_in_than_the_check_expects_is_refused():
    """The check is sharp: one wei more paid out contradicts the pool."""
    pool = pool_at(0)
    swapped = swap_in(pool, FEE, 10**18, sells_token0=True)
    assert swap_contradiction(pool, *swapped._replace(amount1=swapped.amount1 - 1)) is not None


@given(ticks, amounts)
def test_there_and_back_costs(tick, amount):
    """Selling what was just bought gives less than was paid: the fee, and every rounding, stays with the pool."""
    pool = pool_at(tick)
    out = swap_in(pool, FEE, amount, sells_token0=True)
    if not out.amount1:
        return
    pool.swap(1, out.sqrt_price_x96, out.liquidity, out.tick)
    back = swap_in(pool, FEE, -out.amount1, sells_token0=False)
    assert -back.amount0 < amount


@given(ticks, st.integers(1, 10**24))
def test_a_position_pays_out_at_most_what_it_took(tick, liquidity):
    """What liquidity is worth is rounded up on the way in and down on the way out."""
    pool = pool_at(tick)
    taken = position_amounts(pool, *full_range(SPACING), liquidity, taken=True)
    paid = position_amounts(pool, *full_range(SPACING), liquidity, taken=False)
    assert all(0 <= low <= high <= low + 2 for low, high in zip(paid, taken, strict=True))


@pytest.mark.parametrize(("amount", "limit", "error"), [(0, None, "Error(AS)"), (1, sqrt_ratio(5), "Error(SPL)")])
def test_what_the_pool_refuses(amount, limit, error):
    """No amount, or a limit on the wrong side of the price, reverts as in the pool."""
    with pytest.raises(Revert) as caught:
        swap_in(pool_at(0), FEE, amount, sells_token0=True, limit=limit)
    assert caught.value.name == error


@given(st.integers(-MAX_TICK, MAX_TICK))
def test_ticks_and_prices_agree(tick):
    """The tick of a tick's price is that tick; one unit below it is the tick before."""
    assert tick_at(sqrt_ratio(tick)) == tick
    if tick > -MAX_TICK:
        assert tick_at(sqrt_ratio(tick) - 1) == tick - 1
