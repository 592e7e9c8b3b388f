"""Bounds of a payment whose terms events tell only in part (versions 2.0 and 2.1). Proofs: docs/payments.md."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from keep3r_replay.evm.arithmetic import truncating_div
from keep3r_replay.protocols.keep3r_v2.contract.helper import BOOST_BASE
from keep3r_replay.uniswap_v3.tick_math import sqrt_ratio

LOG_GAS = 1_006
"""Gas of the KeeperValidation log (375, a topic 375, 32 bytes 8 each): the least between meter and record."""
GAS_AFTER_RECORD = 75_000
"""More gas than `worked` of 2.0 and 2.1 can use between its record and the end of its measure: one call to the helper,
the quote, and a top-up's two storage slots and one log."""

# Gas of storage since the Berlin and London forks (EIP-2929, EIP-3529).
WARM_READ = 100
COLD_SURCHARGE = 2_000
COLD_SLOT = 2_100
WRITE_AGAIN = 100
WRITE_CHANGE = 2_900
WRITE_FROM_ZERO = 20_000

VALIDATION_BASE = 180
"""Gas of 2.0's `isKeeper` between setting the meter and telling the gas left, beside storage (one write, one read)."""
BONDED_BASE = 510
"""What `isBondedKeeper` adds to that, beside its three reads."""
PAYMENT_BASE = 1_720
"""Gas of 2.0's `worked` between the end of its measure and telling the gas left, beside storage."""


_WRITES = (WRITE_AGAIN, WRITE_CHANGE, WRITE_FROM_ZERO)
_READS = (WARM_READ, WARM_READ + COLD_SURCHARGE)
_BONDED_READS = {0} | {BONDED_BASE + sum(three) for three in product(_READS, repeat=3)}

METER_LATENESS = frozenset(
    VALIDATION_BASE + write + cold + read + more
    for write, cold, read, more in product(_WRITES, (0, COLD_SLOT), _READS, _BONDED_READS)
)
"""All that 2.0's gas meter may exceed the gas of its KeeperValidation by: the meter's slot and the keeper's are cold or
warm, the meter was written before in the transaction or not; `isBondedKeeper` reads three slots more."""


@dataclass(frozen=True, slots=True)
class PaymentSlots:
    """What 2.0's payment finds in the slots that it writes; it decides what the writes cost."""

    works_again: bool
    """The job worked in this block already: its time of work stays."""
    first_work: bool
    """The job never worked before."""
    first_bond: bool
    """The keeper has no KP3R bonded."""
    first_payment: bool
    """The keeper never earned before."""
    meter_is_read: bool = False
    """The gas meter was read from storage, not told by a log some gas later."""


@lru_cache(maxsize=64)
def lateness(slots: PaymentSlots) -> frozenset[int]:
    """All that the gas paid for by 2.0 may exceed the gas told between validation and work by; mostly below zero.

    A slot is cold or warm, and was written in this transaction or not: events do not tell, so every case is in.
    """
    worked_at = {WRITE_AGAIN} if slots.works_again else {WRITE_FROM_ZERO if slots.first_work else WRITE_CHANGE}
    worked_at |= {write + COLD_SLOT for write in worked_at}
    bonds = {WRITE_AGAIN, WRITE_FROM_ZERO if slots.first_bond else WRITE_CHANGE}
    earned = {WRITE_AGAIN, WRITE_FROM_ZERO if slots.first_payment else WRITE_CHANGE}
    after = {
        PAYMENT_BASE + 2 * WARM_READ + sum(case)
        for case in product(worked_at, (WRITE_AGAIN, WRITE_CHANGE), bonds, earned, _READS)
    }
    return frozenset(early - late for early, late in product({0} if slots.meter_is_read else METER_LATENESS, after))


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
    record = _least_record(gas, told_here=told_here)
    # amount > gas * boost / 10000 * price - gas / record * (price + 1) - 1, over one denominator
    scaled = gas * boost * numerator * record - gas * (numerator + denominator) * BOOST_BASE
    return max(0, scaled // (BOOST_BASE * denominator * record)), most


def root_price_bounds(gas: int, boost: int, tick_difference: int, window: int, *, told_here: bool) -> tuple[int, int]:
    """Least and most that 2.0 pays for `gas` from meter to end of measure; arguments as `cached_price_bounds`."""
    ratio = sqrt_ratio(truncating_div(tick_difference, window))
    most = (gas * boost << 96) // (BOOST_BASE * ratio)
    record = _least_record(gas, told_here=told_here)
    # amount > gas * boost / 10000 * (2**96 / ratio - 1 / record) - gas / record - 1, over one denominator
    scaled = gas * boost * ((record << 96) - ratio) - gas * BOOST_BASE * ratio
    return max(0, scaled // (BOOST_BASE * ratio * record)), most


def root_price_gas(
    amount: int, told: int, boost: int, tick_difference: int, window: int, slots: PaymentSlots, *, told_here: bool
) -> int | None:
    """The gas that explains what 2.0 paid, where the events tell `told` between them; None where none does."""
    ratio = sqrt_ratio(truncating_div(tick_difference, window))
    late = lateness(slots)
    if not boost or not amount:
        least = min(late) + told
        return (
            max(0, least)
            if not boost
            or root_price_bounds(max(0, least), boost, tick_difference, window, told_here=told_here)[0] == 0
            else None
        )
    gas = -(-amount * BOOST_BASE * ratio // (boost << 96))
    while root_price_bounds(gas, boost, tick_difference, window, told_here=told_here)[0] <= amount:
        if gas - told in late:
            return gas
        gas += 1
    return None


def _least_record(gas: int, *, told_here: bool) -> int:
    return max(LOG_GAS if told_here else 1, gas - GAS_AFTER_RECORD)
