"""Reading a lake: cheap to open, lazy to scan, and never a file that its manifest does not name."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import LakeError, is_url
from keep3r_replay.lake.bucket import file_sizes, for_polars, in_bucket, location
from keep3r_replay.lake.completeness import lacking
from keep3r_replay.lake.deployment import LAYOUT, Deployment, deployment_from_json
from keep3r_replay.lake.manifest import FileEntry, Manifest, manifest_from_json
from keep3r_replay.lake.shapes import parsed

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    import polars as pl

    from keep3r_replay.lake.integrity import Schemas

BLOCK_COLUMN = {"blocks": "number"}
"""Where a table's column of block numbers is not `block_number`."""
_MAKE = "make one with keep3r extract, import or simulate"
_ANEW = "import it again, or extract into a new folder"
_ORIGIN = re.compile(rb'"origin": "(\w+)"')


class Lake:
    """A lake on disk, opened for reading.

    Attributes:
        path: its folder.
        deployment: which contracts, tokens and initial parameters it is of.
        manifest: its files and the blocks they cover.
        part: whether it is one protocol's part of a lake of several: readings of other contracts are not its.
        after: the block up to which a former run has looked at it, and found no error (`recent`); None: nobody has.
    """

    after: int | None = None

    def __init__(self, path: Path, deployment: Deployment, manifest: Manifest, *, part: bool = False) -> None:
        self.path = path
        self.deployment = deployment
        self.manifest = manifest
        self.part = part
        self._entries: dict[str, list[FileEntry]] = {}
        for entry in manifest.files:
            self._entries.setdefault(entry.table, []).append(entry)

    @classmethod
    def open(cls, path: str | Path) -> Lake:
        """Open the lake in folder `path`; files are looked at (size), not read.

        Raises:
            LakeError: there is no lake, its layout is newer than this code, its manifest is damaged, or a file is
                missing or has another size than the manifest says, or blocks are said to be covered that no file holds.
        """
        if is_url(str(path)) and not in_bucket(path):
            raise LakeError("lake", "is a URL, and not read", remedy="copy it to a folder of this machine")
        folder = location(path)
        if not folder.is_dir():
            raise LakeError(folder, "no such lake", remedy=_MAKE)
        manifest, deployment = cls.read(folder)
        sizes = file_sizes(folder, [entry.path for entry in manifest.files])
        for entry in manifest.files:
            file = folder / entry.path
            size = sizes.get(entry.path)
            if size is None:
                raise LakeError(file, "file is missing", remedy="run keep3r verify, or import again")
            if size != entry.bytes:
                raise LakeError(
                    file, f"has {size} bytes instead of {entry.bytes}", remedy="run keep3r verify, or import again"
                )
        for gap in lacking(manifest, deployment.transactions):
            raise LakeError(folder, gap.problem, remedy="run keep3r extract, or import again")
        return cls(folder, deployment, manifest)

    @staticmethod
    def read(folder: Path) -> tuple[Manifest, Deployment]:
        """Read what a lake says of itself, without looking at its files.

        Raises:
            LakeError: there is no lake, its layout is newer than this code, or its manifest is damaged.
        """
        content = _parsed(folder / "manifest.json", _read(folder / "manifest.json"))
        described = _read(folder / "deployment.json")
        facts = _parsed(folder / "deployment.json", described)
        for name, part in (("manifest.json", content), ("deployment.json", facts)):
            layout = part.get("layout")
            if not isinstance(layout, int) or isinstance(layout, bool) or layout < 1:
                raise LakeError(folder / name, "no layout number", remedy="this is not a lake of keep3r")
            if layout > LAYOUT:
                raise LakeError(
                    folder / name, f"layout {layout} is newer than this version's {LAYOUT}", remedy="update keep3r"
                )
        try:
            manifest, deployment = manifest_from_json(content), deployment_from_json(facts)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise LakeError(folder, f"damaged manifest or deployment: {error}", remedy=_ANEW) from None
        digests = manifest.deployment_sha256
        if digests and hashlib.sha256(described).hexdigest() not in digests:
            raise LakeError(
                folder / "deployment.json", "damaged deployment: holds something other than was written", remedy=_ANEW
            )
        return manifest, deployment

    def check_content(self, known: Collection[tuple[str, str]] = (), schemas: Schemas = lambda _: ()) -> None:
        """Read every file once and hold it against its SHA-256 in the manifest.

        Args:
            known: path and SHA-256 of files that have been read before, and are not read again.
            schemas: the Arrow schemas of which a table's files must have one; none where any will do.

        Raises:
            LakeError: a file holds something other than was written, or is no table of its name.
        """
        from keep3r_replay.lake.integrity import table_problem  # noqa: PLC0415  (opening a lake needs no pyarrow)

        for entry in self.manifest.files:
            if (entry.path, entry.sha256) in known:
                continue
            file = self.path / entry.path
            with file.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
                problem = ""
                if digest == entry.sha256:
                    problem = table_problem(content, entry, schemas(entry.table))
            if digest != entry.sha256:
                raise LakeError(
                    file, "holds something other than was written", remedy="run keep3r verify, or import again"
                )
            if problem:
                raise LakeError(file, problem, remedy=_ANEW)

    def without(self, *tables: str) -> Lake:
        """The lake as if it had no such tables."""
        files = tuple(entry for entry in self.manifest.files if entry.table not in tables)
        return Lake(self.path, self.deployment, replace(self.manifest, files=files), part=self.part)

    def has(self, table: str) -> bool:
        """Tell whether the lake has a table: an event that never occurred has none."""
        return table in self._entries

    def reaches(self, table: str, from_block: int | None, until_block: int | None) -> bool:
        """Tell whether a table may have rows in a range of blocks: some file of it is of one of them."""
        return any(
            (until_block is None or entry.from_block <= until_block)
            and (from_block is None or entry.to_block >= from_block)
            for entry in self._entries.get(table, ())
        )

    def tables(self) -> tuple[str, ...]:
        """Return the names of all tables, sorted."""
        return tuple(sorted(self._entries))

    def scan(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        until_block: int | None = None,
        from_block: int | None = None,
    ) -> pl.LazyFrame:
        """Scan a table over exactly the files of the manifest, in chain order.

        Args:
            table: `logs`, `blocks`, `transactions`, `readings` or `events/<role>.<Event>`.
            columns: the columns to read; all if None.
            until_block: leave out later blocks.
            from_block: leave out earlier blocks.

        Raises:
            LakeError: the lake has no such table.
        """
        import polars as pl  # noqa: PLC0415  (opening a lake needs no polars)

        entries = self._entries.get(table)
        if not entries:
            raise LakeError(self.path, f"no table '{table}'", remedy="Lake.has() tells which tables there are")
        low = 0 if from_block is None else from_block
        high = entries[-1].to_block if until_block is None else until_block
        wanted = [entry for entry in entries if entry.from_block <= high and entry.to_block >= low]
        # One file stays at least, so that there is a schema even where no row is left.
        options = for_polars(self.path)
        files = [self.path / entry.path for entry in wanted or entries[:1]]
        frame = pl.scan_parquet(
            files if options is None else list(map(str, files)), glob=False, storage_options=options
        )
        if from_block is not None or until_block is not None:
            frame = frame.filter(pl.col(BLOCK_COLUMN.get(table, "block_number")).is_between(low, high))
        return frame if columns is None else frame.select(columns)


def origin_of(folder: Path) -> str:
    """Return what a lake says of where it is from, a damaged one too; empty if the folder holds no lake."""
    try:
        return Lake.read(folder)[1].origin
    except LakeError:
        facts, manifest = folder / "deployment.json", folder / "manifest.json"
        found = _ORIGIN.search(facts.read_bytes()) if facts.is_file() and manifest.is_file() else None
        return found[1].decode() if found else ""


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise LakeError(file.parent, f"no lake here: {file.name} is missing", remedy=_MAKE) from None
    except OSError as error:
        raise LakeError(file, f"cannot be read: {error}", remedy=_ANEW) from None


def _parsed(file: Path, content: bytes) -> dict[str, Any]:
    try:
        told = parsed(content)
    except ValueError as error:
        raise LakeError(file, f"damaged {file.stem}: cannot be read: {error}", remedy=_ANEW) from None
    if not isinstance(told, dict):
        raise LakeError(file, "is not a JSON object", remedy="this is not a lake of keep3r")
    return told
