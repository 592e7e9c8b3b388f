"""Lakes that grow: a lake up to a block, cut into files as an extraction cuts it; and the bytes of a folder."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from keep3r_replay.lake.manifest import Coverage, Manifest
from keep3r_replay.lake.partition_writer import PartitionWriter, rows_of
from keep3r_replay.lake.reader import Lake
from keep3r_replay.lake.writer import write_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PARTS = 5
"""Parts of a partition that still grows: each has files of its own once it is full."""


def lake_up_to(whole: Lake, block: int, folder: Path, *, size: int = 100, dearer: range = range(0)) -> Lake:
    """Write a lake's rows up to a block as a lake of its own, in the place of the one that was there, and open it.

    Args:
        whole: where the rows come from.
        block: the last block.
        folder: the new lake's folder.
        size: blocks of a partition.
        dearer: blocks whose transactions paid a wei more for gas: another branch, as consistent as this one.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(whole.path / "deployment.json", folder / "deployment.json")
    coverage = whole.manifest.coverage
    assert coverage is not None
    files = []
    tables = {table: _rows(whole, table) for table in whole.tables()}
    for first, last in segments(coverage.from_block, block, size):
        with PartitionWriter(folder, first) as writer:
            for name, rows in tables.items():
                numbers = rows.column("number" if name == "blocks" else "block_number")
                part = rows.filter(pc.and_(pc.greater_equal(numbers, first), pc.less_equal(numbers, last)))
                if part.num_rows or "/" not in name:
                    writer.add(name, _dearer(part, dearer) if name == "transactions" else part)
            files += writer.complete(last)
    blocks = tables["blocks"]
    (digest,) = blocks.filter(pc.equal(blocks.column("number"), block)).column("hash").to_pylist()
    covered = Coverage(coverage.from_block, block, digest if isinstance(digest, str) else f"0x{digest.hex()}")
    write_manifest(folder, Manifest(tuple(files), covered, {}, whole.manifest.deployment_sha256).sorted())
    return Lake.open(folder)


def segments(first: int, last: int, size: int) -> Iterator[tuple[int, int]]:
    """Partitions of `size` blocks; the last one, if it is not full, in full parts and a rest."""
    while first <= last:
        end = first - first % size + size - 1
        if end > last:
            part = size // _PARTS
            end = min(first - first % part + part - 1, last)
        yield first, end
        first = end + 1


def content(folder: Path) -> dict[str, bytes]:
    """The bytes of every file in a folder and below it, by name."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def _rows(lake: Lake, table: str) -> pa.Table:
    entries = lake.manifest.of_table(table)
    parts = [rows for entry in entries for rows in rows_of(lake.path / entry.path)]
    return pa.concat_tables(parts or [pq.read_schema(lake.path / entries[0].path).empty_table()])


def _dearer(transactions: pa.Table, blocks: range) -> pa.Table:
    numbers = transactions.column("block_number").to_pylist()
    name = "effective_gas_price"
    prices = transactions.column(name)
    values = [
        None if price is None else price + (number in blocks)
        for number, price in zip(numbers, prices.to_pylist(), strict=True)
    ]
    place = transactions.column_names.index(name)
    return transactions.set_column(place, transactions.schema.field(name), pa.array(values, prices.type))
