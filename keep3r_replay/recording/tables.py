"""Blocks, logs and transactions of a recording as checked columns: an unbroken chain, everything in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pyarrow as pa

from keep3r_replay.chain.forks import receipts_gas
from keep3r_replay.chain.wire import (
    MalformedError,
    WireBlock,
    WireLog,
    fixed_bytes,
    log_batch,
    quantities,
    varied_bytes,
)
from keep3r_replay.errors import InputError
from keep3r_replay.evm.words import AMOUNT, hex_text
from keep3r_replay.lake.schemas import BLOCKS, TRANSACTIONS
from keep3r_replay.recording.files import REMEDY, WireTransaction, line_of_row, read_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from keep3r_replay.chain.logs import LogBatch

_CREATED = "0x(create)"
"""What stands for the input of a contract creation, which recordings leave out."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """The blocks of a recording: numbers without a gap, hashes of shape (n, 32), and the lake's table.

    `amsterdam_from` is the time of the first block whose header follows Amsterdam's rules, in seconds; None: no block.
    """

    numbers: NDArray[np.uint32]
    timestamps: NDArray[np.int64]
    hashes: NDArray[np.uint8]
    gas_used: NDArray[np.int64]
    table: Any
    amsterdam_from: int | None = None

    @property
    def first(self) -> int:
        """The first block's number."""
        return int(self.numbers[0])

    @property
    def last(self) -> int:
        """The last block's number."""
        return int(self.numbers[-1])

    def has(self, numbers: NDArray[Any]) -> NDArray[np.bool_]:
        """Tell which of `numbers` are among the blocks."""
        inside: NDArray[np.bool_] = (numbers >= self.first) & (numbers <= self.last)
        return inside


def refuse(path: Path, row: int, problem: str) -> NoReturn:
    """Raise `InputError` for the row-th record (from 0) of a file."""
    raise InputError(path, problem, place=line_of_row(path, row), remedy=REMEDY)


def _refuse_first(path: Path, wrong: NDArray[np.bool_], problem: str) -> None:
    if wrong.any():
        refuse(path, int(wrong.argmax()), problem)


def read_blocks(path: Path) -> Blocks:
    """Read `blocks.jsonl.gz`; numbers rise by one and every parent hash is the hash before it.

    Raises:
        InputError: a line is wrong, or the chain has a gap or is broken.
    """
    wire = read_lines(path, WireBlock)
    if not wire:
        raise InputError(path, "there are no blocks", remedy=REMEDY)
    try:
        numbers = np.array(quantities([block.number for block in wire], 32, "number"), np.uint32)
        timestamps = np.array(quantities([block.timestamp for block in wire], 63, "timestamp"), np.int64)
        hashes = fixed_bytes([block.hash for block in wire], 32, "hash")
        parents = fixed_bytes([block.parentHash for block in wire], 32, "parentHash")
        base_fees = _base_fees(wire)
        gas_used = quantities([block.gasUsed for block in wire], 63, "gasUsed")
        gas_limit = quantities([block.gasLimit for block in wire], 63, "gasLimit")
    except MalformedError as error:
        refuse(path, error.row, error.problem)
    steps = np.diff(numbers.astype(np.int64))
    if (steps != 1).any():
        row = int((steps != 1).argmax()) + 1
        refuse(path, row, f"block {numbers[row]} follows block {numbers[row - 1]}: a gap, or out of order")
    broken = np.concatenate([[False], (parents[1:] != hashes[:-1]).any(axis=1)])
    _refuse_first(path, broken, "parentHash is not the hash of the block before")
    backwards = np.concatenate([[False], np.diff(timestamps) < 0])
    _refuse_first(path, backwards, "the timestamp is before that of the block before")
    columns = [
        pa.array(numbers),
        hex_text(hashes),
        hex_text(parents),
        pa.array(timestamps),
        pa.array(base_fees, AMOUNT),
        pa.array(gas_used, pa.int64()),
        pa.array(gas_limit, pa.int64()),
    ]
    table = pa.Table.from_arrays(columns, schema=BLOCKS)
    amsterdam = next(
        (time for time, each in zip(timestamps.tolist(), wire, strict=True) if each.blockAccessListHash), None
    )
    return Blocks(numbers, timestamps, hashes, np.array(gas_used, np.int64), table, amsterdam)


def _base_fees(wire: Sequence[WireBlock]) -> list[int | None]:
    """Base fees in wei, None before London: once there is one, every later block has one."""
    fees = [block.baseFeePerGas for block in wire]
    told = [fee for fee in fees if fee is not None]
    before_london = len(fees) - len(told)
    if None in fees[before_london:]:
        raise MalformedError("a block without baseFeePerGas after one that has it", fees.index(None, before_london))
    try:
        return [None] * before_london + quantities(told, 96, "baseFeePerGas")
    except MalformedError as error:
        raise MalformedError(error.problem, before_london + error.row) from None


