"""Bounds of a payment whose terms events tell only in part (versions 2.0 and 2.1). Proofs: docs/payments.md."""

from __future__ import annotations

from keep3r_replay.evm.arithmetic import truncating_div
from keep3r_replay.keep3r_v2.helper import BOOST_BASE
from keep3r_replay.uniswap_v3.tick_math import sqrt_ratio

LOG_GAS = 1_006
"""Gas of the KeeperValidation log (375, 375 for its topic, 8 for each of 32 bytes): the least between meter and record."""
GAS_AFTER_RECORD = 150_000
"""More gas than 2.1 can use between its record and the end of its measure: one call to the helper, at most two storage
slots and one log of a top-up, a few cold reads."""

LEAST_LATENESS = -70_000
MOST_LATENESS = 32_000


def cached_price_bounds(gas: int, boost: int, price: tuple[int, int], *, told_here: bool) -> tuple[int, int]:
    """Least and most that 2.1 pays for `gas` from meter to end of measure.

    Args:
        gas: initial gas less gas left.
        boost: wei of ETH per unit of gas in parts of 10,000.
        price: KP3R per ETH as numerator and denominator.
        told_here: whether the meter was set in this transaction, so that its log was paid for after it.

    The contract quotes a record of the gas, between 1 and `gas`, and scales the quote to `gas`: each cut is magnified
    by the quotient of the two.
    """
    numerator, denominator = price
    most = gas * boost * numerator // (BOOST_BASE * denominator)
    least_record = max(LOG_GAS if told_here else 1, gas - GAS_AFTER_RECORD)
    # amount > gas * boost / 10000 * price - gas / record * (price + 1) - 1, over one denominator
    scaled = gas * boost * numerator * least_record - gas * (numerator + denominator) * BOOST_BASE
    least = scaled // (BOOST_BASE * denominator * least_record) if least_record <= gas else most
    return max(0, least), most


def root_price_bounds(gas_told: int, boost: int, tick_difference: int, window: int) -> tuple[int, int]:
    """Least and most that 2.0 pays where the events tell `gas_told` between them (it may be negative)."""
    ratio = sqrt_ratio(truncating_div(tick_difference, window))
    low_gas, high_gas = max(0, gas_told + LEAST_LATENESS), max(0, gas_told + MOST_LATENESS)
    return (
        max(0, (low_gas * boost << 96) // (BOOST_BASE * ratio) * 999 // 1000 - boost),
        (high_gas * boost << 96) // (BOOST_BASE * ratio),
    )
