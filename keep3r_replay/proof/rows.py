"""The rows that a lake holds of a closed range of blocks, table by table, and one digest of them all."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from keep3r_replay.chain.logs import RAW_LOGS
from keep3r_replay.counts import counted
from keep3r_replay.errors import LakeError
from keep3r_replay.lake.schemas import BLOCKS, READINGS, TRANSACTIONS, UNDECODED
from keep3r_replay.lake.writer import parquet_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from keep3r_replay.lake.manifest import FileEntry
    from keep3r_replay.lake.reader import Lake

Row = TypeVar("Row", bound=tuple[Any, ...])
_SCHEMAS = {
    "logs": RAW_LOGS,
    "blocks": BLOCKS,
    "transactions": TRANSACTIONS,
    "undecoded": UNDECODED,
    "readings": READINGS,
}
_BLOCK_COLUMN = {"blocks": "number"}
_PLACES = {
    "logs": ("log_index", "transaction_index"),
    "transactions": ("transaction_index",),
    "undecoded": ("log_index",),
    "readings": ("contract", "view", "arguments"),
}
_KEPT_FILES = 48
_ANEW = "extract or import the lake again"


class LakeRows:
    """Reads a lake's files once each, as its windows come; a few are kept, for windows do not end where files do."""

    def __init__(self, lake: Lake) -> None:
        """Take the lake, whose files are whole."""
        self._lake = lake
        self._files: dict[str, Any] = {}

    def has(self, table: str) -> bool:
        """Whether the lake has the table."""
        return self._lake.has(table)

    def event_tables(self) -> list[str]:
        """Names of the event tables."""
        return [name for name in self._lake.tables() if name.startswith("events/")]

    def of(self, table: str, first: int, last: int) -> Any:
        """A table's rows of a closed range of blocks, as one Arrow table in chain order."""
        parts = [
            _between(self._read(entry), _BLOCK_COLUMN.get(table, "block_number"), first, last)
            for entry in self._lake.manifest.of_table(table)
            if entry.from_block <= last and entry.to_block >= first
        ]
        if parts:
            return pa.concat_tables(parts).combine_chunks()
        return (_SCHEMAS.get(table) or self._schema(table)).empty_table()

    def columns(self, table: str) -> list[str]:
        """Names of a table's columns, as its first file has them."""
        return list(self._schema(table).names)

    def _schema(self, table: str) -> Any:
        entries = self._lake.manifest.of_table(table)
        return self._readable(entries[0], pq.read_schema) if entries else pa.schema([])

    def _readable(self, entry: FileEntry, read: Callable[[Path], Any]) -> Any:
        file = self._lake.path / entry.path
        try:
            return read(file)
        except (pa.ArrowException, OSError) as error:
            raise LakeError(file, f"cannot be read: {' '.join(str(error).split())[:80]}", remedy=_ANEW) from None

    def _read(self, entry: FileEntry) -> Any:
        path = entry.path
        if path not in self._files:
            while len(self._files) >= _KEPT_FILES:
                del self._files[next(iter(self._files))]
            rows = self._readable(entry, pq.read_table)
            problem = _problem(entry, rows)
            if problem:
                raise LakeError(self._lake.path / path, problem, remedy=_ANEW)
            self._files[path] = rows
        return self._files[path]

    def digest(self, tables: Iterable[str], first: int, last: int, about: object) -> str:
        """SHA-256 of the rows of some tables in a closed range, and of what else a proof rests on, as JSON.

        It does not depend on how the rows are cut into files: a lake that grows keeps the digests of its past.
        """
        whole = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
        for name in sorted(tables):
            rows = self.of(name, first, last)
            if rows.num_rows:
                whole.update(name.encode() + hashlib.sha256(parquet_bytes(rows)).digest())
        return whole.hexdigest()


def _problem(entry: FileEntry, rows: Any) -> str:
    """Why a file's rows cannot be held against blocks: other columns, no place, blocks that are not its own."""
    table, names = entry.table, rows.schema.names
    schema = _SCHEMAS.get(table)
    if schema is not None and names != schema.names:
        return f"has other columns than {table}: {', '.join(names)[:80]}"
    block = _BLOCK_COLUMN.get(table, "block_number")
    places = {block, *(("log_index",) if table.startswith("events/") else _PLACES.get(table, ()))}
    for name in sorted(places):
        if name not in names:
            return f"has no column {name}"
        if rows.column(name).null_count:
            return f"{name} is empty in {counted(rows.column(name).null_count, 'row')}"
    if rows.num_rows:
        ends = pc.min_max(rows.column(block)).as_py()
        for found in (ends["min"], ends["max"]):
            if not entry.from_block <= found <= entry.to_block:
                return f"holds a row of block {found}, which is none of its blocks"
    return ""


def _between(rows: Any, column: str, first: int, last: int) -> Any:
    """The rows of a closed range."""
    numbers = rows.column(column)
    if rows.num_rows:
        ends = pc.min_max(numbers).as_py()
        if ends["min"] >= first and ends["max"] <= last:
            return rows
    inside = pc.and_(pc.greater_equal(numbers, first), pc.less_equal(numbers, last))
    return rows.filter(inside)


class Place(NamedTuple):
    """Where a log stands."""

    block_number: int
    log_index: int


def rows_as(kind: type[Row], rows: Any) -> list[Row]:
    """An Arrow table's rows as named ones, whose fields are its columns in their order."""
    columns = [column.to_pylist() for column in rows.columns]
    return list(map(kind, *columns)) if rows.num_rows else []


def places_of(rows: Any) -> list[Place]:
    """Where the rows of a table of logs or events stand."""
    return rows_as(Place, rows.select(list(Place._fields)))
