"""One span of blocks, complete: its logs, the headers of their blocks and the transactions that carry them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keep3r_replay.chain.headers import WireReceipt, WireTransaction, fetch_headers, fetch_transactions
from keep3r_replay.chain.log_answers import LogAnswer, fetch_logs
from keep3r_replay.chain.wire import WireBlock, fixed_bytes, quantities, quantity, varied_bytes
from keep3r_replay.errors import NodeError
from keep3r_replay.evm.words import AMOUNT
from keep3r_replay.lake.schemas import TRANSACTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.chain.logs import LogBatch

_ATTEMPTS = 5


@dataclass(frozen=True)
class Span:
    """A closed range of blocks as fetched.

    Attributes:
        first, last: its blocks.
        last_hash: of block `last`.
        batch: its logs, in order.
        headers: of the blocks with logs, in order; empty where only logs were wanted.
        transactions: those that carry the logs, as the lake's table; None where only logs were wanted.
    """

    first: int
    last: int
    last_hash: str
    batch: LogBatch
    headers: list[WireBlock]
    transactions: Any


class SpanFetcher:
    """Fetches spans; what the logs say of their blocks and transactions must be what those say of themselves."""

    def __init__(self, client: NodeClient, addresses: Sequence[str], *, only_logs: bool) -> None:
        """Take the client, the contracts, and whether headers and transactions are wanted."""
        self._client = client
        self._addresses = list(addresses)
        self._only_logs = only_logs

    def __call__(self, first: int, last: int) -> Span:
        """Fetch the closed range of blocks.

        Raises:
            RefusedError: the node wants a smaller range.
            NodeError: the node contradicts itself.
        """
        for _ in range(_ATTEMPTS):
            answer = fetch_logs(self._client, first, last, self._addresses)
            if self._only_logs:
                return Span(first, last, answer.last_hash, answer.batch, [], None)
            numbers, rows = np.unique(answer.batch.block_number, return_index=True)
            headers = fetch_headers(self._client, [int(number) for number in numbers])
            if self._agree(answer, headers, rows):
                transactions = _transactions(self._client, answer.batch)
                if transactions is not None:
                    return Span(first, last, answer.last_hash, answer.batch, headers, transactions)
            self._client.distrust()
        raise NodeError(
            f"logs of blocks {first} to {last} are not of the chain's blocks; the chain may be reorganising"
        )

    def _agree(self, answer: LogAnswer, headers: list[WireBlock], rows: Any) -> bool:
        if not headers:
            return True
        hashes = fixed_bytes([header.hash for header in headers], 32, "hash")
        return bool((hashes == answer.batch.block_hash[rows]).all())


def timestamps_of(span: Span) -> Any:
    """Return the time of each log's block in seconds; -1 where it is not known."""
    if not span.headers:
        return span.batch.timestamp
    numbers = np.array([quantity(header.number) for header in span.headers], np.uint32)
    times = np.array([quantity(header.timestamp) for header in span.headers], np.int64)
    return times[np.searchsorted(numbers, span.batch.block_number)]


def _transactions(client: NodeClient, batch: LogBatch) -> Any:
    """Return the lake's table of the transactions that carry the logs; None if they are not where the logs are."""
    place = (batch.block_number.astype(np.uint64) << np.uint64(32)) | batch.transaction_index
    places, rows = np.unique(place, return_index=True)
    hashes = ["0x" + batch.transaction_hash[row].tobytes().hex() for row in rows]
    pairs = fetch_transactions(client, hashes)
    numbers = [quantity(tx.blockNumber) for tx, _ in pairs]
    indices = [quantity(tx.transactionIndex) for tx, _ in pairs]
    where = [number << 32 | index for number, index in zip(numbers, indices, strict=True)]
    block_hashes = ["0x" + batch.block_hash[row].tobytes().hex() for row in rows]
    if where != places.tolist() or [tx.blockHash.lower() for tx, _ in pairs] != block_hashes:
        return None
    return transactions_table(pairs)


def transactions_table(pairs: Sequence[tuple[WireTransaction, WireReceipt]]) -> Any:
    """Return transactions with their receipts as the lake's table."""
    transactions = [transaction for transaction, _ in pairs]
    receipts = [receipt for _, receipt in pairs]
    data, ends = varied_bytes([each.input for each in transactions], "input")
    prices = [None if each.effectiveGasPrice is None else quantity(each.effectiveGasPrice) for each in receipts]
    status = [None if each.status is None else quantity(each.status) for each in receipts]
    columns = [
        pa.array(quantities([each.blockNumber for each in transactions], 32, "blockNumber"), pa.uint32()),
        pa.array(quantities([each.transactionIndex for each in transactions], 32, "transactionIndex"), pa.uint32()),
        pa.array([each.hash.lower() for each in transactions], pa.string()),
        pa.array([each.sender.lower() for each in transactions], pa.string()),
        pa.array([None if each.to is None else each.to.lower() for each in transactions], pa.string()),
        pa.BinaryArray.from_buffers(
            pa.binary(), len(pairs), [None, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(data)]
        ),
        pa.array(quantities([each.gas for each in transactions], 63, "gas"), pa.int64()),
        pa.array(quantities([each.gasUsed for each in receipts], 63, "gasUsed"), pa.int64()),
        pa.array(prices, AMOUNT),
        pa.array(status, pa.int8()),
    ]
    return pa.Table.from_arrays(columns, schema=TRANSACTIONS)
