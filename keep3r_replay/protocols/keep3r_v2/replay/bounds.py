"""Bounds of a payment whose terms events tell only in part (versions 2.0 and 2.1). Proofs: docs/payments.md."""

from __future__ import annotations

from keep3r_replay.evm.arithmetic import truncating_div
from keep3r_replay.protocols.keep3r_v2.contract.helper import BOOST_BASE
from keep3r_replay.uniswap_v3.tick_math import sqrt_ratio

LOG_GAS = 1_006
"""Gas of the KeeperValidation log (375, a topic 375, 32 bytes 8 each): the least between meter and record."""
GAS_AFTER_RECORD = 75_000
"""More gas than `worked` of 2.0 and 2.1 can use between its record and the end of its measure: one call to the helper,
the quote, and a top-up's two storage slots and one log."""


def cached_price_bounds(gas: int, boost: int, price: tuple[int, int], *, told_here: bool) -> tuple[int, int]:
    """Least and most that 2.1 pays for `gas` from meter to end of measure.

    Args:
        gas: initial gas less gas left.
        boost: wei of ETH per unit of gas in parts of 10,000.
        price: KP3R per ETH as numerator and denominator.
        told_here: whether a log of this transaction set the meter, and so was paid for after it.

    The contract quotes a record of the gas, between 1 and `gas`, and scales the quote to `gas`: each cut is magnified
    by the quotient of the two.
    """
    numerator, denominator = price
    most = gas * boost * numerator // (BOOST_BASE * denominator)
    record = least_record(gas, told_here=told_here)
    # amount > gas * boost / 10000 * price - gas / record * (price + 1) - 1, over one denominator
    scaled = gas * boost * numerator * record - gas * (numerator + denominator) * BOOST_BASE
    return max(0, scaled // (BOOST_BASE * denominator * record)), most


def root_price_bounds(gas: int, boost: int, tick_difference: int, window: int, *, told_here: bool) -> tuple[int, int]:
    """Least and most that 2.0 pays for `gas` from meter to end of measure; arguments as `cached_price_bounds`."""
    ratio = sqrt_ratio(truncating_div(tick_difference, window))
    most = (gas * boost << 96) // (BOOST_BASE * ratio)
    record = least_record(gas, told_here=told_here)
    # amount > gas * boost / 10000 * (2**96 / ratio - 1 / record) - gas / record - 1, over one denominator
    scaled = gas * boost * ((record << 96) - ratio) - gas * BOOST_BASE * ratio
    return max(0, scaled // (BOOST_BASE * ratio * record)), most


def root_price_gas(
    amount: int, told: int, boost: int, tick_difference: int, window: int, late: frozenset[int], *, told_here: bool
) -> int | None:
    """The gas that explains what 2.0 paid, where the events log `told` gas between them; None where none does.

    `late` is all that it may exceed that by (`slot_gas`); other arguments as `root_price_bounds`.
    """
    ratio = sqrt_ratio(truncating_div(tick_difference, window))
    if not boost or not amount:
        least = max(0, min(late) + told)
        pays_nothing = not boost or not root_price_bounds(least, boost, tick_difference, window, told_here=told_here)[0]
        return least if pays_nothing else None
    gas = -(-amount * BOOST_BASE * ratio // (boost << 96))
    while root_price_bounds(gas, boost, tick_difference, window, told_here=told_here)[0] <= amount:
        if gas - told in late:
            return gas
        gas += 1
    return None


def nearest_gas(amount: int, told: int, boost: int, tick_difference: int, window: int, late: frozenset[int]) -> int:
    """Of all gas that 2.0 may have paid for, that whose payment is nearest to `amount`."""
    ratio = sqrt_ratio(truncating_div(tick_difference, window))
    wanted = amount * BOOST_BASE * ratio // (boost << 96) if boost else 0
    return min((max(0, told + gas) for gas in sorted(late)), key=lambda gas: abs(gas - wanted))


def least_record(gas: int, *, told_here: bool) -> int:
    """The least gas that the contract can have recorded before its top-up, of `gas` in all; `told_here` as above."""
    return max(LOG_GAS if told_here else 1, gas - GAS_AFTER_RECORD)
