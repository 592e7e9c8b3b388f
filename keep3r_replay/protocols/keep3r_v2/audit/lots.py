"""Lots: the credits of a job by the time they were mined, in int wei; rounding never loses any."""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Lot(NamedTuple):
    """Credits mined by one and the same time.

    Attributes:
        minted_at: the end of the time they were mined in, seconds: oldest first is the order of lots.
        number: which lot of its job it is, in the order of appearance.
        origin: kind of the entry that made it.
        amount: wei, above 0.
    """

    minted_at: int
    number: int
    origin: str
    amount: int


class Lots:
    """The lots that a job holds, oldest first."""

    __slots__ = ("lots", "next_number", "total")

    def __init__(self, lots: Iterable[Lot] = (), next_number: int = 0) -> None:
        self.lots = list(lots)
        self.total = sum(lot.amount for lot in self.lots)
        self.next_number = next_number

    def add(self, minted_at: int, origin: str, amount: int) -> Lot:
        """A new lot of `amount` wei; of an amount of 0 nothing stays."""
        lot = Lot(minted_at, self.next_number, origin, amount)
        if amount:
            self.next_number += 1
            self.total += amount
            if self.lots and self.lots[-1] > lot:
                insort(self.lots, lot)
            else:
                self.lots.append(lot)
        return lot

    def take(self, amount: int) -> list[Lot]:
        """Remove up to `amount` wei, oldest first: what was taken, by lot."""
        taken: list[Lot] = []
        lots = self.lots
        while amount > 0 and lots:
            first = lots[0]
            if first.amount <= amount:
                taken.append(lots.pop(0))
                part = first.amount
            else:
                part = amount
                taken.append(Lot(first.minted_at, first.number, first.origin, part))
                lots[0] = Lot(first.minted_at, first.number, first.origin, first.amount - part)
            amount -= part
            self.total -= part
        return taken

    def take_part(self, amount: int) -> Lot:
        """Remove `amount` wei, less than the oldest lot holds; the lot as it is then."""
        minted_at, number, origin, held = self.lots[0]
        left = self.lots[0] = Lot(minted_at, number, origin, held - amount)
        self.total -= amount
        return left

    def take_until(self, minted_at: int) -> list[Lot]:
        """Remove every lot mined by `minted_at`."""
        count = 0
        for lot in self.lots:
            if lot.minted_at > minted_at:
                break
            count += 1
        taken, self.lots = self.lots[:count], self.lots[count:]
        self.total -= sum(lot.amount for lot in taken)
        return taken

    def rescale(self, total: int) -> list[Lot]:
        """Make the lots sum to `total` wei, each in proportion: the change of every lot, signed."""
        former = self.total
        changes: list[Lot] = []
        kept: list[Lot] = []
        before = after = 0
        for lot in self.lots:
            before += lot.amount
            share = before * total // former - after
            after += share
            if share != lot.amount:
                changes.append(lot._replace(amount=share - lot.amount))
            if share:
                kept.append(lot._replace(amount=share))
        self.lots = kept
        self.total = after
        return changes
