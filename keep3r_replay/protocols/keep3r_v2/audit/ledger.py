"""The credit ledger: every change of credits as entries on lots, balanced to the wei against the model's state.

An entry changes one lot of one job. What leaves is taken from the oldest lots first; what is rescaled is spread over
all lots so that they still sum to the credits. After every event the lots must make up the job's credits exactly: a
ledger that does not balance raises, and is never written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.errors import Keep3rReplayError
from keep3r_replay.protocols.keep3r_v2.audit.lots import Lot, Lots
from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import (
    ADOPTED,
    EXPIRED,
    FORCED,
    MIGRATED_IN,
    MIGRATED_OUT,
    MINTED,
    REMOVED,
    REPRICED,
    SPENT,
    CreditChange,
)
from keep3r_replay.protocols.keep3r_v2.contract.expiry import CONTRACT

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.audit.credit_observer import CreditObserver, Opening
    from keep3r_replay.protocols.keep3r_v2.audit.standing import Standing

OPENING = "opening"
"""Origin of lots that a replay from the middle of a history starts with."""
_NEW_LOT = frozenset({*MINTED, FORCED})


class LedgerError(Keep3rReplayError):
    """The ledger does not balance: a change of credits was not written down, or written down wrongly."""


class Entry(NamedTuple):
    """A change of one lot.

    Attributes:
        number: which of the book's changes it is a part of, from 0.
        minted_at, lot, origin: which lot, see `lots.Lot`.
        amount: wei, signed.
        balance: the job's credits after the entry.
    """

    number: int
    minted_at: int
    lot: int
    origin: str
    amount: int
    balance: int


class Ledger(NamedTuple):
    """The whole book: entries in chain order, changes with their job's address, and what jobs held at the start.

    Of a run that went on, entries and changes are those since, and `former` is where the books stood then. `books` are
    the lots of jobs at the end.
    """

    entries: list[Entry]
    changes: list[tuple[str, CreditChange]]
    opening: dict[str, Opening]
    closing: dict[str, int]
    books: dict[str, Lots]
    former: Standing | None = None


def make_ledger(observer: CreditObserver) -> Ledger:
    """Turn an observer's changes into entries.

    Raises:
        LedgerError: a job's lots do not make up its credits after one of its events, or at the end.
    """
    addresses = observer.addresses()
    books: dict[str, Lots] = {address: Lots() for address in addresses.values()}
    opening = {address: held for address, held in observer.opening.items() if held.credits}
    former = observer.standing
    if former is not None:
        opening = {}
        books |= {
            job: Lots(account.lots.lots, account.lots.next_number) for job, account in former.accounts[CONTRACT].items()
        }
    for address, held in opening.items():
        books[address].add(held.rewarded_at, OPENING, held.credits)
    entries: list[Entry] = []
    changes = [(addresses[change.job], change) for change in observer.recorder.changes]
    migrating: list[Lot] = []
    done, before = 0, observer.seen.changes
    for state, changes_by in zip(observer.states, observer.changes_by, strict=True):
        while done < changes_by - before:
            address, change = changes[done]
            migrating = _enter(entries, books[address], done, change, migrating)
            done += 1
        booked = books[state.job].total
        if booked != state.credits:
            place = f"block {state.block_number} log {state.log_index}"
            raise LedgerError(f"{place}: the ledger of job {state.job} holds {booked} wei, the model {state.credits}")
    for number, (address, change) in enumerate(changes[done:], done):
        migrating = _enter(entries, books[address], number, change, migrating)
    for address, job in observer.keep3r.jobs.items():
        if books[address].total != job.credits:
            raise LedgerError(
                f"end: the ledger of job {address} holds {books[address].total} wei, the model {job.credits}"
            )
    closing = {address: book.total for address, book in books.items() if book.total}
    return Ledger(entries, changes, opening, closing, books, former)


def _enter(entries: list[Entry], book: Lots, number: int, change: CreditChange, migrating: list[Lot]) -> list[Lot]:
    """Write one change; the lots that leave a migrating job are returned for the entry on the other side."""
    amount, kind = change.amount, change.kind
    balance = book.total
    if kind == SPENT and book.lots and book.lots[0].amount > -amount:
        # Most changes are payments out of one lot.
        minted_at, lot_number, origin, _ = book.take_part(-amount)
        if amount:
            entries.append(Entry(number, minted_at, lot_number, origin, amount, balance + amount))
        return []
    leaving: list[Lot] = []
    if kind in _NEW_LOT:
        lots = [book.add(change.rewarded_at, kind, amount)] if amount else []
    elif kind == MIGRATED_IN:
        lots = [book.add(lot.minted_at, lot.origin, lot.amount) for lot in migrating]
    elif kind == EXPIRED:
        lots = [lot._replace(amount=-lot.amount) for lot in book.take(-amount)]
    elif kind in {REPRICED, REMOVED}:
        lots = book.rescale(balance + amount) if amount else []
    elif kind == ADOPTED and amount > 0:
        lots = [book.add(change.rewarded_at, kind, amount)]
    else:
        leaving = book.take(-amount)
        lots = [lot._replace(amount=-lot.amount) for lot in leaving]
    for lot in lots:
        balance += lot.amount
        entries.append(Entry(number, lot.minted_at, lot.number, lot.origin, lot.amount, balance))
    return leaving if kind == MIGRATED_OUT else []
