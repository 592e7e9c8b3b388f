"""Statements about one party of a history, or all of them: a job's card, a keeper's months, who was overpaid."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.audited import Audit


class Occasion(NamedTuple):
    """What a statement is made of.

    Attributes:
        audit: of the lake, with ledger.
        until_block: its last block; None: all of it.
        party: the address that it is about, or its beginning, in lower case; empty: everybody.
    """

    audit: Audit
    until_block: int | None
    party: str

    @property
    def lake(self) -> Lake:
        """The history."""
        return self.audit.lake


class Statement(NamedTuple):
    """Lines for the terminal, and the same as a table for a spreadsheet or a program."""

    lines: list[str]
    table: pl.DataFrame


class StatementKind(NamedTuple):
    """What a protocol can state: its meaning in one line, and what makes it.

    `make` raises `UsageError` for a party that the history does not know.
    """

    meaning: str
    make: Callable[[Occasion], Statement]
