"""The blocks that audits look at: a range of blocks, of days, or the last days."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.errors import UsageError
from keep3r_replay.warehouse.session import schemas_of

if TYPE_CHECKING:
    import duckdb

    from keep3r_replay.warehouse.session import Part

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class Asked(NamedTuple):
    """A range as a person says it; days are dates in UTC, both ends belong to it. All None: everything there is."""

    from_block: int | None = None
    to_block: int | None = None
    from_day: str | None = None
    to_day: str | None = None
    days: int | None = None


class Range(NamedTuple):
    """First and last block, and the second at which it ends; first above last: no block is in it."""

    first: int
    last: int
    end: int


def range_of(connection: duckdb.DuckDBPyConnection, part: Part, asked: Asked) -> Range:
    """Find the blocks of a range by the times in a lake's table of blocks.

    Blocks without a known time carry no events: leaving them out changes no audit.

    Args:
        connection: an open warehouse.
        part: the lake.
        asked: what is wanted.

    Raises:
        UsageError: it makes no sense: two kinds of range at once, a day that is none, the end before the beginning.
    """
    by_block = asked.from_block is not None or asked.to_block is not None
    by_day = asked.from_day is not None or asked.to_day is not None
    if by_block + by_day + (asked.days is not None) > 1:
        raise UsageError(
            "a range is one of blocks (from_block, to_block), of days (from_day, to_day), or the last days"
        )
    if asked.days is not None and asked.days < 1:
        raise UsageError(f"days={asked.days}: no number of days")
    _, raw, _ = schemas_of(part.schema)
    known = f"from {raw}.blocks where number <= {part.to_block}"
    (first, last, end) = _row(connection, f"select min(number), max(number), max(timestamp) {known}")
    if last is None:
        return Range(0, -1, 0)
    whole = Range(int(first), int(last), int(end or 0))
    if asked.days is not None:
        return _between(connection, known, whole.end - asked.days * 86_400 + 1, whole.end)
    if by_day:
        since = 0 if asked.from_day is None else _midnight(asked.from_day, "from_day")
        until = whole.end if asked.to_day is None else _midnight(asked.to_day, "to_day") + 86_399
        return _between(connection, known, *_ordered(since, until))
    if not by_block:
        return whole
    low, high = _ordered(asked.from_block or 0, whole.last if asked.to_block is None else asked.to_block)
    (ends,) = _row(connection, f"select max(timestamp) {known} and number <= {high}")
    return Range(low, min(high, whole.last), int(ends or 0))


def _between(connection: duckdb.DuckDBPyConnection, known: str, since: int, until: int) -> Range:
    low, high, end = _row(
        connection,
        f"select min(number), max(number), max(timestamp) {known} and timestamp between {since} and {until}",
    )
    return Range(0, -1, until) if low is None else Range(int(low), int(high), max(int(end), 0))


def _row(connection: duckdb.DuckDBPyConnection, statement: str) -> tuple[Any, ...]:
    """The one row of an aggregate."""
    row = connection.execute(statement).fetchone()
    assert row is not None
    return row


def _ordered(low: int, high: int) -> tuple[int, int]:
    if low > high:
        raise UsageError("the range ends before it begins")
    return low, high


def _midnight(day: str, setting: str) -> int:
    """The first second of a day, UTC. Raises `UsageError` if the text is no day."""
    try:
        begins = datetime.combine(date.fromisoformat(day if _DAY.fullmatch(day) else ""), time(), UTC)
    except ValueError:
        raise UsageError(f"{setting}={day[:60]}: no day, as in 2022-03-31") from None
    return (begins - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
