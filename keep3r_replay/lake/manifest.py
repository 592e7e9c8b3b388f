"""The manifest: which files a lake consists of, and which blocks they cover. No other file is part of it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

from keep3r_replay.lake.deployment import LAYOUT
from keep3r_replay.lake.shapes import block_hash, mapping, pairs, sequence, text, whole

_TABLE = re.compile(r"[a-z_]+|events/[a-z0-9_]+\.\w+", re.ASCII)
"""Names of tables: they are folders of the lake."""
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


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
        deployment_sha256: what `deployment.json` may hold, as SHA-256: one, or two while it is being replaced. Lakes
            that were written before there was such a check have none.
    """

    files: tuple[FileEntry, ...]
    coverage: Coverage | None
    extraction: dict[str, Any]
    deployment_sha256: tuple[str, ...] = ()

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
        content: dict[str, Any] = {
            "layout": LAYOUT,
            "coverage": asdict(self.coverage) if self.coverage else None,
            "files": [asdict(entry) for entry in ordered.files],
            "extraction": self.extraction,
        }
        if self.deployment_sha256:
            content["deployment_sha256"] = list(self.deployment_sha256)
        return json.dumps(content, indent=1, sort_keys=True) + "\n"


def manifest_from_json(content: dict[str, Any]) -> Manifest:
    """Read the parsed `manifest.json` back.

    Raises:
        KeyError, TypeError: a part is missing.
        ValueError: a part is of the wrong kind; a file has another name than its table and its blocks give it, or no
            table's name, is listed twice, or is of blocks that are not covered.
    """
    told = content["coverage"]
    coverage = Coverage(**mapping(told, "coverage")) if told is not None else None
    if coverage is not None:
        whole(coverage.to_block, "to_block", whole(coverage.from_block, "from_block"))
        block_hash(coverage.last_block_hash, "last_block_hash")
    files = tuple(_checked(FileEntry(**mapping(entry, "a file"))) for entry in sequence(content["files"], "files"))
    _refuse_overlaps(files)
    first, last = (coverage.from_block, coverage.to_block) if coverage else (0, -1)
    for entry in files:
        if not first <= entry.from_block <= entry.to_block <= last:
            raise ValueError(f"{entry.path} is not within the blocks covered")
    extraction = mapping(content.get("extraction", {}), "extraction")
    _check_extraction(extraction, first, last)
    digests = sequence(content.get("deployment_sha256", []), "deployment_sha256")
    return Manifest(files, coverage, extraction, tuple(_digest(each, "deployment_sha256") for each in digests))


def _check_extraction(facts: dict[str, Any], first: int, last: int) -> None:
    """Refuse what an extraction cannot have noted. Raises `ValueError`."""
    for begin, end in pairs(facts.get("stale", []), "stale"):
        if not first <= whole(begin, "stale") <= whole(end, "stale") <= last:
            raise ValueError(f"stale blocks {begin} to {end} are not within the blocks covered")
    for number, told in pairs(facts.get("anchors", []), "anchors"):
        block_hash(told, "anchors")
        if not first <= whole(number, "anchors") <= last:
            raise ValueError(f"anchor {number} is not within the blocks covered")
    if "partition_blocks" in facts:
        whole(facts["partition_blocks"], "partition_blocks", 1)
    if "final_block" in facts:
        whole(facts["final_block"], "final_block", -1)
    for name in {"detail", "follow"} & facts.keys():
        text(facts[name], name)
    if facts.get("genesis"):
        block_hash(facts["genesis"], "genesis")


def _checked(entry: FileEntry) -> FileEntry:
    """Refuse an entry whose path could lead out of the lake: no path is free to be chosen."""
    if not _TABLE.fullmatch(text(entry.table, "table")):
        raise ValueError(f"{entry.table[:80]!r} is no table")
    for name in ("from_block", "to_block", "rows", "bytes"):
        whole(getattr(entry, name), name)
    if text(entry.path, "path") != file_name(entry.table, entry.from_block, entry.to_block):
        raise ValueError(f"{entry.path[:80]!r} is no file of table {entry.table}")
    _digest(entry.sha256, "sha256")
    return entry


def _digest(value: Any, name: str) -> str:
    if not _SHA256.fullmatch(text(value, name)):
        raise ValueError(f"{name} is {value[:80]!r}")
    return str(value)


def _refuse_overlaps(files: tuple[FileEntry, ...]) -> None:
    ordered = sorted(files, key=lambda entry: (entry.table, entry.from_block))
    for former, entry in pairwise(ordered):
        if former.table == entry.table and entry.from_block <= former.to_block:
            raise ValueError(f"blocks of {entry.path} are in another file, too")


def file_name(table: str, from_block: int, to_block: int) -> str:
    """Return a file's path in the lake: `logs/000000000-000099999.parquet`."""
    return f"{table}/{from_block:09d}-{to_block:09d}.parquet"
