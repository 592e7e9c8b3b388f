"""A word about what lies in a folder that was written to, and is not ours."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.folders import foreign_names

from .manners import is_quiet

if TYPE_CHECKING:
    from pathlib import Path

_NAMES = 5
_HEAD = 4096


def say_foreign(folder: Path) -> None:
    """Say on standard error what was left in place because keep3r did not write it; nothing if all is ours."""
    names = foreign_names(folder)
    if names and not is_quiet():
        more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
        print(f"left as it was in {folder}: {', '.join(names[:_NAMES])}{more} (not of keep3r)", file=sys.stderr)


def refuse_foreign(file: Path, mark: str, setting: str) -> None:
    """Raise `UsageError` if a file is to be replaced that lacks the mark of what keep3r writes there."""
    if not file.exists():
        return
    if not file.is_file() or mark.encode() not in file.read_bytes()[:_HEAD]:
        raise UsageError(f"{file}: is not of keep3r, and would be replaced; say {setting}=FILE")
