"""Bounds of payments whose terms events tell only in part."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from keep3r_replay.evm.arithmetic import mul_div
from keep3r_replay.protocols.keep3r_v2.contract.helper import eth_quote, price_fraction
from keep3r_replay.protocols.keep3r_v2.contract.quoting import kp3rs_at_tick
from keep3r_replay.protocols.keep3r_v2.replay.bounds import (
    GAS_AFTER_RECORD,
    LOG_GAS,
    METER_LATENESS,
    PaymentSlots,
    cached_price_bounds,
    lateness,
    root_price_bounds,
    root_price_gas,
)

WINDOW = 432_000
GAS = st.integers(60_000, 5_000_000)
BOOST = st.integers(11_000 * 10**9, 12_000 * 500 * 10**9)
TICK = st.integers(-60_000, 60_000)
SLOTS = st.builds(PaymentSlots, st.booleans(), st.booleans(), st.booleans(), st.booleans())


def records(gas):
    """Values that the record may have for `gas` from meter to end of measure."""
    return st.integers(max(LOG_GAS, gas - GAS_AFTER_RECORD), gas)


def test_the_lateness_of_the_meter_holds_every_value_seen():
    """The gas between setting the meter and its log was one of seven values on a real EVM, and all are foreseen."""
    assert {380, 2380, 4480, 7280, 14090, 24380, 31190} <= METER_LATENESS


def test_the_lateness_of_a_work_holds_its_usual_values():
    """An ordinary work, one after a reward, one of a keeper's first payment, and a second one: gas costs give each."""
    usual = lateness(PaymentSlots(works_again=False, first_work=False, first_bond=False, first_payment=False))
    assert {-10_440, -7_640, -5_540, -13_240} <= usual
    again = lateness(PaymentSlots(works_again=True, first_work=False, first_bond=False, first_payment=False))
    assert {-2_040, 4_860} <= again
    first = lateness(PaymentSlots(works_again=False, first_work=False, first_bond=True, first_payment=True))
    assert -41_840 in first


@given(GAS, BOOST, TICK, st.data())
def test_every_payment_of_2_1_lies_within_its_bounds(gas, boost, tick, data):
    """Whatever the record of gas was, the amount that the contract computes lies between the bounds."""
    record = data.draw(records(gas))
    price = price_fraction(tick * WINDOW, WINDOW)
    paid = gas * eth_quote(record * boost // 10_000, tick * WINDOW, WINDOW) // record
    least, most = cached_price_bounds(gas, boost, price, told_here=True)
    assert least <= paid <= most


@given(st.integers(100_000, 5_000_000), BOOST, st.integers(-30_000, -15_000), st.sampled_from([-1, 1]))
def test_a_payment_of_2_1_changed_by_a_billionth_lies_outside(gas, boost, tick, sign):
    """At prices as KP3R had them, the bounds are narrower than a billionth of the payment."""
    price = price_fraction(tick * WINDOW, WINDOW)
    paid = gas * eth_quote(gas * boost // 10_000, tick * WINDOW, WINDOW) // gas
    least, most = cached_price_bounds(gas, boost, price, told_here=True)
    assert not least <= paid + sign * (paid // 10**9) <= most


@given(GAS, BOOST, TICK, st.data())
def test_every_payment_of_2_0_lies_within_the_bounds_of_its_gas(gas, boost, tick, data):
    """Whatever the record of gas was, the amount that the contract computes lies between the bounds."""
    record = data.draw(records(gas))
    paid = gas * (kp3rs_at_tick(record, tick * WINDOW, WINDOW) * boost // 10_000) // record
    least, most = root_price_bounds(gas, boost, tick * WINDOW, WINDOW, told_here=True)
    assert least <= paid <= most


@given(st.integers(150_000, 5_000_000), BOOST, st.integers(-30_000, 0), SLOTS, st.data())
def test_every_payment_of_2_0_is_explained_by_the_gas_that_events_tell(gas, boost, tick, slots, data):
    """Whichever sum of gas costs stands between the gas told and the gas paid for, the search finds an explanation."""
    record = data.draw(records(gas))
    late = data.draw(st.sampled_from(sorted(lateness(slots))))
    paid = gas * (mul_div(2**96, record, _root(tick)) * boost // 10_000) // record
    found = root_price_gas(paid, gas - late, boost, tick * WINDOW, WINDOW, slots, told_here=True)
    assert found is not None
    assert found - (gas - late) in lateness(slots)


def test_half_a_payment_of_2_0_is_not_explained():
    """No sum of gas costs reaches down to half of what a work of ordinary gas is paid."""
    slots = PaymentSlots(works_again=False, first_work=False, first_bond=False, first_payment=False)
    least, _ = root_price_bounds(400_000, 330 * 10**12, -23_000 * WINDOW, WINDOW, told_here=True)
    assert root_price_gas(least // 2, 400_000, 330 * 10**12, -23_000 * WINDOW, WINDOW, slots, told_here=True) is None


def _root(tick):
    from keep3r_replay.uniswap_v3.tick_math import sqrt_ratio

    return sqrt_ratio(tick)
