"""Events that a finding may come from, each as it may have read."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from keep3r_replay.replay.mended import PLACES, TRANSACTIONS, Mend

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from keep3r_replay.journal import Finding
    from keep3r_replay.lake.reader import Lake

_Value = TypeVar("_Value", int, str)

_MOST_OTHERS = 5
"""Other addresses tried in the place of one, the most frequent first."""
_MOST_COMMON = 2
"""Subjects and differences of a block's readings that are tried."""
_MOST_EVENTS = 6
"""Events tried for one reading that differs."""


def suspects_at(lake: Lake, findings: Sequence[Finding]) -> Iterator[Mend]:
    """How the event at the place of `findings` (all of one log) may have read.

    First as the model expects it, field by field, where these are columns of the event; then not at all; then with
    other addresses.
    """
    first = findings[0]
    assert first.log_index is not None
    found = _event_at(lake, first.block_number, first.log_index)
    if found is None:
        return
    table, row = found
    expected: dict[str, int | str] = {}
    for finding in findings:
        old = row.get(finding.field)
        if isinstance(old, int) and not isinstance(old, bool):
            if finding.expected.lstrip("-").isdigit():
                expected[finding.field] = int(finding.expected)
        elif isinstance(old, str) and finding.expected.startswith("0x"):
            expected[finding.field] = finding.expected
    if expected:
        yield Mend(table, first.block_number, first.log_index, expected)
    yield Mend(table, first.block_number, first.log_index, None)
    yield from _of_others(lake, table, row)


def input_at(lake: Lake, finding: Finding) -> Mend | None:
    """The input of the transaction at a log's place, or before it where no log is there; None where none is known."""
    if finding.log_index is None or not lake.has(TRANSACTIONS):
        return None
    block = finding.block_number
    logs = lake.scan("logs", ["log_index", "transaction_index"], until_block=block, from_block=block)
    found = logs.filter(pl.col("log_index") <= finding.log_index).sort("log_index").last().collect()
    if found.is_empty():
        return None
    index = found["transaction_index"].item()
    return Mend(TRANSACTIONS, block, finding.log_index, None, transaction_index=index)


def suspects_before(lake: Lake, readings: Sequence[Finding], after: int) -> Iterator[Mend]:
    """What may make a block's readings differ: events that name their subjects in the blocks above `after`.

    Numbers are tried with a difference of the readings taken off, then the event left out, then others in its
    addresses. What most readings are about, and most differ by, comes first.
    """
    differences = _most_common(each.difference for each in readings if each.difference)
    for subject in _most_common(each.subject for each in readings):
        for table, row in _events_of(lake, subject, after, readings[0].block_number)[:_MOST_EVENTS]:
            block, log_index = row["block_number"], row["log_index"]
            for difference in differences:
                for name, value in row.items():
                    if name not in PLACES and isinstance(value, int) and not isinstance(value, bool):
                        for other in (value + difference, value - difference):
                            if other >= 0:
                                yield Mend(table, block, log_index, {name: other})
            yield Mend(table, block, log_index, None)
            yield from _of_others(lake, table, row)


def _most_common(values: Iterable[_Value]) -> list[_Value]:
    """The values that come most often, the first ones first."""
    return [value for value, _ in Counter(values).most_common(_MOST_COMMON)]


def _of_others(lake: Lake, table: str, row: dict[str, Any]) -> Iterator[Mend]:
    """The event with another address in each of its columns of addresses."""
    for name, value in row.items():
        if name in PLACES or not isinstance(value, str) or not value.startswith("0x"):
            continue
        others = (
            lake.scan(table, columns=[name])
            .filter(pl.col(name) != value)
            .group_by(name)
            .len()
            .sort(pl.col("len"), pl.col(name), descending=[True, False])
            .head(_MOST_OTHERS)
            .collect()
        )
        for other in others[name].to_list():
            yield Mend(table, row["block_number"], row["log_index"], {name: other})


def _event_at(lake: Lake, block: int, log_index: int) -> tuple[str, dict[str, Any]] | None:
    for table in lake.tables():
        if table.startswith("events/"):
            scan = lake.scan(table, from_block=block, until_block=block).filter(pl.col("log_index") == log_index)
            for row in _rows(scan):
                return table, row
    return None


def _events_of(lake: Lake, subject: str, after: int, until: int) -> list[tuple[str, dict[str, Any]]]:
    """Events above block `after` that name an address, in chain order, the last ones first."""
    found = []
    for table in lake.tables():
        if table.startswith("events/"):
            scan = lake.scan(table, from_block=after + 1, until_block=until)
            texts = [name for name, kind in scan.collect_schema().items() if kind == pl.String and name not in PLACES]
            if texts:
                named = pl.any_horizontal(pl.col(name) == subject for name in texts)
                found += [(table, row) for row in _rows(scan.filter(named))]
    return sorted(found, key=lambda each: (each[1]["block_number"], each[1]["log_index"]), reverse=True)


def _rows(scan: pl.LazyFrame) -> list[dict[str, Any]]:
    return scan.with_columns(pl.col(pl.Decimal).cast(pl.Int128)).collect().to_dicts()
