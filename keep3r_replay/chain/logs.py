"""Raw logs as columns: the one form between the JSON of a node (or a recording) and the tables of the lake."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from keep3r_replay.evm.words import fixed_binary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MAX_TOPICS = 4

RAW_LOGS = pa.schema(
    [
        ("block_number", pa.uint32()),
        ("log_index", pa.uint32()),
        ("transaction_index", pa.uint32()),
        ("block_hash", pa.binary(32)),
        ("transaction_hash", pa.binary(32)),
        ("address", pa.binary(20)),
        *((f"topic{i}", pa.binary(32)) for i in range(MAX_TOPICS)),
        ("data", pa.binary()),
    ]
)
"""The lake's table `logs`: as the node gave them, sorted by (block_number, log_index) and unique on it."""


class LogRow(NamedTuple):
    """A row of `logs`: hashes and topics 32 bytes, the address 20."""

    block_number: int
    log_index: int
    transaction_index: int
    block_hash: bytes
    transaction_hash: bytes
    address: bytes
    topic0: bytes | None
    topic1: bytes | None
    topic2: bytes | None
    topic3: bytes | None
    data: bytes


FIELDS_OF_A_LOG = (
    "block_number",
    "log_index",
    "transaction_index",
    "block_hash",
    "transaction_hash",
    "address",
    "topic_count",
    "topics",
    "data_ends",
    "data",
)
"""What two answers about the same log must agree in: columns of a `LogBatch`."""


@dataclass(frozen=True, eq=False)
class LogBatch:
    """Some logs, column by column; n is their number.

    Attributes:
        block_number, log_index, transaction_index: unsigned integers of shape (n,).
        block_hash, transaction_hash: bytes of shape (n, 32).
        address: bytes of shape (n, 20).
        topic_count: how many topics each log has, shape (n,).
        topics: bytes of shape (n, 4, 32), zero where a log has fewer topics.
        data: the data of all logs, one after the other.
        data_ends: where each log's data starts and ends in `data`, shape (n + 1,).
        timestamp: the block's time in seconds where the node gave it with the log, else -1; shape (n,).
    """

    block_number: NDArray[np.uint32]
    log_index: NDArray[np.uint32]
    transaction_index: NDArray[np.uint32]
    block_hash: NDArray[np.uint8]
    transaction_hash: NDArray[np.uint8]
    address: NDArray[np.uint8]
    topic_count: NDArray[np.uint8]
    topics: NDArray[np.uint8]
    data: NDArray[np.uint8]
    data_ends: NDArray[np.int64]
    timestamp: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.block_number)

    def order(self) -> NDArray[np.uint64]:
        """Return each log's place in the chain as one number: block number times 2**32 plus log index."""
        place: NDArray[np.uint64] = (self.block_number.astype(np.uint64) << np.uint64(32)) | self.log_index
        return place

    def to_arrow(self) -> Any:
        """Return the logs as an Arrow table of schema `RAW_LOGS`."""
        topics = [
            fixed_binary(self.topics[:, i], present=self.topic_count > i) if len(self) else pa.array([], pa.binary(32))
            for i in range(MAX_TOPICS)
        ]
        data = pa.BinaryArray.from_buffers(
            pa.binary(),
            len(self),
            [None, pa.py_buffer(self.data_ends.astype(np.int32)), pa.py_buffer(np.ascontiguousarray(self.data))],
        )
        columns = [
            pa.array(self.block_number),
            pa.array(self.log_index),
            pa.array(self.transaction_index),
            fixed_binary(self.block_hash),
            fixed_binary(self.transaction_hash),
            fixed_binary(self.address),
            *topics,
            data,
        ]
        return pa.Table.from_arrays(columns, schema=RAW_LOGS)


def empty_batch() -> LogBatch:
    """Return a batch of no logs."""

    def numbers() -> NDArray[np.uint32]:
        return np.zeros(0, np.uint32)

    def raw(*shape: int) -> NDArray[np.uint8]:
        return np.zeros(shape, np.uint8)

    return LogBatch(
        numbers(),
        numbers(),
        numbers(),
        raw(0, 32),
        raw(0, 32),
        raw(0, 20),
        raw(0),
        raw(0, MAX_TOPICS, 32),
        raw(0),
        np.zeros(1, np.int64),
        np.zeros(0, np.int64),
    )


def take(batch: LogBatch, rows: NDArray[Any]) -> LogBatch:
    """Return the logs at `rows` (indices or a mask), in that order."""
    if rows.dtype == np.bool_:
        rows = np.flatnonzero(rows)
    lengths = np.diff(batch.data_ends)[rows]
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    starts = batch.data_ends[:-1][rows]
    # Every byte of the result knows its source: the start of its log's data, and its distance from there.
    source = np.repeat(starts - ends[:-1], lengths) + np.arange(ends[-1])
    return LogBatch(
        batch.block_number[rows],
        batch.log_index[rows],
        batch.transaction_index[rows],
        batch.block_hash[rows],
        batch.transaction_hash[rows],
        batch.address[rows],
        batch.topic_count[rows],
        batch.topics[rows],
        batch.data[source],
        ends,
        batch.timestamp[rows],
    )


def concatenate(batches: Sequence[LogBatch]) -> LogBatch:
    """Return the logs of all batches, one batch after the other."""
    if len(batches) == 1:
        return batches[0]
    if not batches:
        return empty_batch()
    lengths = np.concatenate([np.diff(batch.data_ends) for batch in batches])
    columns = {
        field.name: np.concatenate([getattr(batch, field.name) for batch in batches])
        for field in fields(LogBatch)
        if field.name != "data_ends"
    }
    return LogBatch(**columns, data_ends=np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]))


def from_arrow(table: Any) -> LogBatch:
    """Read a table of schema `RAW_LOGS` back into a batch, so that decoding can be repeated without a node."""
    table = table.combine_chunks()
    rows = table.num_rows
    if rows == 0:
        return empty_batch()

    def column(name: str) -> Any:
        chunk = table.column(name)
        return chunk.chunk(0) if isinstance(chunk, pa.ChunkedArray) else chunk

    def fixed(name: str, width: int) -> NDArray[np.uint8]:
        array = column(name)
        values = np.frombuffer(array.buffers()[1], np.uint8)[array.offset * width :][: rows * width]
        return values.reshape(rows, width)

    topics = np.zeros((rows, MAX_TOPICS, 32), np.uint8)
    topic_count = np.zeros(rows, np.uint8)
    for i in range(MAX_TOPICS):
        present = column(f"topic{i}").is_valid().to_numpy(zero_copy_only=False)
        topic_count += present
        topics[present, i] = fixed(f"topic{i}", 32)[present]
    data = column("data")
    ends = np.frombuffer(data.buffers()[1], np.int32)[data.offset :][: rows + 1].astype(np.int64)
    buffer = data.buffers()[2]
    content = np.frombuffer(buffer, np.uint8) if buffer is not None else np.zeros(0, np.uint8)
    return LogBatch(
        column("block_number").to_numpy(),
        column("log_index").to_numpy(),
        column("transaction_index").to_numpy(),
        fixed("block_hash", 32),
        fixed("transaction_hash", 32),
        fixed("address", 20),
        topic_count,
        topics,
        content[ends[0] : ends[-1]],
        ends - ends[0],
        np.full(rows, -1, np.int64),
    )
