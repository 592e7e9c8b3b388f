"""What former results rest on: the files of their lake, found again in the lake as it is by their content.

A growing lake puts files together: rows that stood in ten files stand in one. A lake's writer gives the same rows the
same bytes, so a former file is still there if its rows, written once more, have its SHA-256. Only files that are no
longer there as they were are read.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from keep3r_replay.lake.bucket import for_arrow
from keep3r_replay.lake.partition_writer import ROW_GROUP, rows_of
from keep3r_replay.lake.writer import parquet_bytes, parquet_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keep3r_replay.lake.manifest import FileEntry
    from keep3r_replay.lake.reader import Lake

READINGS = "readings"
_EVENTS = "events/"
_NUMBER = {"blocks": "number"}


class LakeFile(NamedTuple):
    """A file of a lake, as the manifest of results names it."""

    path: str
    from_block: int
    to_block: int
    sha256: str

    @property
    def table(self) -> str:
        """The table that it is of."""
        return self.path.rpartition("/")[0]


def files_of(lake: Lake) -> list[LakeFile]:
    """The files of a lake."""
    return [_named(entry) for entry in lake.manifest.files]


def first_changed_block(former: Iterable[LakeFile], lake: Lake, *, readings: bool = True) -> int | None:
    """The first block from which on the lake may tell otherwise than the files that it had; None if it has only grown.

    Args:
        former: the files that the lake had.
        lake: the lake as it is.
        readings: whether readings count.

    Returns:
        The first block of the first former file whose rows are not there as they were; or the first block of a row
        that is new within the blocks that the lake had.
    """
    before, now = set(former), set(files_of(lake))
    gone = [each for each in before - now if readings or each.table != READINGS]
    come = [each for each in now - before if readings or each.table != READINGS]
    last = max((each.to_block for each in before), default=-1)
    changed: list[int] = []
    for table in sorted({each.table for each in (*gone, *come)}):
        parts = sorted((each for each in gone if each.table == table), key=lambda each: each.from_block)
        wholes = sorted((each for each in come if each.table == table), key=lambda each: each.from_block)
        if not parts and _is_whole(table) and not any(each.table == table for each in before):
            # What a lake holds beside events decides how all of it is replayed.
            return 0
        changed += _changed(lake, parts, [each for each in wholes if each.from_block <= last], last)
    return min(changed, default=None)


def _is_whole(table: str) -> bool:
    return table != READINGS and not table.startswith(_EVENTS)


def _changed(lake: Lake, parts: Sequence[LakeFile], wholes: Sequence[LakeFile], last: int) -> list[int]:
    """First blocks of a table's former files, or of rows that none of them had, that differ."""
    if not wholes:
        return [each.from_block for each in parts]
    table = wholes[0].table
    if any(not (lake.path / each.path).is_file() for each in wholes):
        return [wholes[0].from_block]
    column = _NUMBER.get(table, "block_number")
    rows = pa.concat_tables(
        [part for each in wholes for part in rows_of(lake.path / each.path, until_block=last, block_column=column)]
        or [pq.read_schema(for_arrow(lake.path / wholes[0].path)).empty_table()]
    )
    numbers = rows.column(column).to_numpy()
    changed: list[int] = []
    known = np.zeros(rows.num_rows, dtype=np.bool_)
    for each in parts:
        mine = (numbers >= each.from_block) & (numbers <= each.to_block)
        if not _are(rows.filter(pa.array(mine)), each):
            changed.append(each.from_block)
        known |= mine
    strange = numbers[~known]
    return [*changed, *([int(strange.min())] if len(strange) else [])]


def _are(rows: Any, file: LakeFile) -> bool:
    """Whether these rows are those of a file: imports write them in one piece, extractions in groups."""
    rows = rows.combine_chunks()
    if hashlib.sha256(parquet_bytes(rows)).hexdigest() == file.sha256:
        return True
    if rows.num_rows <= ROW_GROUP:
        return False
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, rows.schema, **parquet_options(rows.schema)) as writer:
        for start in range(0, rows.num_rows, ROW_GROUP):
            writer.write_table(rows.slice(start, ROW_GROUP).combine_chunks(), row_group_size=ROW_GROUP)
    return hashlib.sha256(sink.getvalue()).hexdigest() == file.sha256


def _named(entry: FileEntry) -> LakeFile:
    return LakeFile(entry.path, entry.from_block, entry.to_block, entry.sha256)
