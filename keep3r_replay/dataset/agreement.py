"""Holding what a node says in one answer against what it says in others: logs, headers, transactions and receipts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keep3r_replay.chain.blooms import bears
from keep3r_replay.chain.forks import bloom_is_complete
from keep3r_replay.chain.logs import FIELDS_OF_A_LOG
from keep3r_replay.chain.wire import MalformedError, fixed_bytes, log_batch, quantity
from keep3r_replay.counts import counted

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from keep3r_replay.chain.headers import WireReceipt, WireTransaction
    from keep3r_replay.chain.logs import LogBatch
    from keep3r_replay.chain.wire import WireBlock


class Sent(NamedTuple):
    """A transaction that is wanted, as a log or a body names it: place (block << 32 | index), hash, block's hash."""

    place: int
    hash: str
    block_hash: str


def disagreement(batch: LogBatch, headers: Sequence[WireBlock], chain_id: int) -> str:
    """Say how logs are not of the blocks that headers tell of; empty if they are.

    A block's hash must be that of its logs, and its bloom, where the chain's blooms hold all logs, must allow for each.
    """
    if len(batch) == 0:
        return ""
    by_number = {quantity(header.number): header for header in headers}
    numbers, rows = np.unique(batch.block_number, return_index=True)
    hashes = fixed_bytes([by_number[number].hash for number in numbers.tolist()], 32, "hash")
    if not (hashes == batch.block_hash[rows]).all():
        return "logs are not of the chain's blocks"
    for row in _kinds(batch):
        if not bloom_is_complete(chain_id, int(batch.block_number[row])):
            continue
        topic = batch.topics[row, 0].tobytes() if batch.topic_count[row] else None
        if not bears(by_number[int(batch.block_number[row])], batch.address[row].tobytes(), topic):
            return f"the bloom of block {batch.block_number[row]} does not allow for one of its logs"
    return ""


def _kinds(batch: LogBatch) -> list[int]:
    """One row of each emitter and first topic of each block."""
    seen: dict[tuple[int, bytes, bytes], int] = {}
    addresses, topics = batch.address, batch.topics[:, 0]
    for row, number in enumerate(batch.block_number.tolist()):
        seen.setdefault((number, addresses[row].tobytes(), topics[row].tobytes()), row)
    return list(seen.values())


def contradiction(
    batch: LogBatch,
    sent: Sequence[Sent],
    pairs: Sequence[tuple[WireTransaction, WireReceipt]],
    addresses: Collection[str],
) -> str:
    """Say how transactions and receipts contradict the logs; empty if they do not.

    Args:
        batch: the logs of `addresses`.
        sent: the transactions that were asked for.
        pairs: each of them with its receipt, in the same order.
        addresses: the contracts whose logs the batch holds, all of them or none.
    """
    found = [
        Sent(quantity(tx.blockNumber) << 32 | quantity(tx.transactionIndex), tx.hash.lower(), tx.blockHash.lower())
        for tx, _ in pairs
    ]
    if found != list(sent):
        return "transactions are not where their logs are"
    carrying = set(((batch.block_number.astype(np.uint64) << np.uint64(32)) | batch.transaction_index).tolist())
    for each, (_, receipt) in zip(sent, pairs, strict=True):
        if each.place in carrying and receipt.status is not None and quantity(receipt.status) == 0:
            # What carries logs did not fail: a receipt that says so is as wrong as one of another transaction.
            return "a transaction that carries logs is told to have failed"
    return _other_logs(batch, pairs, addresses)


def _other_logs(
    batch: LogBatch, pairs: Sequence[tuple[WireTransaction, WireReceipt]], addresses: Collection[str]
) -> str:
    """Say so if receipts hold other logs of the contracts than the answer to the question for logs."""
    logs = [log for _, receipt in pairs for log in receipt.logs or () if log.address.lower() in addresses]
    if any(receipt.logs is None for _, receipt in pairs):
        return ""
    try:
        told = log_batch(logs)
    except MalformedError as error:
        return f"a receipt holds no log: {error}"
    if len(told) != len(batch):
        return f"receipts hold {counted(len(told), 'log')}, the answer {len(batch)}"
    if all(np.array_equal(getattr(told, name), getattr(batch, name)) for name in FIELDS_OF_A_LOG):
        return ""
    return "receipts hold other logs than the answer"
