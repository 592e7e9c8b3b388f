"""Terms of the bounds of a payment in 2.0 and 2.1: the cached price, the gas, and what both leave open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import Revert, truncating_div
from keep3r_replay.protocols.keep3r_v2.audit.explain_quote import Term
from keep3r_replay.protocols.keep3r_v2.contract.helper import BOOST_BASE, price_fraction
from keep3r_replay.protocols.keep3r_v2.contract.versions import Payment
from keep3r_replay.protocols.keep3r_v2.contract.work import cached_tick_difference
from keep3r_replay.protocols.keep3r_v2.replay.bounds import least_record
from keep3r_replay.uniswap_v3.tick_math import sqrt_ratio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r
    from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import Explained


def cached_price_terms(keep3r: Keep3r) -> Iterator[Term]:
    """The cached observation of the KP3R/WETH pool that a work is priced by, after the job's accountance."""
    section = "quote"
    window = keep3r.parameters.reward_period_time
    cache = keep3r.approvals[keep3r.parameters.kp3r_weth_pool].tick
    difference = cached_tick_difference(keep3r)
    yield Term(section, "kp3r_weth_pool", keep3r.parameters.kp3r_weth_pool, "parameter of Keep3r")
    yield Term(section, "observed_period", cache.period, "start of the period of the cached observation, s")
    yield Term(section, "tick_difference", difference, "cached gain of tickCumulative in a period, KP3R first")
    try:
        tick = truncating_div(difference, window)
        ratio = sqrt_ratio(tick)
    except Revert as revert:
        yield Term(section, "average_tick", f"reverts: {revert.name}", "tick_difference / reward_period_time")
        return
    yield Term(section, "average_tick", tick, "tick_difference / reward_period_time, cut toward zero")
    yield Term(section, "sqrt_ratio", ratio, "1.0001 ** (average_tick / 2) * 2 ** 96")


def bounds_terms(keep3r: Keep3r, explained: Explained, gas_left: int) -> Iterator[Term]:
    """How the bounds of a payment follow from gas and cached price; none where the formula has no answer."""
    lowest, highest = explained.lowest_payment, explained.highest_payment
    if lowest is None or highest is None or not explained.boost:
        return
    section = "payment"
    told = (explained.initial_gas or 0) - gas_left
    difference, window = cached_tick_difference(keep3r), keep3r.parameters.reward_period_time
    yield Term(section, "gas_told", told, "initial_gas - gas_left")
    if keep3r.rules.payment is Payment.ROOT_PRICE:
        ratio = sqrt_ratio(truncating_div(difference, window))
        gas = -(-highest * BOOST_BASE * ratio // (explained.boost << 96))
        late = f"what the logs come late by, one of {explained.choices} sums of gas costs that events leave open"
        yield Term(section, "gas_late", gas - told, late)
        yield Term(section, "gas", gas, "gas_told + gas_late")
        price, numerator, denominator = "2**96 / sqrt_ratio", 1 << 96, ratio
        lost = "gas * boost // 10000 / record + gas / record + 1"
    else:
        gas = told
        numerator, denominator = price_fraction(difference, window)
        price, lost = "2**192 / sqrt_ratio**2", "gas / record * (price + 1) + 1"
    record = least_record(gas, told_here=explained.told_here)
    least = (
        "the least gas at the contract's record: 1006, or gas - 75000" if explained.told_here else "gas - 75000, or 1"
    )
    yield Term(section, "record", record, least)
    yield Term(section, "price_numerator", numerator, f"price = {price}")
    yield Term(section, "price_denominator", denominator, f"price = {price}")
    yield Term(section, "lowest_payment", lowest, f"above gas * boost / 10000 * price - ({lost})")
    yield Term(section, "highest_payment", highest, "gas * boost / 10000 * price, cut")
