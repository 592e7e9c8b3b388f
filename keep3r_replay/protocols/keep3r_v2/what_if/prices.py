"""What a work is paid in a what-if: by the formula where events tell the gas, the paid amount scaled elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import Revert, truncating_div
from keep3r_replay.protocols.keep3r_v2.contract.helper import BOOST_BASE, price_fraction
from keep3r_replay.protocols.keep3r_v2.contract.versions import Payment
from keep3r_replay.protocols.keep3r_v2.contract.work import (
    cached_tick_difference,
    live_payment,
    payment_parameters,
    reward_boost,
)
from keep3r_replay.uniswap_v3.tick_math import sqrt_ratio

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r

GIVEN, FORMULA, SCALED, TOKEN = "given", "formula", "scaled", "token"
"""How a work's amount comes about in a what-if: the job's own; by the formula; the paid one times the quotient of the
formula's factors, where events bound the gas only; token credits."""


class Price(NamedTuple):
    """Wei of KP3R per wei of ETH."""

    numerator: int
    denominator: int


class Measured(NamedTuple):
    """A work as the audit found it: gas units, wei.

    Attributes:
        amount_is: one of GIVEN, FORMULA, SCALED, TOKEN.
        gas: initial gas less gas left.
        usd_per_gas_unit: what a sidechain's job asked, in wei of USD; else 1.
        meter: the gas meter after the work, None where the work left it alone.
        boost, numerator, denominator: factors of a SCALED amount, wei of ETH per 10,000 gas and KP3R per ETH.
    """

    amount_is: str
    paid: int
    gas: int = 0
    usd_per_gas_unit: int = 1
    meter: int | None = None
    boost: int = 0
    numerator: int = 1
    denominator: int = 1


class Priced(NamedTuple):
    """A price: wei, boost, quote, extra gas; None where the version has no such term."""

    amount: int
    boost: int | None = None
    one_eth_quote: int | None = None
    extra_gas: int | None = None


def cached_price(keep3r: Keep3r) -> Price:
    """The price by the cached twap that 2.1 quotes gas with, and its square root in 2.0; 0 while 2.0's cache is empty.

    Raises `Revert` as the contract does for a tick beyond its range.
    """
    difference, window = cached_tick_difference(keep3r), keep3r.parameters.reward_period_time
    if keep3r.rules.payment is Payment.CACHED_PRICE:
        return Price(*price_fraction(difference, window))
    if keep3r.approvals[keep3r.parameters.kp3r_weth_pool].tick.period == 0:
        return Price(0, 1)
    return Price(1 << 96, sqrt_ratio(truncating_div(difference, window)))


def formula_price(keep3r: Keep3r, keeper: str, work: Measured, now: int, base_fee: int) -> Priced:
    """2.2, 2.3 and sidechain: what `worked` pays for the work's gas. Raises `Revert` as `live_payment` does."""
    return Priced(*live_payment(keep3r, keeper, work.gas, now, base_fee, work.usd_per_gas_unit))


def given_price(keep3r: Keep3r, keeper: str, work: Measured, now: int, base_fee: int) -> Priced:
    """The job's own amount, with what the formula would go by; an audit tells that of such works as well."""
    if keep3r.rules.payment in {Payment.ROOT_PRICE, Payment.CACHED_PRICE}:
        return Priced(work.paid, _boost(keep3r, keeper, work.paid, base_fee))
    try:
        return Priced(work.paid, *payment_parameters(keep3r, keeper, now, base_fee))
    except Revert:
        return Priced(work.paid)


def _boost(keep3r: Keep3r, keeper: str, amount: int, base_fee: int) -> int | None:
    """The boost that an audit tells of a payment until 2.1; None where it needs none, or there is none."""
    unpriced = keep3r.approvals[keep3r.parameters.kp3r_weth_pool].tick.period == 0
    if keep3r.rules.payment is Payment.ROOT_PRICE and unpriced and not amount:
        return None
    try:
        if keep3r.rules.payment is Payment.CACHED_PRICE:
            cached_price(keep3r)
        return reward_boost(keep3r, keeper, base_fee)
    except Revert:
        return None


def scaled_price(keep3r: Keep3r, keeper: str, work: Measured, base_fee: int) -> Priced:
    """2.0 and 2.1: the paid amount times the quotient of boost and price, then and now, rounded down.

    Of a work that was paid nothing, for want of a price, the logged gas is paid by the formula without its inner cuts:
    the upper bound of docs/payments.md. Raises `Revert` as the contract does.
    """
    boost = reward_boost(keep3r, keeper, base_fee)
    numerator, denominator = cached_price(keep3r)
    if work.boost and work.numerator and work.paid:
        dividend = work.paid * boost * numerator * work.denominator
        return Priced(dividend // (work.boost * work.numerator * denominator), boost)
    amount = max(0, work.gas) * boost * numerator // (BOOST_BASE * denominator)
    return Priced(amount, _boost(keep3r, keeper, amount, base_fee))
