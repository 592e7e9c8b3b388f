"""Where the books of credits stand at the end of a run: what a later run goes on from, instead of booking anew."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.protocols.keep3r_v2.audit.lots import Lot, Lots
from keep3r_replay.protocols.keep3r_v2.audit.rows import EXPIRY_SUMS
from keep3r_replay.protocols.keep3r_v2.contract.expiry import CONTRACT
from keep3r_replay.protocols.keep3r_v2.tables import rows_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from keep3r_replay.replay.protocol import KeptTables

_AMOUNT, _NUMBER, _TEXT, _TIME = pl.Decimal(38, 0), pl.UInt32(), pl.String(), pl.Int64()
_BOOKS: dict[str, Any] = {
    "block_number": _NUMBER,
    "rule": _TEXT,
    "job": _TEXT,
    "next_lot": _TIME,
    "opening": _AMOUNT,
    **dict.fromkeys(EXPIRY_SUMS, _AMOUNT),
    "rewarded_at": _AMOUNT,
    "changed_in_block": _NUMBER,
    "changed_by_log": _NUMBER,
    "changed_by": _TEXT,
    "period_credits": _AMOUNT,
}
"""A job by a rule: its next lot, what its present period began with and brought; by the contract, its last change."""
_OF_CHANGE = {
    "rewarded_at": "rewarded_at",
    "block_number": "changed_in_block",
    "log_index": "changed_by_log",
    "operation": "changed_by",
    "period_credits": "period_credits",
}
"""The column of each field of a `LastChange`."""
_LOTS: dict[str, Any] = {
    "rule": _TEXT,
    "job": _TEXT,
    "minted_at": _TIME,
    "number": _TIME,
    "origin": _TEXT,
    "amount": _AMOUNT,
}


class LastChange(NamedTuple):
    """The last change of a job's credits: its place, its event, the job's clock and credits per period after it."""

    block_number: int
    log_index: int
    operation: str
    rewarded_at: int
    period_credits: int


@dataclass
class Account:
    """A job by a rule: its lots, what its present period began with, and what it brought so far (wei)."""

    lots: Lots = field(default_factory=Lots)
    place: int = 0
    opening: int = 0
    sums: dict[str, int] = field(default_factory=lambda: dict.fromkeys(EXPIRY_SUMS, 0))


class Standing(NamedTuple):
    """All jobs by every rule, in the last period of a run; by the contract, also the last change of each job."""

    accounts: Mapping[str, Mapping[str, Account]]
    last: Mapping[str, LastChange]


def standing_tables(standing: Standing, block: int) -> dict[str, pl.DataFrame]:
    """What is kept of it at the end of `block`."""
    books, lots = [], []
    for rule, accounts in standing.accounts.items():
        for job, account in sorted(accounts.items()):
            last = standing.last.get(job) if rule == CONTRACT else None
            head = {"block_number": block, "rule": rule, "job": job}
            held = {"next_lot": account.lots.next_number, "opening": account.opening, **account.sums}
            row = {**head, **held, **_told(last)}
            books.append(tuple(row[name] for name in _BOOKS))
            lots += [(rule, job, *each) for each in account.lots.lots]
    return {"books": rows_table(books, _BOOKS), "lots": rows_table(lots, _LOTS)}


def _told(last: LastChange | None) -> dict[str, Any]:
    """The columns of a job's last change; None where there is none."""
    return {column: None if last is None else getattr(last, name) for name, column in _OF_CHANGE.items()}


def standing_at(block: int, place: int, kept: KeptTables) -> Standing | None:
    """The books at the end of `block`, in the period of that place; None where the former run ended elsewhere."""
    books = kept("books").filter(pl.col("block_number") == block).collect()
    if books.is_empty():
        return None
    lots: dict[tuple[str, str], list[Lot]] = {}
    for rule, job, *lot in _plain(kept("lots").collect(), _LOTS):
        lots.setdefault((rule, job), []).append(Lot._make(lot))
    accounts: dict[str, dict[str, Account]] = {}
    last: dict[str, LastChange] = {}
    for row in books.with_columns(pl.col(pl.Decimal).cast(pl.Int128)).iter_rows(named=True):
        rule, job = row["rule"], row["job"]
        held = Lots(lots.get((rule, job), []), row["next_lot"])
        brought = {name: row[name] for name in EXPIRY_SUMS}
        accounts.setdefault(rule, {})[job] = Account(held, place, row["opening"], brought)
        if row["changed_in_block"] is not None:
            last[job] = LastChange(**{name: row[column] for name, column in _OF_CHANGE.items()})
    return Standing(accounts, last)


def _plain(frame: pl.DataFrame, schema: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    return frame.select(list(schema)).with_columns(pl.col(pl.Decimal).cast(pl.Int128)).iter_rows()
