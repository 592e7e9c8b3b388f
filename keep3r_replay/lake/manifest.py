"""The manifest: which files a lake consists of, and which blocks they cover. No other file is part of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from keep3r_replay.lake.deployment import LAYOUT


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
    """
    coverage = content["coverage"]
    return Manifest(
        tuple(FileEntry(**entry) for entry in content["files"]),
        Coverage(**coverage) if coverage else None,
        content.get("extraction", {}),
    )


def file_name(table: str, from_block: int, to_block: int) -> str:
    """Return a file's path in the lake: `logs/000000000-000099999.parquet`."""
    return f"{table}/{from_block:09d}-{to_block:09d}.parquet"
