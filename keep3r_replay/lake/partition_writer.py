"""Writing a partition's tables as rows arrive: bounded memory, and bytes that do not depend on how the rows came.

Rows are gathered into row groups of one fixed size, so that a partition fetched in one go, in thirty slices or after a
crash has the same bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from keep3r_replay.lake.bucket import for_arrow
from keep3r_replay.lake.completeness import ALWAYS_THERE
from keep3r_replay.lake.folders import sync
from keep3r_replay.lake.manifest import FileEntry, file_name
from keep3r_replay.lake.writer import TEMPORARY, parquet_options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

ROW_GROUP = 32_768
"""Rows of a row group: the most that one table keeps in memory before it writes."""

_READ_ROWS = 16_384
_WAITING_GROUPS = 1
"""Full row groups that may wait for being written: bounds the memory."""


class _TableWriter:
    """One table's file, under a temporary name until it is complete. `write` and `close` run in one thread."""

    def __init__(self, temporary: Path) -> None:
        self._temporary = temporary
        self._pending: list[Any] = []
        self._pending_rows = 0
        self._writer: Any = None
        self._schema: Any = None
        self.rows = 0

    def add(self, table: Any) -> Iterator[Any]:
        """Take rows and give every row group that is full now."""
        self._schema = self._schema or table.schema
        self._pending.append(table)
        self._pending_rows += table.num_rows
        self.rows += table.num_rows
        while self._pending_rows >= ROW_GROUP:
            whole = pa.concat_tables(self._pending)
            rest = whole.slice(ROW_GROUP)
            self._pending = [rest] if rest.num_rows else []
            self._pending_rows = rest.num_rows
            yield whole.slice(0, ROW_GROUP)

    def write(self, group: Any) -> None:
        """Write one row group."""
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._temporary, self._schema, **parquet_options(self._schema))
        self._writer.write_table(group.combine_chunks(), row_group_size=ROW_GROUP)

    def close(self) -> tuple[int, str]:
        """Write the rows that are left, finish the file and return its size and its sha256."""
        if self._pending_rows or self._writer is None:
            self.write(pa.concat_tables(self._pending))
            self._pending = []
        self._writer.close()
        with self._temporary.open("rb+") as file:
            os.fsync(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
        return size, digest

    def publish(self, path: Path) -> None:
        """Give the finished file its name."""
        self._temporary.replace(path)

    def discard(self) -> None:
        """Remove what was written."""
        if self._writer is not None:
            # It is thrown away, and what made that necessary is the error to be told.
            with contextlib.suppress(Exception):
                self._writer.close()
        self._pending = []
        self._temporary.unlink(missing_ok=True)


class PartitionWriter:
    """The tables of one closed range of blocks. Use as a context: what is not completed leaves nothing behind.

    Row groups are written by a thread of their own, in the order in which they fill up, while the caller makes more.
    """

    def __init__(self, lake: Path, from_block: int) -> None:
        """Start a partition at `from_block` in the lake's folder."""
        self._lake = lake
        self._from_block = from_block
        self._tables: dict[str, _TableWriter] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="write")
        self._under_way: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)
        for writer in self._tables.values():
            writer.discard()
        self._tables = {}

    def add(self, name: str, table: Any) -> None:
        """Append rows to a table; they follow what was added before in chain order.

        Raises:
            OSError: a row group could not be written, of these rows or of earlier ones.
        """
        writer = self._tables.get(name)
        if writer is None:
            folder = self._lake / name
            folder.mkdir(parents=True, exist_ok=True)
            temporary = folder / f"{TEMPORARY}{os.getpid()}-{self._from_block:09d}.parquet"
            writer = self._tables[name] = _TableWriter(temporary)
        for group in writer.add(table):
            self._under_way.append(self._thread.submit(writer.write, group))
            while len(self._under_way) > _WAITING_GROUPS:
                self._under_way.popleft().result()

    def complete(self, to_block: int) -> list[FileEntry]:
        """Finish all files under their names and return their entries; they count once the manifest names them.

        Raises:
            OSError: a file could not be written.
        """
        while self._under_way:
            self._under_way.popleft().result()
        entries = []
        closed = {name: self._thread.submit(writer.close) for name, writer in sorted(self._tables.items())}
        for name, closing in closed.items():
            size, digest = closing.result()
            writer = self._tables[name]
            relative = file_name(name, self._from_block, to_block)
            writer.publish(self._lake / relative)
            entries.append(FileEntry(name, relative, self._from_block, to_block, writer.rows, size, digest))
        for name in self._tables:
            sync(self._lake / name)
        self._tables = {}
        return entries


def rows_of(path: Path, *, until_block: int | None = None, block_column: str = "block_number") -> Iterator[Any]:
    """Yield a file's rows as Arrow tables, a part at a time, up to and with `until_block`."""
    with pq.ParquetFile(for_arrow(path)) as file:
        for batch in file.iter_batches(batch_size=_READ_ROWS):
            table = pa.Table.from_batches([batch])
            if until_block is not None:
                table = table.filter(pa.array(table.column(block_column).to_numpy() <= until_block))
            if table.num_rows:
                yield table


def truncated(lake: Path, from_block: int, to_block: int, entries: Sequence[FileEntry]) -> list[FileEntry]:
    """Write the files of a range again up to and with `to_block`; tables that are always there may come out empty.

    Raises:
        OSError: a file could not be read or written.
    """
    with PartitionWriter(lake, from_block) as writer:
        for entry in entries:
            column = "number" if entry.table == "blocks" else "block_number"
            for rows in rows_of(lake / entry.path, until_block=to_block, block_column=column):
                writer.add(entry.table, rows)
            if entry.table in ALWAYS_THERE:
                writer.add(entry.table, pq.read_schema(lake / entry.path).empty_table())
        return writer.complete(to_block)
