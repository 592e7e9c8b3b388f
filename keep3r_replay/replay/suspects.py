"""Events that a finding may come from, each as it may have read."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

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
_MOST_DIFFERENCES = 3
"""Differences of the readings after an event that are tried on it: what else a block does may change some of them."""
_BESIDE = 3
"""Logs between an event and another one that may have told the same number."""
_MOST_EVENTS = 6
"""Events tried for one reading that differs."""


class Event(NamedTuple):
    """An event of a lake: its table, and its columns with their values."""

    table: str
    row: dict[str, Any]

    @property
    def addresses(self) -> frozenset[str]:
        """Those that it names."""
        return frozenset(
            value
            for name, value in self.row.items()
            if name not in PLACES and isinstance(value, str) and value.startswith("0x")
        )

    def number(self, name: str) -> int | None:
        """What a column of numbers says; None if it is none."""
        value = self.row.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def with_values(self, values: dict[str, int | str] | None) -> Mend:
        """The event as it says something else; None: as it is left out."""
        return Mend(self.table, self.row["block_number"], self.row["log_index"], values)


def suspects_at(lake: Lake, findings: Sequence[Finding], readings: Sequence[Finding]) -> Iterator[Mend]:
    """How the event at the place of `findings` (all of one log) may have read.

    First as the model, or the readings after it, expect it; then as it is, and what stands beside it otherwise; then
    not at all; then with other addresses. Last the event behind it in its transaction with other addresses: that may be
    what the first announces.
    """
    event = event_at(lake, findings[0])
    if event is None:
        return
    yield from as_expected(event, findings, readings)
    yield from said_otherwise(lake, event, findings)
    yield event.with_values(None)
    yield from _of_others(lake, event.table, event.row)
    behind = event_at(lake, replace(findings[0], log_index=event.row["log_index"] + 1))
    if behind is not None and behind.row["transaction_index"] == event.row["transaction_index"]:
        yield from _of_others(lake, behind.table, behind.row)


def as_expected(event: Event, findings: Sequence[Finding], readings: Sequence[Finding]) -> Iterator[Mend]:
    """The event as the model expects it, where the findings' fields are columns of the event: in all, then in one each.

    What is expected of one field may come from what another says, so that only one of them is wrong (the tick of a
    changed price). Where the model gives bounds only, those fields with what the first readings after the event differ
    by taken off.
    """
    expected = {_column(finding): value for finding in findings if (value := _expected(event, finding)) is not None}
    if expected:
        yield event.with_values(expected)
        if len(expected) > 1:
            yield from (event.with_values({name: value}) for name, value in expected.items())
        return
    numbers = {_column(finding): event.number(_column(finding)) for finding in findings}
    differences = _most_common((abs(each.difference) for each in readings if each.difference), _MOST_DIFFERENCES)
    for name, value in numbers.items():
        if value is not None:
            others = [value + sign * difference for sign in (-1, 1) for difference in differences]
            yield from (event.with_values({name: other}) for other in others if other >= 0)


def said_otherwise(lake: Lake, event: Event, findings: Sequence[Finding]) -> Iterator[Mend]:
    """An event close by in its transaction, if that says the number that is expected of this one.

    The model may have expected the number because of that event, and this one may be right.
    """
    for finding in findings:
        expected, observed = finding.expected, finding.observed
        if finding.log_index is None or not (expected.isdigit() and observed.isdigit()):
            continue
        for place in (finding.log_index + distance for each in range(1, _BESIDE + 1) for distance in (each, -each)):
            other = event_at(lake, replace(finding, log_index=place)) if place >= 0 else None
            if other is None or other.row["transaction_index"] != event.row["transaction_index"]:
                continue
            for name in other.row:
                if name not in PLACES and other.number(name) == int(expected):
                    yield other.with_values({name: int(observed)})


def _expected(event: Event, finding: Finding) -> int | str | None:
    """What the model expects in a finding's field, if that is a column of the event, and one value."""
    column = _column(finding)
    if event.number(column) is not None:
        return int(finding.expected) if finding.expected.lstrip("-").isdigit() else None
    is_text = isinstance(event.row.get(column), str)
    return finding.expected if is_text and finding.expected.startswith("0x") else None


def _column(finding: Finding) -> str:
    """The column that a finding's field names; some name the event before it."""
    return finding.field.rpartition(".")[2]


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
        for event in _events_of(lake, subject, after, readings[0].block_number)[:_MOST_EVENTS]:
            for difference in differences:
                for name, value in event.row.items():
                    if name not in PLACES and isinstance(value, int) and not isinstance(value, bool):
                        for other in (value + difference, value - difference):
                            if other >= 0:
                                yield event.with_values({name: other})
            yield event.with_values(None)
            yield from _of_others(lake, event.table, event.row)


def _most_common(values: Iterable[_Value], most: int = _MOST_COMMON) -> list[_Value]:
    """The values that come most often, the first ones first."""
    return [value for value, _ in Counter(values).most_common(most)]


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


def event_at(lake: Lake, finding: Finding) -> Event | None:
    """The event at a finding's place; None where it has none."""
    block = finding.block_number
    for table in lake.tables():
        if finding.log_index is not None and table.startswith("events/"):
            scan = lake.scan(table, from_block=block, until_block=block)
            for row in _rows(scan.filter(pl.col("log_index") == finding.log_index)):
                return Event(table, row)
    return None


def _events_of(lake: Lake, subject: str, after: int, until: int) -> list[Event]:
    """Events above block `after` that name an address, in chain order, the last ones first."""
    found = []
    for table in lake.tables():
        if table.startswith("events/"):
            scan = lake.scan(table, from_block=after + 1, until_block=until)
            texts = [name for name, kind in scan.collect_schema().items() if kind == pl.String and name not in PLACES]
            if texts:
                named = pl.any_horizontal(pl.col(name) == subject for name in texts)
                found += [Event(table, row) for row in _rows(scan.filter(named))]
    return sorted(found, key=lambda each: (each.row["block_number"], each.row["log_index"]), reverse=True)


def _rows(scan: pl.LazyFrame) -> list[dict[str, Any]]:
    return scan.with_columns(pl.col(pl.Decimal).cast(pl.Int128)).collect().to_dicts()
