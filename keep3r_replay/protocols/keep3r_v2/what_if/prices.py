"""What a work is paid in a what-if: by the formula where events tell the gas, the paid amount scaled elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import truncating_div
from keep3r_replay.protocols.keep3r_v2.contract.helper import BOOST_BASE, payment, price_fraction
from keep3r_replay.protocols.keep3r_v2.contract.versions import Payment
from keep3r_replay.protocols.keep3r_v2.contract.work import cached_tick_difference, payment_parameters, reward_boost
from keep3r_replay.uniswap_v3.tick_math import sqrt_ratio

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r
    from keep3r_replay.protocols.keep3r_v2.what_if.measured import Measured

Price = tuple[int, int]
"""Wei of KP3R per wei of ETH, as numerator and denominator."""
Priced = tuple[int, int, int | None, int | None]
"""Amount in wei, boost, quote, extra gas; the last two None where the version has none."""


def cached_price(keep3r: Keep3r) -> Price:
    """The price by the cached twap that 2.1 quotes gas with, and its square root in 2.0; 0 while 2.0's cache is empty.

    Raises `Revert` as the contract does for a tick beyond its range.
    """
    difference, window = cached_tick_difference(keep3r), keep3r.parameters.reward_period_time
    if keep3r.rules.payment is Payment.CACHED_PRICE:
        return price_fraction(difference, window)
    if keep3r.approvals[keep3r.parameters.kp3r_weth_pool].tick.period == 0:
        return 0, 1
    return 1 << 96, sqrt_ratio(truncating_div(difference, window))


def formula_amount(keep3r: Keep3r, keeper: str, work: Measured, now: int, base_fee: int) -> Priced:
    """2.2, 2.3 and sidechain: what `worked` pays for the work's gas. Raises `Revert` as the helper does."""
    boost, quote, extra = payment_parameters(keep3r, keeper, now, base_fee)
    return payment(work.gas + extra, boost, quote * work.usd_per_gas_unit), boost, quote, extra


def scaled_amount(keep3r: Keep3r, keeper: str, work: Measured, base_fee: int) -> Priced:
    """2.0 and 2.1: the paid amount times the quotient of boost and price, then and now, rounded down.

    Of a work that was paid nothing, for want of a price, the told gas is paid by the formula without its inner cuts:
    the upper bound of docs/payments.md. Raises `Revert` as the contract does.
    """
    boost = reward_boost(keep3r, keeper, base_fee)
    numerator, denominator = cached_price(keep3r)
    if work.boost and work.numerator and work.paid:
        dividend = work.paid * boost * numerator * work.denominator
        return dividend // (work.boost * work.numerator * denominator), boost, None, None
    return max(0, work.gas) * boost * numerator // (BOOST_BASE * denominator), boost, None, None
