"""One span of blocks, complete: its logs, the headers of their blocks and the transactions that carry them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keep3r_replay.chain.headers import (
    BODIES_A_REQUEST,
    WireReceipt,
    WireTransaction,
    fetch_bodies,
    fetch_headers,
    fetch_transactions,
)
from keep3r_replay.chain.log_answers import fetch_logs
from keep3r_replay.chain.traces import InnerCall, Traced, fetch_inner_calls, fetch_traced
from keep3r_replay.chain.wire import WireBlock, quantities, quantity, varied_bytes
from keep3r_replay.dataset.agreement import Sent, contradiction, disagreement
from keep3r_replay.evm.words import AMOUNT
from keep3r_replay.lake.schemas import CALLS, TRANSACTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.chain.logs import LogBatch


@dataclass(frozen=True)
class Span:
    """A closed range of blocks as fetched.

    Attributes:
        first, last: its blocks.
        last_hash: of block `last`.
        batch: its logs, in order.
        headers: of the blocks with logs or followed transactions, in order; empty where only logs were wanted.
        transactions: those that carry the logs, and followed ones, as the lake's table; None where only logs were
            wanted.
        calls: those of followed addresses inside of transactions, as the lake's table; None where nobody traces.
    """

    first: int
    last: int
    last_hash: str
    batch: LogBatch
    headers: list[WireBlock]
    transactions: Any
    calls: Any = None


@dataclass(frozen=True)
class Followed:
    """Whose callers matter even where they leave no log: `addresses`, none of them older than `from_block`.

    With `traces` the node is asked who called them, at any depth; otherwise blocks are read whole for what is sent to
    them.
    """

    addresses: frozenset[str] = frozenset()
    from_block: int = 0
    traces: bool = False


class SpanFetcher:
    """Fetches spans; what the logs say of their blocks and transactions must be what those say of themselves."""

    def __init__(
        self, client: NodeClient, addresses: Sequence[str], *, only_logs: bool, followed: Followed | None = None
    ) -> None:
        """Take the client, the contracts, whether headers and transactions are wanted, and whose callers are."""
        self._client = client
        self._addresses = list(addresses)
        self._wanted = frozenset(addresses)
        self._only_logs = only_logs
        self._followed = followed or Followed()

    def __call__(self, first: int, last: int) -> Span:
        """Fetch the closed range of blocks.

        Raises:
            RefusedError: the node wants a smaller range.
            NodeError: the node contradicts itself.
        """
        tries = self._client.tries()
        while True:
            answer = fetch_logs(self._client, first, last, self._addresses)
            if self._only_logs:
                return Span(first, last, answer.last_hash, answer.batch, [], None)
            sent = _with_logs(answer.batch)
            traced: list[Traced] = []
            if self._followed.traces:
                traced = self._calling_followed(first, last)
                sent = sorted(
                    {*sent, *(Sent(each.block << 32 | each.place, each.hash, each.block_hash) for each in traced)}
                )
            elif self._followed.addresses:
                sent = sorted({*sent, *self._sent_to_followed(first, last)})
            headers = fetch_headers(self._client, sorted({each.place >> 32 for each in sent}))
            problem = disagreement(answer.batch, headers, self._client.chain_id)
            if not problem:
                pairs = fetch_transactions(self._client, [each.hash for each in sent])
                problem = contradiction(answer.batch, sent, pairs, self._wanted)
                if not problem:
                    table = transactions_table(pairs)
                    return Span(first, last, answer.last_hash, answer.batch, headers, table, self._calls(traced))
            what = f"the logs of blocks {first} to {last}"
            self._client.distrust(tries, what, f"{problem}; the chain may be reorganising")

    def _calling_followed(self, first: int, last: int) -> list[Traced]:
        """The transactions that call a followed address at any depth; failed ones too."""
        first = max(first, self._followed.from_block)
        if first > last or not self._followed.addresses:
            return []
        return fetch_traced(self._client, first, last, sorted(self._followed.addresses))

    def _calls(self, traced: Sequence[Traced]) -> Any:
        """The lake's table of calls; None where nobody traces."""
        if not self._followed.traces:
            return None
        return calls_table(fetch_inner_calls(self._client, traced, self._followed.addresses))

    def _sent_to_followed(self, first: int, last: int) -> list[Sent]:
        """The transactions of the blocks' bodies that go to a followed address; failed ones too."""
        sent = []
        numbers = range(max(first, self._followed.from_block), last + 1)
        for start in range(0, len(numbers), BODIES_A_REQUEST):
            for body in fetch_bodies(self._client, numbers[start : start + BODIES_A_REQUEST]):
                for each in body.transactions:
                    if each.to is not None and each.to.lower() in self._followed.addresses:
                        place = quantity(body.number) << 32 | quantity(each.transactionIndex)
                        sent.append(Sent(place, each.hash.lower(), body.hash.lower()))
        return sent


def _with_logs(batch: LogBatch) -> list[Sent]:
    """The transactions that carry logs, in order."""
    place = (batch.block_number.astype(np.uint64) << np.uint64(32)) | batch.transaction_index
    places, rows = np.unique(place, return_index=True)
    return [
        Sent(each, "0x" + batch.transaction_hash[row].tobytes().hex(), "0x" + batch.block_hash[row].tobytes().hex())
        for each, row in zip(places.tolist(), rows, strict=True)
    ]


def timestamps_of(span: Span) -> Any:
    """Return the time of each log's block in seconds; -1 where it is not known."""
    if not span.headers:
        return span.batch.timestamp
    numbers = np.array([quantity(header.number) for header in span.headers], np.uint32)
    times = np.array([quantity(header.timestamp) for header in span.headers], np.int64)
    return times[np.searchsorted(numbers, span.batch.block_number)]


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


def calls_table(calls: Sequence[InnerCall]) -> Any:
    """Return calls inside of transactions as the lake's table."""
    columns: list[Any] = list(zip(*calls, strict=True)) if calls else [()] * len(CALLS)
    return pa.Table.from_arrays(
        [pa.array(column, field.type) for column, field in zip(columns, CALLS, strict=True)], schema=CALLS
    )
