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
    cached_price_bounds,
    nearest_gas,
    root_price_bounds,
    root_price_gas,
)
from keep3r_replay.protocols.keep3r_v2.replay.slot_gas import (
    COLD_SLOT,
    METER_LATENESS,
    WRITE_AGAIN,
    WRITE_CHANGE,
    WRITE_FROM_ZERO,
    Booking,
    PaymentSlots,
    early_gas,
    lateness,
    silent_lateness,
    viewed_lateness,
    write_gas,
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


ORDINARY = early_gas(meter=frozenset({COLD_SLOT + WRITE_CHANGE}), warm=False)
BOOKING = Booking(WRITE_CHANGE, False, WRITE_CHANGE, WRITE_CHANGE, WRITE_CHANGE, False)


def test_an_ordinary_work_is_late_by_one_of_two_sums():
    """One of `isKeeper` and one of `isBondedKeeper`, which warms the slot of the keeper's earnings; both were seen."""
    assert lateness(ORDINARY, BOOKING) == {-10_440, 7_280 + 6_810 - (17_720 - 2_000)}


def test_what_was_seen_of_other_works_follows_from_their_slots():
    """A reward before, a first payment, a second work in the block, a first work: each gives the lateness seen."""
    assert -7_640 in lateness(ORDINARY, BOOKING.__class__(2_900, False, WRITE_AGAIN, 2_900, 2_900, False))
    assert -5_540 in lateness(ORDINARY, BOOKING.__class__(2_900, True, WRITE_AGAIN, 2_900, 2_900, False))
    assert -41_840 in lateness(ORDINARY, BOOKING.__class__(100, False, 2_900, WRITE_FROM_ZERO, WRITE_FROM_ZERO, False))


@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
def test_a_write_costs_what_the_evm_says(original, current, new):
    """Nothing new, or a slot written before: 100. Else 20,000 from zero and 2,900 from any other value."""
    expected = 100 if new == current or current != original else 2_900 if original else 20_000
    assert write_gas(original, current, new) == expected


@given(SLOTS, st.booleans(), st.booleans())
def test_accesses_in_silence_allow_for_all_that_is_told(slots, reads_worked_at, reads_earned):
    """Whatever the events tell of the slots, the lateness lies among what silent accesses allow."""
    worked_at = 100 if slots.works_again else 20_000 if slots.first_work else 2_900
    bonds, earned = (20_000 if first else 2_900 for first in (slots.first_bond, slots.first_payment))
    booking = Booking(worked_at, reads_worked_at, 2_900, bonds, earned, reads_earned)
    for cost in (100, COLD_SLOT + 100, COLD_SLOT + 2_900, COLD_SLOT + 20_000):
        for warm in (False, True):
            told = lateness(early_gas(meter=frozenset({cost}), warm=warm), booking)
            viewed = viewed_lateness(early_gas(meter=frozenset({cost, WRITE_AGAIN}), warm=True), booking)
            assert told <= viewed <= silent_lateness(slots)


def test_what_views_warm_is_allowed_for_and_no_write_is():
    """A look at the keeper's earnings, or a validation that failed before, costs less; a write costs what is told."""
    viewed = viewed_lateness(early_gas(meter=frozenset({COLD_SLOT + WRITE_CHANGE, WRITE_AGAIN}), warm=True), BOOKING)
    usual = -10_440
    assert usual + 2_000 in viewed, "the earnings were looked up"
    assert usual - 7_280 + 380 in viewed, "a validation failed before: its write of the meter, and its read, are warm"
    assert usual + 2_800 not in viewed, "nothing but an event's function writes the job's credits before"
    assert usual + 17_100 not in viewed, "nor makes a first payment a later one"


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
    late = data.draw(st.sampled_from(sorted(silent_lateness(slots))))
    paid = gas * (mul_div(2**96, record, _root(tick)) * boost // 10_000) // record
    found = root_price_gas(paid, gas - late, boost, tick * WINDOW, WINDOW, silent_lateness(slots), told_here=True)
    assert found is not None
    assert found - (gas - late) in silent_lateness(slots)


def test_half_a_payment_of_2_0_is_not_explained():
    """No sum of gas costs reaches down to half of what a work of ordinary gas is paid."""
    slots = PaymentSlots(works_again=False, first_work=False, first_bond=False, first_payment=False)
    least, _ = root_price_bounds(400_000, 330 * 10**12, -23_000 * WINDOW, WINDOW, told_here=True)
    late = silent_lateness(slots)
    assert root_price_gas(least // 2, 400_000, 330 * 10**12, -23_000 * WINDOW, WINDOW, late, told_here=True) is None
    assert nearest_gas(least // 2, 400_000, 330 * 10**12, -23_000 * WINDOW, WINDOW, late) == 400_000 + min(late)


def _root(tick):
    from keep3r_replay.uniswap_v3.tick_math import sqrt_ratio

    return sqrt_ratio(tick)
