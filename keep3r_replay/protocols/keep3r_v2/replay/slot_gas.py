"""What 2.0's gas figures are late by: sums of storage costs, as events and state tell them. See docs/payments.md.

2.0 sets its gas meter before the log that tells it, and ends its measure before it books the payment and logs the gas
left. What lies between are a few opcodes and accesses to six slots, whose costs the EVM fixes by three things: whether
the slot was accessed before in the transaction, and which values it held at its beginning, holds now, and gets.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import NamedTuple

# Gas of storage since the Berlin and London forks (EIP-2929, EIP-3529).
WARM_READ = 100
COLD_READ = 2_100
COLD_SLOT = 2_100
WRITE_AGAIN = 100
WRITE_CHANGE = 2_900
WRITE_FROM_ZERO = 20_000

VALIDATION_BASE = 180
"""Gas of 2.0's `isKeeper` between setting the meter and telling the gas left, beside storage (one write, one read)."""
BONDED_BASE = 510
"""What `isBondedKeeper` adds to that, beside its three reads: bonds, earnings, first sight of the keeper."""
PAYMENT_BASE = 1_720
"""Gas of 2.0's `worked` between the end of its measure and telling the gas left, beside storage."""

_READS = (WARM_READ, COLD_READ)
_WRITES = (WRITE_AGAIN, WRITE_CHANGE, WRITE_FROM_ZERO)


def write_gas(original: int, current: int, new: int) -> int:
    """Gas of a write to a warm slot that held `original` as the transaction began, holds `current` and gets `new`."""
    if current == new or current != original:
        return WRITE_AGAIN
    return WRITE_CHANGE if original else WRITE_FROM_ZERO


class Early(NamedTuple):
    """One way in which a validation may have gone: gas from setting the meter to its log."""

    gas: int
    reads_earnings: bool
    """It was `isBondedKeeper`, which reads the keeper's earnings: that slot is warm from then on."""


NO_EARLY = frozenset({Early(0, reads_earnings=False)})
"""Of a meter that was read from storage, not logged some gas later."""


@lru_cache(maxsize=64)
def early_gas(*, meter: frozenset[int], warm: bool) -> frozenset[Early]:
    """The ways in which a validation may have gone, as far as events and state tell.

    Args:
        meter: what the write of the meter may have cost.
        warm: the keeper's slots may have been accessed before in the transaction, by what an event tells.
    """
    reads = _READS if warm else (COLD_READ,)
    plain = {VALIDATION_BASE + write + read for write, read in product(meter, reads)}
    bonded = {BONDED_BASE + sum(three) for three in product(reads, repeat=3)}
    return frozenset(
        {Early(gas, reads_earnings=False) for gas in plain}
        | {Early(gas + more, reads_earnings=True) for gas, more in product(plain, bonded)}
    )


@dataclass(frozen=True, slots=True)
class Booking:
    """Storage that 2.0's payment writes, as events and state tell it: gas of each write where it depends on values."""

    worked_at: int
    """Of the job's time of work, beside the surcharge of a cold slot."""
    reads_worked_at: bool
    """The job's accountance read the time of work in this call, or the job worked before in this transaction."""
    credits_gas: int
    bonds: int
    earned: int
    reads_earned: bool
    """The keeper was paid before in this transaction: its earnings are warm."""


@lru_cache(maxsize=256)
def lateness(early: frozenset[Early], booking: Booking) -> frozenset[int]:
    """All that the gas paid for may exceed the gas logged between validation and work by; mostly below zero."""
    fixed = PAYMENT_BASE + 2 * WARM_READ + booking.worked_at + booking.credits_gas + booking.bonds + booking.earned
    fixed += 0 if booking.reads_worked_at else COLD_SLOT
    return frozenset(
        one.gas - fixed - (WARM_READ if one.reads_earnings or booking.reads_earned else COLD_READ) for one in early
    )


# WITH ACCESSES THAT NO EVENT TELLS


@lru_cache(maxsize=256)
def viewed_lateness(early: frozenset[Early], booking: Booking) -> frozenset[int]:
    """As `lateness`, where views or validations that failed may have warmed slots before; `early` allows for that too.

    They write nothing but the meter, so that what each write costs beside the surcharge of a cold slot is as told.
    """
    fixed = PAYMENT_BASE + 2 * WARM_READ + booking.worked_at + booking.credits_gas + booking.bonds + booking.earned
    surcharges = (0,) if booking.reads_worked_at else (0, COLD_SLOT)
    return frozenset(
        one.gas - fixed - surcharge - read
        for one, surcharge in product(early, surcharges)
        for read in ((WARM_READ,) if one.reads_earnings or booking.reads_earned else _READS)
    )


METER_LATENESS = frozenset(
    VALIDATION_BASE + write + cold + read + more
    for write, cold, read, more in product(
        _WRITES, (0, COLD_SLOT), _READS, {0} | {BONDED_BASE + sum(three) for three in product(_READS, repeat=3)}
    )
)
"""All that 2.0's gas meter may exceed the gas of its KeeperValidation by, whatever was accessed before in silence."""


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
    """The gas meter was read from storage, not logged some gas later."""


@lru_cache(maxsize=64)
def silent_lateness(slots: PaymentSlots) -> frozenset[int]:
    """As `lateness`, where any slot may have been accessed, or written, before in the transaction.

    By functions of Keep3r that the replay follows, but not slot by slot.
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
