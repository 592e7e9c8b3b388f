"""The manifest: which files a lake consists of, and which blocks they cover. No other file is part of it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from typing import Any

from keep3r_replay.lake.deployment import LAYOUT

_TABLE = re.compile(r"[a-z_]+|events/[a-z0-9_]+\.\w+", re.ASCII)
"""Names of tables: they are folders of the lake."""


@dataclass(frozen=True)
class FileEntry:
    """One Parquet file.

    Attributes:
        table: `logs`, `blocks`, `transactions`, `readings` or `events/<role>.<Event>`.
        path: relative to the lake, with forward slashes.
        from_block, to_block: the closed range of blocks it covers.
        rows: how many rows it has.
        bytes: its size.
        sha256: of its bytes, hexadecimal.
    """

    table: str
    path: str
    from_block: int
    to_block: int
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Coverage:
    """Which blocks a lake covers without a gap, and the hash of the last of them."""

    from_block: int
    to_block: int
    last_block_hash: str


@dataclass(frozen=True)
class Manifest:
    """Everything a lake says of itself.

    Attributes:
        files: in order of table and first block.
        coverage: None while nothing is complete.
        extraction: how the lake was fetched, for one that comes from a node; empty otherwise.
    """

    files: tuple[FileEntry, ...]
    coverage: Coverage | None
    extraction: dict[str, Any]

    def of_table(self, table: str) -> tuple[FileEntry, ...]:
        """Return a table's files in order of blocks."""
        return tuple(entry for entry in self.files if entry.table == table)

    def tables(self) -> tuple[str, ...]:
        """Return the names of all tables, sorted."""
        return tuple(sorted({entry.table for entry in self.files}))

    def missing(self) -> list[tuple[int, int]]:
        """Return the closed ranges of blocks that are said to be covered, and of which no file tells, by partitions.

        Every block has a row in `blocks`; a lake of logs alone has no such table, and nothing to be held against.
        """
        if self.coverage is None or self.extraction.get("detail") == "logs":
            return []
        missing: list[tuple[int, int]] = []
        next_block = self.coverage.from_block
        for entry in sorted(self.of_table("blocks"), key=lambda entry: entry.from_block):
            missing += self._parts(next_block, entry.from_block - 1)
            next_block = max(next_block, entry.to_block + 1)
        return missing + self._parts(next_block, self.coverage.to_block)

    def _parts(self, first: int, last: int) -> list[tuple[int, int]]:
        """Cut a range, which may be empty, where partitions begin."""
        if first > last:
            return []
        size = int(self.extraction.get("partition_blocks", 0)) or last + 1
        starts = [first, *range((first // size + 1) * size, last + 1, size)]
        return [(start, min(last, (start // size + 1) * size - 1)) for start in starts]

    def sorted(self) -> Manifest:
        """Return the manifest with its files in order."""
        return replace(self, files=tuple(sorted(self.files, key=lambda entry: (entry.table, entry.from_block))))

    def to_json(self) -> str:
        """Return the text of `manifest.json`: sorted throughout, so that the same content gives the same bytes."""
        ordered = self.sorted()
        content = {
            "layout": LAYOUT,
            "coverage": asdict(self.coverage) if self.coverage else None,
            "files": [asdict(entry) for entry in ordered.files],
            "extraction": self.extraction,
        }
        return json.dumps(content, indent=1, sort_keys=True) + "\n"


def manifest_from_json(content: dict[str, Any]) -> Manifest:
    """Read the parsed `manifest.json` back.

    Raises:
        KeyError, TypeError: a part is missing or of the wrong kind.
        ValueError: a file has another name than its table and its blocks give it, or no table's name.
    """
    coverage = content["coverage"]
    return Manifest(
        tuple(_checked(FileEntry(**entry)) for entry in content["files"]),
        Coverage(**coverage) if coverage else None,
        content.get("extraction", {}),
    )


def _checked(entry: FileEntry) -> FileEntry:
    """Refuse an entry whose path could lead out of the lake: no path is free to be chosen."""
    if not _TABLE.fullmatch(entry.table):
        raise ValueError(f"{entry.table[:80]!r} is no table")
    if entry.path != file_name(entry.table, entry.from_block, entry.to_block):
        raise ValueError(f"{entry.path[:80]!r} is no file of table {entry.table}")
    return entry


def file_name(table: str, from_block: int, to_block: int) -> str:
    """Return a file's path in the lake: `logs/000000000-000099999.parquet`."""
    return f"{table}/{from_block:09d}-{to_block:09d}.parquet"
