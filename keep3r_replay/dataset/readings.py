"""Reading views of a lake's contracts at chosen blocks, so that a replay can be reconciled with the node."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from keep3r_replay.chain.headers import fetch_headers
from keep3r_replay.chain.views import read_views, revert_name
from keep3r_replay.chain.wire import quantity
from keep3r_replay.dataset.values import answer_text
from keep3r_replay.errors import LakeError, UsageError
from keep3r_replay.lake.integrity import problem_of
from keep3r_replay.lake.partition_writer import PartitionWriter
from keep3r_replay.lake.reader import Lake
from keep3r_replay.lake.schemas import BLOCKS, READINGS, ReadingRow
from keep3r_replay.lake.writer import write_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.chain.views import Question, Reading
    from keep3r_replay.chain.wire import WireBlock
    from keep3r_replay.lake.manifest import FileEntry


def read_at_blocks(
    path: Path, client: NodeClient, blocks: list[int], views: Callable[[Lake, int], Sequence[Question]]
) -> int:
    """Read views at each block and put them into the lake, in the place of earlier readings of these blocks.

    Args:
        path: of the lake.
        client: the node.
        blocks: ascending.
        views: gives the questions to ask at a block.

    Returns:
        How many values were read.

    Raises:
        UsageError: a block is not covered by the lake.
        NodeError: the node has no state of a block.
    """
    lake = Lake.open(path)
    coverage = lake.manifest.coverage
    for block in blocks:
        if coverage is None or not coverage.from_block <= block <= coverage.to_block:
            raise UsageError(f"readings: block {block} is not in the lake")
    headers = dict(zip(blocks, fetch_headers(client, blocks), strict=True))
    rows = {block: _rows_at(client, block, headers[block], views(lake, block)) for block in blocks}
    files = list(lake.manifest.files)
    for entry in [each for each in files if each.table == "logs"]:
        inside = [block for block in blocks if entry.from_block <= block <= entry.to_block]
        if inside:
            former = [each for each in files if (each.from_block, each.to_block) == (entry.from_block, entry.to_block)]
            written = _merged(lake, former, {block: rows[block] for block in inside})
            written += _with_headers(lake, former, {block: headers[block] for block in inside})
            replaced = {each.table for each in written}
            files = [each for each in files if each not in former or each.table not in replaced] + written
    write_manifest(path, replace(lake.manifest, files=tuple(files)))
    return sum(map(len, rows.values()))


def _merged(lake: Lake, former: list[FileEntry], inside: dict[int, list[ReadingRow]]) -> list[FileEntry]:
    """Write a partition's readings: the former ones, and the new ones in the place of those of the same blocks."""
    kept: list[ReadingRow] = []
    for entry in former:
        if entry.table == "readings":
            _refuse_damage(lake, entry)
            columns = pq.read_table(lake.path / entry.path).to_pydict()
            rows = map(ReadingRow._make, zip(*columns.values(), strict=True))
            kept += [row for row in rows if row.block_number not in inside]
    new = [row for block in inside.values() for row in block]
    everything = sorted([*kept, *new], key=lambda row: row.block_number)
    arrays = [
        pa.array(column, field.type) for column, field in zip(zip(*everything, strict=True), READINGS, strict=True)
    ]
    return _written(lake, former[0], "readings", pa.table(arrays, READINGS))


def _with_headers(lake: Lake, former: list[FileEntry], headers: dict[int, WireBlock]) -> list[FileEntry]:
    """Write a partition's blocks with the headers of blocks that were read at: a reading is of a block's own time."""
    written: list[FileEntry] = []
    for entry in former:
        if entry.table == "blocks":
            _refuse_damage(lake, entry)
            columns = pq.read_table(lake.path / entry.path).to_pydict()
            for block, header in headers.items():
                row = columns["number"].index(block)
                columns["hash"][row], columns["parent_hash"][row] = header.hash.lower(), header.parentHash.lower()
                columns["timestamp"][row] = quantity(header.timestamp)
                columns["gas_used"][row], columns["gas_limit"][row] = (
                    quantity(header.gasUsed),
                    quantity(header.gasLimit),
                )
            arrays = [pa.array(columns[field.name], field.type) for field in BLOCKS]
            written += _written(lake, entry, "blocks", pa.table(arrays, BLOCKS))
    return written


def _refuse_damage(lake: Lake, entry: FileEntry) -> None:
    problem = problem_of(lake.path / entry.path, entry)
    if problem:
        raise LakeError(lake.path / entry.path, problem, remedy="run keep3r verify, then keep3r extract")


def _written(lake: Lake, place: FileEntry, name: str, table: Any) -> list[FileEntry]:
    with PartitionWriter(lake.path, place.from_block) as writer:
        writer.add(name, table)
        return writer.complete(place.to_block)


def _rows_at(client: NodeClient, block: int, header: WireBlock, questions: Sequence[Question]) -> list[ReadingRow]:
    rows = [ReadingRow(block, "", "block.timestamp", "", str(quantity(header.timestamp)), None, "view")]
    if header.baseFeePerGas is not None:
        rows.append(ReadingRow(block, "", "block.baseFee", "", str(quantity(header.baseFeePerGas)), None, "view"))
    for question, reading in zip(questions, read_views(client, questions, block), strict=True):
        value, revert = _text(question, reading)
        arguments = _arguments(question)
        rows.append(ReadingRow(block, question.contract, question.view.name, arguments, value, revert, "view"))
    return rows


def _text(question: Question, reading: Reading) -> tuple[str | None, str | None]:
    if reading.values is None:
        return None, revert_name(reading.revert or b"", question.view.errors)
    return answer_text(reading.values), None


def _arguments(question: Question) -> str:
    flat: list[Any] = []
    for argument in question.arguments:
        flat += argument if isinstance(argument, (list, tuple)) else [argument]
    return ",".join(str(each).lower() for each in flat)
