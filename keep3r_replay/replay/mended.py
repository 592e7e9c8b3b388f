"""A lake as it would be if single events or inputs said something else: to see which findings are gone then."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.lake.reader import Lake

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


PLACES = frozenset({"block_number", "log_index", "transaction_index", "timestamp", "transaction_hash", "address"})
"""Columns that every event has."""

TRANSACTIONS = "transactions"

_UNKNOWN_INPUT = b"\xff\xff\xff\xff"
"""The selector of no function: what calls nothing known is told by its logs."""


class Mend(NamedTuple):
    """One event that says something else, or a transaction whose input is not believed.

    Attributes:
        table: the event's table, `events/keep3r.KeeperWork`; or `transactions`.
        block_number, log_index: its place; of a transaction that of the log that casts doubt on it.
        values: columns with other values: amounts as int, addresses as text; None where the event is left out.
        is_absent: the history lacks the event, and `values` are all its columns.
        transaction_index: the transaction that is not believed.
        untold: columns of an absent event that its transaction does not tell; 0 or the address of nobody stands there.
    """

    table: str
    block_number: int
    log_index: int
    values: Mapping[str, int | str] | None
    is_absent: bool = False
    transaction_index: int | None = None
    untold: tuple[str, ...] = ()


class Key(NamedTuple):
    """What tells one mend from another: all but its values, and these in an order."""

    mend: Mend
    values: tuple[tuple[str, int | str], ...] | None


Keys = tuple[Key, ...]


def keys_of(mends: Sequence[Mend]) -> Keys:
    """What tells some mends from others."""
    return tuple(
        Key(mend._replace(values=None), None if mend.values is None else tuple(sorted(mend.values.items())))
        for mend in mends
    )


class MendedLake(Lake):
    """A lake of which some events say something else. Only scans differ; files and manifest are the lake's own."""

    def __init__(self, lake: Lake, mends: Sequence[Mend]) -> None:
        super().__init__(lake.path, lake.deployment, lake.manifest, part=lake.part)
        self._lake = lake
        self.mends = tuple(mends)
        """All of them, in the order in which they were found."""
        self._mends: dict[str, list[Mend]] = {}
        for mend in mends:
            self._mends.setdefault(mend.table, []).append(mend)

    def reaches(self, table: str, from_block: int | None, until_block: int | None) -> bool:
        """Anywhere: an absent event may stand where no file is."""
        del from_block, until_block
        return self.has(table)

    def scan(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        until_block: int | None = None,
        from_block: int | None = None,
    ) -> pl.LazyFrame:
        """The table with its events mended; see `Lake.scan`."""
        frame = self._lake.scan(table, None, until_block, from_block)
        if table == "logs":
            return self._without(frame) if columns is None else self._without(frame).select(columns)
        for mend in self._mends.get(table, ()):
            if mend.table == TRANSACTIONS:
                here = pl.col("block_number") == mend.block_number
                here &= pl.col("transaction_index") == mend.transaction_index
                doubted = pl.when(here).then(pl.lit(_UNKNOWN_INPUT)).otherwise(pl.col("input")).alias("input")
                frame = frame.with_columns(doubted)
                continue
            here = (pl.col("block_number") == mend.block_number) & (pl.col("log_index") == mend.log_index)
            if mend.values is None:
                frame = frame.filter(~here)
                continue
            schema = frame.collect_schema()
            if mend.is_absent:
                is_whole = all(_fits(mend.values.get(name), kind) for name, kind in schema.items())
                is_within = until_block is None or mend.block_number <= until_block
                if is_whole and is_within and (from_block or 0) <= mend.block_number:
                    frame = pl.concat([frame, _row(mend, schema)]).sort(*_ORDER)
                continue
            frame = frame.with_columns(
                pl.when(here).then(_literal(value, schema[name])).otherwise(pl.col(name)).alias(name)
                for name, value in mend.values.items()
                if _fits(value, schema[name])
            )
        return frame if columns is None else frame.select(columns)

    def _without(self, logs: pl.LazyFrame) -> pl.LazyFrame:
        """Raw logs but for those of events that are left out."""
        left_out = [mend for name, mends in self._mends.items() if name != TRANSACTIONS for mend in mends]
        for mend in (mend for mend in left_out if mend.values is None):
            here = (pl.col("block_number") == mend.block_number) & (pl.col("log_index") == mend.log_index)
            logs = logs.filter(~here)
        return logs


_ORDER = ("block_number", "transaction_index", "log_index")


def _row(mend: Mend, schema: pl.Schema) -> pl.LazyFrame:
    """The row of an event that the history lacks."""
    values = {"block_number": mend.block_number, "log_index": mend.log_index, **(mend.values or {})}
    return pl.LazyFrame({"": [0]}).select(_literal(values[name], kind).alias(name) for name, kind in schema.items())


_WORD = 32
_WORDS = 1 << 256
"""Above what a word holds."""
_MOST = 10**38
"""Above what a column of amounts holds."""
_BOUNDS = {f"UInt{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)}
_BOUNDS |= {f"Int{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)}


def _fits(value: int | str | None, kind: pl.DataType) -> bool:
    """Whether a column can hold a number: no event says one that it cannot, so such a mend leaves it as it is."""
    if not isinstance(value, int):
        return True
    if isinstance(kind, pl.Decimal):
        return abs(value) < _MOST
    if kind == pl.Binary:
        return 0 <= value < _WORDS
    least, most = _BOUNDS.get(str(kind), (value, value))
    return least <= value <= most


def _literal(value: int | str, kind: pl.DataType) -> pl.Expr:
    """A value of a column's type; amounts go through Int128, which holds 38 digits, and wider numbers are 32 bytes."""
    if kind == pl.Binary and isinstance(value, int):
        return pl.lit(value.to_bytes(_WORD, "big"))
    if isinstance(kind, pl.Decimal):
        return pl.lit(value, dtype=pl.Int128).cast(kind)
    return pl.lit(value, dtype=kind)
