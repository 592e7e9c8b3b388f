"""Proving a lake's files: everything the manifest names is there, has its bytes, and holds its rows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keep3r_replay.lake.manifest import FileEntry, Manifest


@dataclass(frozen=True)
class Damage:
    """A file that is not what the manifest says, and how."""

    entry: FileEntry
    problem: str


def damaged_files(lake: Path, manifest: Manifest) -> Iterator[Damage]:
    """Yield every file of the manifest that is missing, altered or unreadable; each is read whole."""
    for entry in manifest.files:
        problem = problem_of(lake / entry.path, entry)
        if problem:
            yield Damage(entry, problem)


def false_hashes(lake: Path, manifest: Manifest) -> Iterator[tuple[int, str]]:
    """Yield number and a sentence for each block whose hash in the manifest is not that of the table of blocks.

    They are the last ones of partitions, and the chain's first.

    Hashes stand in `blocks` where a header was fetched, and as the parent's in the row of the block after. The files
    must be whole.
    """
    told = {int(number): str(text) for number, text in manifest.extraction.get("anchors", [])}
    if manifest.coverage is not None:
        told[manifest.coverage.to_block] = manifest.coverage.last_block_hash
    if manifest.extraction.get("genesis"):
        told[0] = str(manifest.extraction["genesis"])
    for entry in manifest.of_table("blocks"):
        table = pq.read_table(lake / entry.path, columns=["number", "hash", "parent_hash"])
        for number, own, parent in zip(*(column.to_pylist() for column in table.columns), strict=True):
            for block, held in ((number, own), (number - 1, parent)):
                if block in told and held is not None and held != told[block]:
                    yield block, f"block {block} has another hash in the manifest than in the table of blocks"


def problem_of(path: Path, entry: FileEntry) -> str:
    """Say how a file is not what the manifest says; empty if it is."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if size != entry.bytes:
        return f"has {size} bytes instead of {entry.bytes}"
    if digest != entry.sha256:
        return "has other content than was written"
    try:
        rows: int = pq.read_metadata(path).num_rows
    except pa.ArrowException as error:
        return f"is no Parquet: {error}"
    return "" if rows == entry.rows else f"has {rows} rows instead of {entry.rows}"
