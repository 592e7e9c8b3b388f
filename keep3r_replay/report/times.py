"""Times and durations as people say them, one way everywhere; all of them UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from keep3r_replay.errors import UsageError

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_UNITS = ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute"), (1, "second"))
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(:\d\d)?)?(?:Z| UTC)?", re.ASCII)
_LAST = 253_402_300_799
"""The last second of the year 9999: what is later is no time."""


def moment(seconds: int) -> str:
    """A time as date, hour and minute: `2022-12-16 21:50`. What no calendar holds stays a number of seconds."""
    if not 0 <= seconds <= _LAST:
        return f"{seconds:,} s"
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def date(seconds: int) -> str:
    """The day of a time: `2022-12-16`."""
    return moment(seconds).partition(" ")[0] if 0 <= seconds <= _LAST else moment(seconds)


def duration(seconds: int) -> str:
    """A length of time in its two largest units, cut, not rounded: `3 days 4 hours`, `45 minutes`, `0 seconds`."""
    sign, rest = ("-", -seconds) if seconds < 0 else ("", seconds)
    parts = []
    for length, unit in _UNITS:
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count:,} {unit}{'' if count == 1 else 's'}")
        elif parts:
            break
    return f"{sign}{' '.join(parts[:2])}" if parts else "0 seconds"


def seconds_of(text: str, setting: str = "at") -> int:
    """The second that a date (its first) or a time means: `2022-05-01`, `2022-05-01 13:30`, `2022-05-01T13:30:15`.

    Raises:
        UsageError: it is neither; the text names `setting`.
    """
    told = _TIME.fullmatch(text.strip())
    day, minute, second = told.groups() if told else ("", "", "")
    try:
        return int(datetime.fromisoformat(f"{day}T{minute or '00:00'}{second or ':00'}+00:00").timestamp())
    except ValueError:
        raise UsageError(
            f"{setting}={text[:40]!r}: say a day, 2022-05-01, or a time, '2022-05-01 13:30' (UTC)"
        ) from None
