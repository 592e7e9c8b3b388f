"""A manifest of results that cannot be read any more, but still says what it was: its folder may be filled anew."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from keep3r_replay.lake.shapes import parsed

if TYPE_CHECKING:
    from pathlib import Path

RESULTS = "keep3r results"
"""The kind that a manifest of results says it is: the mark of a folder of results."""

_MARK = f'"kind": "{RESULTS}"'.encode()
_LISTED = re.compile(rb'"([\w./-]+\.(?:parquet|json))": \{')


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