def read_logs(path: Path, blocks: Blocks) -> LogBatch:
    """Read `logs.jsonl.gz`: in order, each once, each of a block that is there and of that block's hash.

    Raises:
        InputError: a line is wrong or out of its place.
    """
    wire = read_lines(path, WireLog)
    try:
        batch = log_batch(wire)
    except MalformedError as error:
        refuse(path, error.row, error.problem)
    place = batch.order()
    if len(batch) > 1 and not (place[1:] > place[:-1]).all():
        row = int((place[1:] <= place[:-1]).argmax()) + 1
        problem = "the same log twice" if place[row] == place[row - 1] else "the log is out of order"
        refuse(path, row, f"{problem}: block {batch.block_number[row]}, log {batch.log_index[row]}")
    _refuse_first(path, ~blocks.has(batch.block_number), "the log's block is not in blocks.jsonl.gz")
    own = blocks.hashes[batch.block_number - np.uint32(blocks.first)] if len(batch) else batch.block_hash
    _refuse_first(path, (own != batch.block_hash).any(axis=1), "blockHash is not the hash of the log's block")
    return batch


def read_transactions(path: Path, blocks: Blocks, logs: LogBatch, logs_path: Path) -> Any:
    """Read `txs.jsonl.gz` into the lake's table: in order, each once, none missing that a log belongs to.

    Raises:
        InputError: a line is wrong or out of its place, or a log's transaction is not there.
    """
    wire = read_lines(path, WireTransaction)
    try:
        numbers = np.array(quantities([each.blockNumber for each in wire], 32, "blockNumber"), np.uint32)
        indices = np.array(quantities([each.transactionIndex for each in wire], 32, "transactionIndex"), np.uint32)
        hashes = fixed_bytes([each.hash for each in wire], 32, "hash")
        senders = fixed_bytes([each.sender for each in wire], 20, "from")
        called = [row for row, each in enumerate(wire) if each.to is not None]
        try:
            fixed_bytes([wire[row].to or "" for row in called], 20, "to")
        except MalformedError as error:
            raise MalformedError(error.problem, called[error.row]) from None
        inputs = ["0x" if each.to is None and each.input == _CREATED else each.input for each in wire]
        data, ends = varied_bytes(inputs, "input")
        gas = quantities([each.gas for each in wire], 63, "gas")
        gas_used = quantities([each.gasUsed for each in wire], 63, "gasUsed")
        prices = quantities([each.effectiveGasPrice for each in wire], 96, "effectiveGasPrice")
        status = quantities([each.status for each in wire], 1, "status")
    except MalformedError as error:
        refuse(path, error.row, error.problem)
    place = (numbers.astype(np.uint64) << np.uint64(32)) | indices
    if len(place) > 1 and not (place[1:] > place[:-1]).all():
        row = int((place[1:] <= place[:-1]).argmax()) + 1
        refuse(path, row, "the transaction is out of order, or there twice")
    _refuse_first(path, ~blocks.has(numbers), "the transaction's block is not in blocks.jsonl.gz")
    _check_log_transactions(logs, logs_path, place, hashes, np.array(status, np.int8))
    _check_gas(path, blocks, numbers, indices, np.array(gas_used, np.int64))
    columns = [
        pa.array(numbers),
        pa.array(indices),
        hex_text(hashes),
        hex_text(senders),
        pa.array([None if each.to is None else each.to.lower() for each in wire], pa.string()),
        pa.BinaryArray.from_buffers(
            pa.binary(), len(wire), [None, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(data)]
        ),
        pa.array(gas, pa.int64()),
        pa.array(gas_used, pa.int64()),
        pa.array(prices, AMOUNT),
        pa.array(status, pa.int8()),
    ]
    return pa.Table.from_arrays(columns, schema=TRANSACTIONS)


def _check_log_transactions(
    logs: LogBatch,
    logs_path: Path,
    place: NDArray[np.uint64],
    hashes: NDArray[np.uint8],
    status: NDArray[np.int8],
) -> None:
    wanted = (logs.block_number.astype(np.uint64) << np.uint64(32)) | logs.transaction_index
    if len(place) == 0:
        _refuse_first(logs_path, np.ones(len(wanted), np.bool_), "the log's transaction is missing in txs.jsonl.gz")
        return
    rows = np.minimum(np.searchsorted(place, wanted), len(place) - 1)
    _refuse_first(logs_path, place[rows] != wanted, "the log's transaction is missing in txs.jsonl.gz")
    other = (hashes[rows] != logs.transaction_hash).any(axis=1)
    _refuse_first(logs_path, other, "transactionHash is not that of the transaction at the log's place")
    _refuse_first(logs_path, status[rows] == 0, "the log's transaction failed, and failed transactions leave no logs")


def _check_gas(
    path: Path, blocks: Blocks, numbers: NDArray[np.uint32], indices: NDArray[np.uint32], gas_used: NDArray[np.int64]
) -> None:
    """Gas adds up to every header's as the forks have it; no index is missing: recordings hold all transactions."""
    firsts = np.flatnonzero(np.concatenate([[True], numbers[1:] != numbers[:-1]])) if len(numbers) else numbers[:0]
    counts = np.diff(np.append(firsts, len(numbers)))
    expected = np.arange(len(numbers)) - np.repeat(firsts, counts)
    _refuse_first(path, indices != expected, "a transaction before this one is missing: indices have a gap")
    spent = np.zeros(len(blocks.numbers), np.int64)
    np.add.at(spent, numbers - np.uint32(blocks.first), gas_used)
    for row in np.flatnonzero(spent != blocks.gas_used).tolist():
        bounds = receipts_gas(blocks.amsterdam_from, int(blocks.timestamps[row]), int(blocks.gas_used[row]))
        if not bounds.least <= int(spent[row]) <= bounds.most:
            raise InputError(
                path,
                f"the gas used of the transactions of block {int(blocks.numbers[row])} is not its header's: one is "
                "missing or changed",
                remedy=REMEDY,
            )
