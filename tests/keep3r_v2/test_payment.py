"""The payment formula of 2.2 and 2.3, and its inverse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.contract.helper import (
    Helper,
    HelperParameters,
    eth_quote,
    gas_for_payment,
    payment,
)
from keep3r_replay.protocols.keep3r_v2.contract.versions import HELPER_RULES
from keep3r_replay.uniswap_v3.oracle import Pool

ETHER = 10**18
GAS = st.integers(1, 60_000_000)
BOOSTS = st.integers(11_000, 12_000 * 10**13)
QUOTES = st.integers(10**14, 10**22)


def helper(version="2.3", **changes):
    """A helper with mainnet's parameters, whose pool has stood at tick 23027 for a day."""
    parameters = {
        "min_boost": 11_000,
        "max_boost": 12_000,
        "target_bond": 200 * ETHER,
        "work_extra_gas": 50_000,
        "quote_twap_time": 600,
        "kp3r_weth_pool": "0xpool",
        "is_kp3r_token0": True,
        "keep3r_v2": "0x",
        "min_base_fee": 15 * 10**9,
        "min_priority_fee": 2 * 10**9,
    }
    pool = Pool("0xpool", "0x0", "0x1", 200)
    pool.initialize(1_000_000, 2**96, 23_027)
    return Helper("0xhelper", HELPER_RULES[version], HelperParameters(**parameters | changes), {"0xpool": pool})


@given(GAS, BOOSTS, QUOTES)
def test_gas_for_payment_inverts_payment(gas, boost, quote):
    """Where only one amount of gas gives a payment, it is found; where two do, none is named."""
    amount = payment(gas, boost, quote)
    unique = payment(gas - 1, boost, quote) != amount != payment(gas + 1, boost, quote)
    assert gas_for_payment(amount, boost, quote) == (gas if unique and amount > 0 else None)


@given(st.integers(1, 10**20), BOOSTS, QUOTES)
def test_gas_is_only_named_for_what_the_formula_gives(amount, boost, quote):
    """Whatever gas is named gives exactly the amount."""
    gas = gas_for_payment(amount, boost, quote)
    assert gas is None or payment(gas, boost, quote) == amount


@given(GAS, BOOSTS, QUOTES)
def test_payment_rises_with_gas(gas, boost, quote):
    """More gas never pays less."""
    assert payment(gas, boost, quote) <= payment(gas + 1, boost, quote)


def test_payment_by_hand():
    """100,000 gas at 17 gwei, boosted 1.1 times, at 10 KP3R an ETH, cut after each step."""
    boost = 11_000 * 17 * 10**9
    assert payment(100_000, boost, 10 * ETHER) == 100_000 * 17 * 11 * 10**8 * 10
    assert payment(3, 3_333, 10 * ETHER) == 0
    assert payment(7, 3_333, 10 * ETHER) == 20


@pytest.mark.parametrize(
    ("version", "block_base_fee", "fee"),
    [
        ("2.2_first", 7, 7),
        ("2.2", 7, 15 * 10**9),
        ("2.2", 20 * 10**9, 22 * 10**9),
        ("2.3", 13 * 10**9, 15 * 10**9),
        ("2.3", 13 * 10**9 + 1, 15 * 10**9 + 1),
    ],
)
def test_base_fee_has_a_floor_since_the_second_helper(version, block_base_fee, fee):
    """The first helper takes the block's base fee; later ones add a priority fee and have a minimum."""
    assert helper(version).base_fee(block_base_fee) == fee


@pytest.mark.parametrize(("bonds", "cap"), [(0, 11_000), (100, 11_500), (200, 12_000), (10_000, 12_000)])
def test_boost_rises_with_bonds_up_to_the_target(bonds, cap):
    """Bonds raise the boost linearly until the target."""
    assert helper().reward_boost(bonds * ETHER, 20 * 10**9) == cap * 22 * 10**9


def test_boost_fails_as_the_contract_does():
    """A target of zero divides by zero; a maximum below the minimum underflows."""
    with pytest.raises(Revert) as raised:
        helper(target_bond=0).reward_boost(ETHER, 1)
    assert raised.value.name == "Panic(0x12)"
    with pytest.raises(Revert) as raised:
        helper(max_boost=10_999).reward_boost(ETHER, 1)
    assert raised.value.name == "Panic(0x11)"


def test_a_quote_follows_the_average_tick():
    """At tick 23027 of KP3R as token 0 an ETH buys a tenth of a KP3R; turned round, ten."""
    now = 1_086_400
    # WETH for KP3R is 1.0001**23027, so KP3R for WETH is its inverse.
    quote = helper().quote(ETHER, now)
    assert abs(quote - ETHER // 10) < ETHER // 10**4
    assert abs(helper(is_kp3r_token0=False).quote(ETHER, now) - 10 * ETHER) < ETHER // 10**2
    assert helper().quote_one_ether(now) == quote


def test_a_quote_over_no_time_divides_by_zero():
    """A twap of zero seconds reverts."""
    with pytest.raises(Revert) as raised:
        helper(quote_twap_time=0).quote(ETHER, 1_086_400)
    assert raised.value.name == "Panic(0x12)"


def test_a_quote_of_a_forgotten_time_is_old():
    """The pool must remember the start of the window."""
    with pytest.raises(Revert) as raised:
        helper(quote_twap_time=90_000).quote(ETHER, 1_086_400)
    assert raised.value.name == "Error(OLD)"


@given(st.integers(-60_000, 60_000))
def test_the_two_branches_of_the_quote_agree(tick):
    """The coarser branch for ratios above 128 bits differs from the exact price by less than one part in 10**15."""
    quoted = eth_quote(ETHER, tick * 600, 600)
    inverse = eth_quote(ETHER, -tick * 600, 600)
    assert abs(quoted * inverse - ETHER * ETHER) <= (quoted + inverse) * 2 + 10**21
