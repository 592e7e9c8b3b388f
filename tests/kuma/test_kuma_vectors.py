"""Known numbers of the contracts' own tests, and of late expiries, to the wei."""

from __future__ import annotations

import pytest

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.kuma.contract import kib_token, kuma_swap, rate_feed
from keep3r_replay.protocols.kuma.contract.kib_token import balance_of, total_supply
from keep3r_replay.protocols.kuma.contract.ray import RAY, ray_mul, ray_pow
from tests.kuma.worlds import (
    ALICE,
    BOB,
    DAY,
    HOURS_4,
    START,
    TEN,
    YEAR,
    YIELD_3,
    YIELD_5,
    YIELD_6,
    issue,
    only,
    world,
)

PAR = 1_000_000 * 10**18


def backed(kuma):
    """A world whose smallest coupon is 5 % without a sale."""
    only(kuma).swap.min_coupon = YIELD_5
    return kuma


def test_rates_of_a_year():
    """5 % a second, compounded over a year in the contract's own rounding."""
    assert ray_pow(YIELD_5, YEAR) == 1049999999999999999994184102
    assert ray_pow(YIELD_5, 0) == ray_pow(RAY, 12345) == RAY


def test_balances_accrue_by_epoch():
    """Two mints a year apart: cumulative yields, bases, balances and supply after one year and after two."""
    kuma = backed(world())
    category = only(kuma)
    token = category.kibt
    kib_token.mint(kuma, category, ALICE, TEN)
    kuma.now = START + YEAR + 1_800
    kib_token.mint(kuma, category, BOB, TEN)
    assert token.previous == 1049999999999999999994184102
    assert token.cumulative == 1050002924072129614726973085
    assert token.base_balances[BOB] == 9523809523809523809576561433
    assert balance_of(token, ALICE, kuma.now) == 105 * 10**17
    assert total_supply(token, kuma.now) == 205 * 10**17
    kuma.now += YEAR
    assert balance_of(token, BOB, kuma.now) == 105 * 10**17
    assert balance_of(token, ALICE, kuma.now) == 11025 * 10**15
    assert total_supply(token, kuma.now) == 21525 * 10**15
    assert token.total_base_supply == 19523809523809523809576561433


def test_a_shorter_epoch_moves_balances_at_once():
    """One second before the boundary, an epoch of one hour in place of four adds three hours of yield."""
    kuma = backed(world())
    category = only(kuma)
    kib_token.mint(kuma, category, ALICE, TEN)
    kuma.now = START + HOURS_4 - 1
    change = kib_token.set_epoch_length(kuma, category, ALICE, 3_600)
    assert not change.is_refreshed
    assert balance_of(category.kibt, ALICE, kuma.now) == ray_mul(ray_pow(YIELD_5, 3 * 3_600), TEN)
    kuma.now += 1
    assert balance_of(category.kibt, ALICE, kuma.now) == ray_mul(ray_pow(YIELD_5, 4 * 3_600), TEN)


def test_a_purchase_above_the_price_leaves_a_clone():
    """A 6 % bond sold after a year and bought after two: the clone's principal is the price, its coupon the yield."""
    kuma = world()
    category = only(kuma)
    first = issue(kuma, YIELD_5)
    second = issue(kuma, YIELD_6)
    kuma_swap.sell_bond(kuma, category, ALICE, first)
    kuma.now = START + YEAR
    kuma_swap.sell_bond(kuma, category, ALICE, second)
    assert category.swap.base_values[second] == 10095238095238095238151155119
    kuma.now = START + 2 * YEAR
    bought = kuma_swap.buy_bond(kuma, category, ALICE, second)
    assert (bought.realized, bought.face) == (1113 * 10**16, 11236 * 10**15)
    assert kuma.clones[bought.clone_id].coupon == YIELD_5
    assert kuma.clones[bought.clone_id].principal == bought.realized


def test_a_bond_nobody_expired_costs_more_than_its_face():
    """A year after maturity the price has gone on and the face has not."""
    kuma = world()
    category = only(kuma)
    bond = issue(kuma, YIELD_5)
    kuma_swap.sell_bond(kuma, category, ALICE, bond)
    kuma.now = START + 31 * YEAR
    bought = kuma_swap.buy_bond(kuma, category, ALICE, bond)
    assert (bought.realized, bought.face) == (45380394939081951088, 43219423751506620084)


