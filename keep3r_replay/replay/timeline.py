"""A lake's events in chain order, as Python tuples, a slice at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keep3r_replay.lake.reader import Lake

SLICE = 65_536
"""Events that stand in memory as Python objects at a time."""

_PLACE = ("block_number", "transaction_index", "log_index")


class Slice(NamedTuple):
    """Consecutive events.

    For the i-th, `tables[i]` is the place of its table among the names asked for, and the next of
    `rows[tables[i]]` its log index and columns.
    """

    blocks: list[int]
    transactions: list[int]
    tables: list[int]
    rows: list[Iterator[tuple[Any, ...]]]


class Span(NamedTuple):
    """Part of a history: blocks above `after` (None: from the first) up to `until` (None: to the last)."""

    after: int | None = None
    until: int | None = None

    def holds(self, block: int) -> bool:
        """Whether `block` is in it."""
        return (self.after is None or block > self.after) and (self.until is None or block <= self.until)

    @property
    def first(self) -> int | None:
        """Its first block; None if it begins with the history."""
        return None if self.after is None else self.after + 1


WHOLE = Span()
"""All of a history."""


def slices(
    lake: Lake, columns: Mapping[str, Sequence[str]], span: Span, emitters: Mapping[str, str]
) -> Iterator[Slice]:
    """Read the tables `events/<name>` of `columns` (those that the lake has), with the columns named.

    Of a role in `emitters` (`keep3r` of `keep3r.KeeperWork`), only the events of that address.

    Decimal columns come as int, everything else as polars gives it. The files are loaded range by range, as the lake
    was written; within a range, `SLICE` events at a time become Python objects.
    """
    names = list(columns)
    for low, high in _ranges(lake, span):
        frames = _load(lake, columns, low, high, emitters)
        present = [position for position, name in enumerate(names) if name in frames]
        if not present:
            continue
        order = pl.concat(
            [
                frames[names[position]].select(*_PLACE, pl.lit(position, dtype=pl.UInt16).alias("table"))
                for position in present
            ]
        ).sort("block_number", "log_index")
        taken = dict.fromkeys(present, 0)
        for start in range(0, order.height, SLICE):
            part = order.slice(start, SLICE)
            tables = part["table"].to_list()
            rows: list[Iterator[tuple[Any, ...]]] = [iter(()) for _ in names]
            counts = dict(part["table"].value_counts().iter_rows())
            for position, count in counts.items():
                frame = frames[names[position]].slice(taken[position], count)
                taken[position] += count
                rows[position] = zip(
                    *(_python(frame[name]) for name in ("log_index", *columns[names[position]])), strict=True
                )
            yield Slice(part["block_number"].to_list(), part["transaction_index"].to_list(), tables, rows)


def _ranges(lake: Lake, span: Span) -> list[tuple[int, int]]:
    """Block ranges to load one after the other: those of the raw logs' files, cut to the span."""
    ranges = []
    for entry in lake.manifest.of_table("logs"):
        low = entry.from_block if span.after is None else max(entry.from_block, span.after + 1)
        high = entry.to_block if span.until is None else min(entry.to_block, span.until)
        if low <= high:
            ranges.append((low, high))
    return ranges


def _load(
    lake: Lake, columns: Mapping[str, Sequence[str]], low: int, high: int, emitters: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    scans = {}
    for name, wanted in columns.items():
        if not lake.has(f"events/{name}"):
            continue
        scan = lake.scan(f"events/{name}", from_block=low, until_block=high)
        emitter = emitters.get(name.partition(".")[0])
        if emitter is not None:
            scan = scan.filter(pl.col("address") == emitter)
        scans[name] = scan.select(*_PLACE, *wanted)
    frames = pl.collect_all(list(scans.values()))
    return {name: frame for name, frame in zip(scans, frames, strict=True) if frame.height}


def _python(series: pl.Series) -> list[Any]:
    """The values of a column; amounts as int, which is ten times faster than by way of Decimal objects."""
    if isinstance(series.dtype, pl.Decimal):
        return series.cast(pl.Int128).to_list()
    return series.to_list()
