"""A lake's transactions and events in chain order, as Python tuples, a slice at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.replay.history import WHOLE, Span, Transaction
from keep3r_replay.replay.runs import TRANSACTIONS, without_runs

__all__ = ["SLICE", "WHOLE", "Slice", "Span", "slices"]

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.runs import Runs

SLICE = 65_536
"""Events that stand in memory as Python objects at a time."""

_PLACE = ("block_number", "transaction_index", "log_index")
_TRANSACTION = (
    "hash",
    "from",
    "to",
    "input",
    "gas",
    "gas_used",
    "effective_gas_price",
    "status",
)


class Slice(NamedTuple):
    """Consecutive events, and transactions before their own events.

    For the i-th, `tables[i]` is the place of its table among the names asked for, and the next of
    `rows[tables[i]]` its log index and columns. Transactions stand in the place after the last name, and runs, each in
    the stead of its first row, in the one after that. `numbers` count events from 1, over all slices; a transaction's
    is that of the next event. `last` is how many events there were so far.
    """

    blocks: list[int]
    transactions: list[int]
    tables: list[int]
    numbers: Sequence[int]
    last: int
    rows: list[Iterator[Any]]


def slices(
    lake: Lake,
    columns: Mapping[str, Sequence[str]],
    span: Span,
    emitters: Mapping[str, Collection[str]],
    chosen: pl.Expr | None = None,
    runs: Runs | None = None,
) -> Iterator[Slice]:
    """Read the tables `events/<name>` of `columns` (those that the lake has), with the columns named.

    Of a role in `emitters` (`keep3r` of `keep3r.KeeperWork`), only the events of those addresses. With `chosen`, the
    transactions that it holds for stand in the timeline too, failed ones and ones without events included. With `runs`,
    the events that these take stand there as runs.

    Decimal columns come as int, everything else as polars gives it. The files are loaded range by range, as the lake
    was written; within a range, `SLICE` rows at a time become Python objects.
    """
    names = [*columns, TRANSACTIONS]
    passed = 0
    for low, high in _ranges(lake, span):
        frames = _load(lake, columns, low, high, emitters)
        present = {position: frames[name] for position, name in enumerate(names) if name in frames}
        if chosen is not None and (transactions := _transactions(lake, chosen, low, high)).height:
            present[len(columns)] = transactions
        if not present:
            continue
        order = pl.concat(
            [
                frame.select(*_PLACE, pl.lit(position, dtype=pl.UInt16).alias("table"))
                for position, frame in present.items()
            ],
            how="vertical_relaxed",
        ).sort(*(("block_number", "log_index") if chosen is None else _PLACE), maintain_order=True)
        taken = dict.fromkeys(present, 0)
        for start in range(0, order.height, SLICE):
            part = order.slice(start, SLICE)
            sliced: dict[int, pl.DataFrame] = {}
            for position, count in part["table"].value_counts().iter_rows():
                sliced[position] = present[position].slice(taken[position], count)
                taken[position] += count
            events = {names[each]: frame for each, frame in sliced.items()}
            is_event = part["table"] != len(columns)
            numbers = is_event.cum_sum() + (~is_event).cast(pl.UInt32) + passed
            remaining = without_runs(part.with_columns(numbers.alias("number")), names, events, runs)
            called = remaining.events.get(TRANSACTIONS)
            passed += int(is_event.sum())
            yield Slice(
                remaining.order["block_number"].to_list(),
                remaining.order["transaction_index"].to_list(),
                remaining.order["table"].to_list(),
                remaining.order["number"].to_list(),
                passed,
                [
                    *(_rows(remaining.events.get(name), ("log_index", *wanted)) for name, wanted in columns.items()),
                    iter(()) if called is None else _as_transactions(called),
                    iter(remaining.runs),
                ],
            )


def _rows(events: pl.DataFrame | None, wanted: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    return iter(()) if events is None else zip(*(_python(events[name]) for name in wanted), strict=True)


def _transactions(lake: Lake, chosen: pl.Expr, low: int, high: int) -> pl.DataFrame:
    """Chosen transactions, each before its own events: their log index is -1."""
    if not lake.has("transactions"):
        return pl.DataFrame()
    scan = lake.scan("transactions", from_block=low, until_block=high).filter(chosen)
    return scan.select(
        "block_number", "transaction_index", pl.lit(-1, dtype=pl.Int64).alias("log_index"), *_TRANSACTION
    ).collect()


def _as_transactions(frame: pl.DataFrame) -> Iterator[Transaction]:
    places = zip(frame["block_number"].to_list(), frame["transaction_index"].to_list(), strict=True)
    return map(Transaction, places, *(_python(frame[name]) for name in _TRANSACTION))


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
    lake: Lake, columns: Mapping[str, Sequence[str]], low: int, high: int, emitters: Mapping[str, Collection[str]]
) -> dict[str, pl.DataFrame]:
    scans = {}
    for name, wanted in columns.items():
        if not lake.reaches(f"events/{name}", low, high):
            continue
        scan = lake.scan(f"events/{name}", from_block=low, until_block=high)
        chosen = emitters.get(name.partition(".")[0])
        if chosen is not None:
            scan = scan.filter(pl.col("address").is_in(sorted(chosen)))
        # An event may tell less in one version of its contract than in another: what it does not tell is None.
        told = scan.collect_schema()
        scans[name] = scan.select(*_PLACE, *(each if each in told else pl.lit(None).alias(each) for each in wanted))
    frames = pl.collect_all(list(scans.values()))
    return {name: frame for name, frame in zip(scans, frames, strict=True) if frame.height}


def _python(series: pl.Series) -> list[Any]:
    """The values of a column; amounts as int, which is ten times faster than by way of Decimal objects."""
    if isinstance(series.dtype, pl.Decimal):
        return series.cast(pl.Int128).to_list()
    return series.to_list()
