"""Fields of Mint and Burn follow from the pool before them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keep3r_replay.uniswap_v3.oracle import Pool
from keep3r_replay.uniswap_v3.position_check import (
    Position,
    burn_contradiction,
    mint_contradiction,
    tick_of_mint,
)
from keep3r_replay.uniswap_v3.swap_math import position_amounts
from keep3r_replay.uniswap_v3.tick_math import sqrt_ratio

TICKS = st.integers(-4_000, 4_000)
BOUNDS = st.tuples(st.integers(-20, 19), st.integers(1, 20)).map(lambda two: (two[0] * 200, (two[0] + two[1]) * 200))
LIQUIDITY = st.integers(1, 10**24)


def pool_at(tick):
    """A pool of one per cent at a tick, with nothing in it."""
    pool = Pool("0xpool", "0x0", "0x1", 200, 10_000)
    pool.initialize(0, sqrt_ratio(tick), tick)
    return pool


def amounts(pool, bounds, liquidity, *, up):
    """What a position of the pool is worth."""
    return position_amounts(pool.sqrt_price_x96, sqrt_ratio(bounds[0]), sqrt_ratio(bounds[1]), liquidity, up=up)


@given(TICKS, BOUNDS, LIQUIDITY)
def test_a_mint_and_its_burn_are_accepted_and_cost_a_wei_at_most(tick, bounds, liquidity):
    """A mint's amounts, rounded up, and the burn's, rounded down, follow from the pool; they hardly differ."""
    pool, position = pool_at(tick), Position("owner", *bounds)
    minted = amounts(pool, bounds, liquidity, up=True)
    assert mint_contradiction(pool, position, liquidity, *minted) is None
    pool.change_liquidity(0, *bounds, liquidity)
    pool.change_position(*position, liquidity)
    burned = amounts(pool, bounds, liquidity, up=False)
    assert burn_contradiction(pool, position, liquidity, *burned) is None
    assert all(0 <= up - down <= 2 for up, down in zip(minted, burned, strict=True))


@given(TICKS, BOUNDS, LIQUIDITY, st.sampled_from([-1, 1]), st.sampled_from([0, 1]))
def test_a_wei_more_or_less_is_named(tick, bounds, liquidity, error, token):
    """An amount of a mint or a burn that is a wei off contradicts the pool, with the right amount."""
    pool, position = pool_at(tick), Position("owner", *bounds)
    for check, up in ((mint_contradiction, True), (burn_contradiction, False)):
        right = amounts(pool, bounds, liquidity, up=up)
        wrong = [amount + error * (position == token) for position, amount in enumerate(right)]
        found = check(pool, position, liquidity, *wrong)
        assert found == (f"amount{token}", right[token], wrong[token])
        pool.change_liquidity(0, *bounds, liquidity)
        pool.change_position(*position, liquidity)


@pytest.mark.parametrize(
    ("bounds", "name"),
    [
        ((-100, 200), "tick_lower"),
        ((-200, 201), "tick_upper"),
        ((-887_400, 0), "tick_lower"),
        ((200, 200), "tick_upper"),
    ],
)
def test_ticks_that_no_position_has_are_named(bounds, name):
    """Ends off the pool's spacing, beyond the last tick, or in the wrong order."""
    found = mint_contradiction(pool_at(0), Position("owner", *bounds), 1, 0, 0)
    assert found.field == name
    assert found.expected != found.observed


def test_no_more_is_burned_than_the_position_holds():
    """A burn that is logged twice takes liquidity that is not there, though others have some at the same ticks."""
    pool = pool_at(0)
    for owner in ("one", "other"):
        pool.change_liquidity(0, -200, 200, 10**20)
        pool.change_position(owner, -200, 200, 10**20)
    pool.change_position("one", -200, 200, -(10**20))
    found = burn_contradiction(pool, Position("one", -200, 200), 10**20, 0, 0)
    assert found == ("amount", 0, 10**20)


def test_a_mint_of_nothing_is_named():
    """The pool refuses to mint nothing."""
    assert mint_contradiction(pool_at(0), Position("owner", -200, 200), 0, 0, 0).field == "amount"


@pytest.mark.slow
@given(TICKS, st.integers(10**18, 10**24))
def test_a_mint_tells_the_tick_of_an_unknown_price(tick, liquidity):
    """The amount of token 1 leads to the pool's tick, or its neighbour where the price stands on the edge of both."""
    bounds = (-887_200, 887_200)
    _, amount1 = amounts(pool_at(tick), bounds, liquidity, up=True)
    assert tick_of_mint(Position("owner", *bounds), liquidity, amount1) in {tick, tick - 1}
