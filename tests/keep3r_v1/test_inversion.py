"""The closed form of an inversion is what a search by bisection finds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keep3r_replay.protocols.keep3r_v1.contract.helpers import HELPERS, Pricing, Source, invert
from keep3r_replay.uniswap_v2.pair import Rate

MOST_GAS = 2**40
ETHER = 10**18


def _by_bisection(pricing: Pricing, amount: int) -> int | None:
    low, high = 0, MOST_GAS
    if pricing.limit(high) < amount:
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if pricing.limit(middle) >= amount else (middle + 1, high)
    return low


RATES = {
    Source.FEED: st.just(Rate(1, 1)),
    Source.QUOTE: st.tuples(st.integers(1, 2**80), st.integers(1, 10**6)).map(
        lambda each: Rate(each[0], each[1] * ETHER)
    ),
}
PRICES = st.integers(2**100, 2**120).map(lambda price: Rate(price, 1 << 112, bits=144))


@pytest.mark.slow
@pytest.mark.parametrize("helper", HELPERS)
@given(st.data())
def test_closed_form_equals_bisection(helper, data):
    """For any price, feed and bond the smallest gas found without a search is the one that a search finds."""
    rules = HELPERS[helper]
    rate = data.draw(RATES.get(rules.source, PRICES))
    pricing = Pricing(rules, data.draw(st.integers(1, 10**12)), rate, data.draw(st.integers(0, 400 * ETHER)))
    gas = data.draw(st.integers(0, 10**7))
    amount = max(0, pricing.limit(gas) + data.draw(st.sampled_from([0, 0, 1, -1, 10**9])))
    found = pricing.smallest_gas(amount)
    if found is None or found <= MOST_GAS:
        assert found == _by_bisection(pricing, amount)
    assert invert(pricing, 0) == (0, False)


def test_a_feed_without_an_answer_pays_nothing():
    """With an answer of zero no gas reaches a payment."""
    assert Pricing(HELPERS["seed"], 0, Rate(1, 1), 0).smallest_gas(1) is None
