"""Proving a lake's files: everything the manifest names is there, has its bytes, and holds its rows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from keep3r_replay.counts import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from keep3r_replay.lake.manifest import FileEntry, Manifest

    Schemas = Callable[[str], Sequence[Any]]
    """The Arrow schemas of which a table's file must have one; none where any will do."""


_ALWAYS_SAID = {
    "logs": {"block_number", "log_index", "transaction_index", "address", "data"},
    "blocks": {"number"},
    "transactions": {"block_number", "transaction_index", "hash", "input"},
    "calls": {"block_number", "transaction_index", "position", "input"},
    "readings": {"block_number", "contract", "view", "arguments", "source"},
    "undecoded": {"block_number", "log_index", "reason"},
}
"""Columns without an empty cell; of an event all are, but for the time, which a lake of logs alone does not have."""


_KINDS = {
    **dict.fromkeys((pa.string(), pa.large_string(), pa.string_view()), "text"),
    **dict.fromkeys((pa.binary(), pa.large_binary(), pa.binary_view()), "bytes"),
}
"""What Arrow has several layouts of."""


@dataclass(frozen=True)
class Damage:
    """A file that is not what the manifest says, and how."""

    entry: FileEntry
    problem: str


def damaged_files(lake: Path, manifest: Manifest, schemas: Schemas = lambda _: ()) -> Iterator[Damage]:
    """Yield every file of the manifest that is missing, altered or unreadable; each is read whole.

    So is one that has none of the `schemas` of its table, where there are such.
    """
    for entry in manifest.files:
        problem = problem_of(lake / entry.path, entry, schemas(entry.table))
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


def table_problem(content: BinaryIO, entry: FileEntry, schemas: Sequence[Any]) -> str:
    """Say how an open file is no table of its name, whoever wrote it; empty if it is.

    Args:
        content: the file.
        entry: what the manifest says of it.
        schemas: the Arrow schemas of which it must have one; none where any will do.
    """
    try:
        file = pq.ParquetFile(content)
        rows, schema = file.metadata.num_rows, file.schema_arrow
    except (pa.ArrowException, OSError) as error:
        return f"is no Parquet: {' '.join(str(error).split())[:80]}"
    if rows != entry.rows:
        return f"has {counted(rows, 'row')} instead of {entry.rows}"
    if schemas and not any(_columns(schema) == _columns(each) for each in schemas):
        return f"has other columns than {entry.table}, or of other types"
    empty = next(_empty(file.metadata, entry.table), "")
    return f"has empty cells in {empty}" if empty else ""


def _columns(schema: pa.Schema) -> list[tuple[str, Any]]:
    """Names and types, as far as readers tell them apart: texts and bytes are so in whatever layout of Arrow."""
    return [(field.name, _KINDS.get(_layout(field.type), field.type)) for field in schema]


def _layout(kind: pa.DataType) -> pa.DataType:
    return pa.binary() if pa.types.is_fixed_size_binary(kind) else kind


def _empty(metadata: Any, table: str) -> Iterator[str]:
    """Yield columns that must not have an empty cell and have one, by what the file's own counts say."""
    event = table.startswith("events/")
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group)
        for place in range(rows.num_columns):
            column = rows.column(place)
            name = column.path_in_schema
            must = name != "timestamp" if event else name in _ALWAYS_SAID.get(table, ())
            if must and column.statistics is not None and column.statistics.null_count:
                yield name


def problem_of(path: Path, entry: FileEntry, schemas: Sequence[Any] = ()) -> str:
    """Say how a file is not what the manifest says, or no table of its name (`table_problem`); empty if it is."""
    if not path.is_file():
        # A pipe of that name would be waited for without end.
        return "is no file" if path.exists() else "missing"
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
            if size == entry.bytes and digest == entry.sha256:
                return table_problem(file, entry, schemas)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if size != entry.bytes:
        return f"has {size} bytes instead of {entry.bytes}"
    return "has other content than was written"
