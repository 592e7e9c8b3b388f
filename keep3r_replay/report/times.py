"""Times and durations as people say them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

from keep3r_replay.report.amounts import rounded

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3_600, 86_400, 365 * 86_400
_UNITS = ((_YEAR, "year"), (_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute"), (1, "second"))


def minute(seconds: int) -> str:
    """A time as date, hour and minute, UTC: `2022-05-01 12:30`."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def date(seconds: int) -> str:
    """A time as its date, UTC."""
    return minute(seconds)[:10]


def when(seconds: int | None) -> str:
    """A time on a page; a dash where there is none."""
    return "-" if seconds is None else f"<time>{minute(seconds)}</time>"


def place(seconds: int | None, block: int, log_index: int | None = None) -> str:
    """A place in a history on a page: the time, where it is known, and the block, with the log where it is one's."""
    log = "" if log_index is None else f" log {log_index}"
    time = "" if seconds is None else f"{when(seconds)} "
    return f'{time}<span class="block">block {block:,}{log}</span>'


def duration(seconds: int) -> str:
    """A duration in its two largest units: `3 days 4 hours`; nothing is `0 seconds`."""
    if seconds < 0:
        return f"-{duration(-seconds)}"
    for (size, unit), (below, smaller) in itertools.pairwise(_UNITS):
        if seconds >= size:
            whole, rest = divmod(rounded(seconds, below) * below, size)
            return _counted(whole, unit) + (f" {_counted(rest // below, smaller)}" if rest else "")
    return _counted(seconds, "second")


def _counted(count: int, unit: str) -> str:
    return f"{count:,} {unit}{'' if count == 1 else 's'}"
