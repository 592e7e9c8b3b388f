"""A manifest of results that cannot be read any more, but still says what it was: its folder may be filled anew."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from keep3r_replay.lake.shapes import parsed

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

RESULTS = "keep3r results"
"""The kind that a manifest of results says it is: the mark of a folder of results."""

_MARK = f'"kind": "{RESULTS}"'.encode()
_LISTED = re.compile(rb'"([\w./-]+\.(?:parquet|json))": \{')
_OF_TABLE = re.compile(r"(\w+)\.parquet(?:/\d{6}\.parquet)?", re.ASCII)
_FOR_LATER = "kept_"


def listed_by_damaged(manifest: Path) -> set[str] | None:
    """The files that a damaged manifest of results still lists; None where it is whole, or bears no mark of results."""
    try:
        content = manifest.read_bytes()
    except OSError:
        return None
    if _MARK not in content:
        return None
    try:
        parsed(content)
    except (ValueError, RecursionError):
        return {name.decode() for name in _LISTED.findall(content)}
    return None


def files_of_tables(folder: Path, tables: Collection[str]) -> set[str]:
    """The files in a folder of results that are named as those of its tables, or of what is kept for a later run.

    Args:
        folder: the results.
        tables: names of tables that a replay writes.
    """
    places = (each for pattern in ("*.parquet", "*.parquet/*.parquet") for each in folder.glob(pattern))
    found = {each.relative_to(folder).as_posix(): each for each in places if each.is_file() and not each.is_symlink()}
    return {
        name
        for name in found
        if (part := _OF_TABLE.fullmatch(name)) and (part[1] in tables or part[1].startswith(_FOR_LATER))
    }