def test_a_lower_rate_counts_from_the_next_refresh():
    """5 % in the first year and 3 % in the second."""
    kuma = backed(world())
    category = only(kuma)
    kib_token.mint(kuma, category, ALICE, TEN)
    kuma.now = START + YEAR
    rate_feed.transmit(kuma, only(kuma).aggregator, "", YIELD_3)
    kib_token.mint(kuma, category, BOB, TEN)
    kuma.now += YEAR
    balances = balance_of(category.kibt, BOB, kuma.now), balance_of(category.kibt, ALICE, kuma.now)
    assert balances == (103 * 10**17, 10815 * 10**15)
    assert total_supply(category.kibt, kuma.now) == 21115 * 10**15


def test_a_balance_may_lose_a_wei_to_rounding():
    """A balance is recomputed from a rounded base."""
    kuma = backed(world())
    category = only(kuma)
    kib_token.mint(kuma, category, ALICE, 5 * 10**18)
    kuma.now = START + YEAR
    kib_token.mint(kuma, category, BOB, 4745698303631878590)
    kuma.now += YEAR
    balances = balance_of(category.kibt, BOB, kuma.now), balance_of(category.kibt, ALICE, kuma.now)
    assert balances == (4982983218813472519, 55125 * 10**14)


def price(expired_after: int | None, start: int) -> int:
    """The price thirty days after maturity of a bond, sold at `start`, that was expired so many seconds after it."""
    kuma = world(term=YEAR)
    kuma.now = start
    category = only(kuma)
    bond = issue(kuma, YIELD_5, PAR, YEAR)
    kuma_swap.sell_bond(kuma, category, ALICE, bond)
    maturity = start + YEAR
    if expired_after is not None:
        kuma.now = maturity + expired_after
        kuma_swap.expire_bond(kuma, category, bond)
    kuma.now = maturity + 30 * DAY
    category.kibt.base_balances[ALICE] *= 2
    category.kibt.total_base_supply *= 2
    return kuma_swap.buy_bond(kuma, category, ALICE, bond).realized


@pytest.mark.parametrize(
    ("seconds", "excess"),
    [
        (0, 0),
        (1, 1624482255756373),
        (14399, 23391180525018098309),
        (14400, 23392805043462957257),
        (14401, 23394429561910329540),
        (86400, 140364647969112368017),
        (604800, 982946668277075439772),
    ],
)
def test_what_each_second_of_lateness_costs(seconds, excess):
    """A million at 5 % that matures on a boundary: price against that of an expiry at maturity."""
    assert price(0, START) == 1049999999999999999994184
    assert price(seconds, START) - price(0, START) == excess


@pytest.mark.parametrize(("seconds", "excess"), [(10799, 17542930414428189616), (10800, 17544554923825069010)])
def test_the_last_second_of_grace_and_the_first_late_one(seconds, excess):
    """Maturity an hour into an epoch of four: the last permitted second costs less than the first one after it."""
    start = START + 3_600
    maturity = start + YEAR
    assert (maturity + 10800) % HOURS_4 == 0
    assert price(seconds, start) - price(0, start) == excess


@pytest.mark.parametrize(("version", "reverts"), [("1.0", False), ("1.1", True)])
def test_a_transfer_to_oneself(version, reverts):
    """v1 writes the larger balance last and inflates the account; v1.1 refuses."""
    kuma = backed(world(version))
    category = only(kuma)
    kib_token.mint(kuma, category, ALICE, TEN)
    if reverts:
        with pytest.raises(Revert, match="CANNOT_TRANSFER_TO_SELF"):
            kib_token.transfer(kuma, category, ALICE, ALICE, 10**18)
        return
    total = category.kibt.total_base_supply
    kib_token.transfer(kuma, category, ALICE, ALICE, 10**18)
    assert balance_of(category.kibt, ALICE, kuma.now) == 11 * 10**18
    assert category.kibt.total_base_supply == total


def test_a_copy_shares_nothing_that_changes():
    """A world goes on after it was copied, and the copy stays where it was."""
    kuma = backed(world())
    kib_token.mint(kuma, only(kuma), ALICE, TEN)
    copy = kuma.copy()
    kib_token.burn(kuma, only(kuma), ALICE, TEN)
    issue(kuma, YIELD_5)
    assert balance_of(only(copy).kibt, ALICE, copy.now) == TEN
    assert copy.bond_token.counter == 0
