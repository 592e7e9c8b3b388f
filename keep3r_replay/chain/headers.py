"""Headers and transactions by batches of calls, checked against what was asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import msgspec

from keep3r_replay.chain.client import Call, NodeClient
from keep3r_replay.chain.wire import WireBlock, quantity
from keep3r_replay.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_BATCH = 100
"""Calls of a batch: what most providers take at once."""

_ATTEMPTS = 6

Item = TypeVar("Item")
Result = TypeVar("Result")


class WireTransaction(msgspec.Struct, gc=False):
    """A transaction as `eth_getTransactionByHash` returns it."""

    hash: str
    blockHash: str  # noqa: N815  (the names of the JSON)
    blockNumber: str  # noqa: N815
    transactionIndex: str  # noqa: N815
    to: str | None
    input: str
    gas: str
    sender: str = msgspec.field(name="from")


class WireReceipt(msgspec.Struct, gc=False):
    """What is read of a receipt; `effectiveGasPrice` is absent on chains that have none."""

    transactionHash: str  # noqa: N815
    blockHash: str  # noqa: N815
    gasUsed: str  # noqa: N815
    status: str | None = None
    effectiveGasPrice: str | None = None  # noqa: N815


_BLOCK = msgspec.json.Decoder(WireBlock | None)
_TRANSACTION = msgspec.json.Decoder(WireTransaction | None)
_RECEIPT = msgspec.json.Decoder(WireReceipt | None)


def fetch_headers(client: NodeClient, numbers: Sequence[int], connections: int = 1) -> list[WireBlock]:
    """Return the headers of the blocks `numbers`, in that order.

    Raises:
        NodeError: a header is missing or is another block's.
    """

    def ask(part: Sequence[int]) -> list[WireBlock]:
        calls = [Call("eth_getBlockByNumber", [hex(number), False]) for number in part]
        problem = ""
        for _ in range(_ATTEMPTS):
            try:
                headers = [_BLOCK.decode(raw) for raw in client.batch(calls)]
            except msgspec.MsgspecError as error:
                problem = str(error)
                client.distrust()
                continue
            found = [header for header in headers if header is not None]
            if len(found) == len(part) and all(
                quantity(header.number) == number for header, number in zip(found, part, strict=True)
            ):
                return found
            problem = "a block is missing"
            client.distrust()
        raise NodeError(f"no headers of blocks {part[0]} to {part[-1]}: {problem}; try another endpoint")

    return _in_parts(ask, numbers, connections)


def fetch_transactions(
    client: NodeClient, hashes: Sequence[str], connections: int = 1
) -> list[tuple[WireTransaction, WireReceipt]]:
    """Return the transactions of these hashes with their receipts, in that order.

    Raises:
        NodeError: one is missing, or transaction and receipt are of different blocks.
    """

    def ask(part: Sequence[str]) -> list[tuple[WireTransaction, WireReceipt]]:
        calls = [
            Call(method, [each]) for each in part for method in ("eth_getTransactionByHash", "eth_getTransactionReceipt")
        ]
        problem = ""
        for _ in range(_ATTEMPTS):
            raws = client.batch(calls)
            try:
                pairs = [(_TRANSACTION.decode(raws[i]), _RECEIPT.decode(raws[i + 1])) for i in range(0, len(raws), 2)]
            except msgspec.MsgspecError as error:
                problem = str(error)
                client.distrust()
                continue
            whole = [(tx, receipt) for tx, receipt in pairs if tx is not None and receipt is not None]
            if len(whole) == len(part) and all(
                tx.hash.lower() == receipt.transactionHash.lower() == wanted and tx.blockHash == receipt.blockHash
                for (tx, receipt), wanted in zip(whole, part, strict=True)
            ):
                return whole
            problem = "a transaction or its receipt is missing"
            client.distrust()
        raise NodeError(f"no transactions of {len(part)} hashes from {part[0]} on: {problem}; try another endpoint")

    return _in_parts(ask, hashes, connections, size=_BATCH // 2)


def _in_parts(
    ask: Callable[[Sequence[Item]], list[Result]], items: Sequence[Item], connections: int, size: int = _BATCH
) -> list[Result]:
    parts = [items[i : i + size] for i in range(0, len(items), size)]
    if connections <= 1 or len(parts) <= 1:
        return [result for part in parts for result in ask(part)]
    with ThreadPoolExecutor(connections) as pool:
        return [result for results in pool.map(ask, parts) for result in results]
