"""Lakes of recordings, imported once and kept in `.lakes`, which git ignores, by the content they were made of.

A lake's name is the SHA-256 of its recording's files and of the code that imports: what is changed is imported anew,
and nothing else is. Tests that change a lake change a copy.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from functools import cache
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
from filelock import FileLock
from histories import ROOT, name_of

from keep3r_replay.protocols.registry import protocol_recorded
from keep3r_replay.recording.importer import import_recording

if TYPE_CHECKING:
    from pathlib import Path

AT_HAND = 8
"""Recordings whose audits are kept in memory: the present one, and those that single tests ask for."""
CACHE = ROOT / ".lakes"
_CODE = ROOT / "keep3r_replay"
_NO_PART_OF_AN_IMPORT = frozenset({"replay", "audit", "what_if", "scenario", "report", "warehouse", "sql"})
"""Rooms of the package, or of a protocol, whose code decides nothing about a lake."""
_KEPT_FOR = 3_600
"""Seconds that another version of a lake is left alone: a test run in progress may read it."""


def imported(recording: Path) -> Path:
    """Return the folder of a recording's lake; safe under concurrent workers."""
    versions = CACHE / name_of(recording)
    lake = versions / _digest(recording)
    if lake.is_dir():
        return lake
    versions.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / f"{name_of(recording)}.lock"):
        if not lake.is_dir():
            for former in versions.iterdir():
                if time.time() - former.stat().st_mtime > _KEPT_FOR:
                    shutil.rmtree(former)
            import_recording(recording, lake, protocol_recorded)
    return lake


def _digest(recording: Path) -> str:
    content = hashlib.sha256(_code())
    for path in sorted(recording.iterdir()):
        content.update(f"{path.name}\0".encode())
        content.update(hashlib.sha256(path.read_bytes()).digest())
    return content.hexdigest()[:16]


@cache
def _code() -> bytes:
    """Digest of the code that a lake depends on, our own and that of the libraries that write it."""
    content = hashlib.sha256(f"{pl.__version__} {pa.__version__}".encode())
    for path in sorted(_CODE.rglob("*.py")):
        place = path.relative_to(_CODE)
        if not _NO_PART_OF_AN_IMPORT & set(place.parts[:-1]):
            content.update(f"{place.as_posix()}\0".encode())
            content.update(path.read_bytes())
    return content.digest()
