"""Which files of a lake's folder an extraction wrote, by their names: nobody deletes others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from keep3r_replay.lake.writer import TEMPORARY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TABLES = ("blocks", "logs", "readings", "transactions", "undecoded")
_EVENT_TABLE = re.compile(r"[a-z0-9_]+\.\w+", re.ASCII)
_DATA = re.compile(rf"(?:{re.escape(TEMPORARY)}\d+-\d{{9,}}|\d{{9,}}-\d{{9,}})\.parquet", re.ASCII)
_FACTS = re.compile(rf"{re.escape(TEMPORARY)}\d+-(?:manifest|deployment)\.json", re.ASCII)


def leftovers(lake: Path) -> Iterator[Path]:
    """Yield the files that extractions wrote, finished or not, but for manifest, deployment and lock; sorted.

    A link is somebody's, unless it is named as an unfinished file; what lies behind one is never shown.
    """
    yield from _named(lake, _FACTS)
    events = lake / "events"
    folders = [lake / name for name in _TABLES]
    if events.is_dir() and not events.is_symlink():
        folders += sorted(each for each in events.iterdir() if _EVENT_TABLE.fullmatch(each.name))
    for folder in folders:
        if folder.is_dir() and not folder.is_symlink():
            yield from _named(folder, _DATA)


def _named(folder: Path, pattern: re.Pattern[str]) -> list[Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if pattern.fullmatch(path.name) and (path.name.startswith(TEMPORARY) if path.is_symlink() else path.is_file())
    )
