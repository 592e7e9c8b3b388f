"""Headers and transactions by batches of calls, checked against what was asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import msgspec

from keep3r_replay.chain.rpc import Call
from keep3r_replay.chain.tries import UNBELIEVABLE, one_line
from keep3r_replay.chain.wire import MalformedError, WireBlock, WireLog, check_block, hexadecimal, quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keep3r_replay.chain.client import NodeClient

Item = TypeVar("Item", int, str)
Result = TypeVar("Result")


class WireTransaction(msgspec.Struct, gc=False):
    """A transaction as `eth_getTransactionByHash` returns it."""

    hash: str
    blockHash: str
    blockNumber: str
    transactionIndex: str
    to: str | None
    input: str
    gas: str
    sender: str = msgspec.field(name="from")


class WireBody(WireBlock, kw_only=True):
    """A block with its transactions in full."""

    transactions: list[WireTransaction]


class WireReceipt(msgspec.Struct, gc=False):
    """What is read of a receipt; `effectiveGasPrice` is absent on chains that have none, `logs` at some nodes."""

    transactionHash: str
    blockHash: str
    gasUsed: str
    status: str | None = None
    effectiveGasPrice: str | None = None
    logs: list[WireLog] | None = None


HEADERS_A_REQUEST, TRANSACTIONS_A_REQUEST = 100, 50
"""Most providers take batches of a hundred calls; a transaction takes two, for itself and for its receipt."""

BODIES_A_REQUEST = 10
"""A block with its transactions is a hundred times as large as its header."""

_BLOCK = msgspec.json.Decoder(WireBlock | None)
_BODY = msgspec.json.Decoder(WireBody | None)
_TRANSACTION = msgspec.json.Decoder(WireTransaction | None)
_RECEIPT = msgspec.json.Decoder(WireReceipt | None)


def fetch_headers(client: NodeClient, numbers: Sequence[int], connections: int = 1) -> list[WireBlock]:
    """Return the headers of the blocks `numbers`, in that order.

    Raises:
        NodeError: a header is missing or is another block's.
    """

    def calls(number: int) -> list[Call]:
        return [Call("eth_getBlockByNumber", [hex(number), False])]

    def believed(number: int, raws: Sequence[msgspec.Raw]) -> WireBlock | None:
        header: WireBlock | None = _BLOCK.decode(raws[0])
        if header is None or quantity(header.number) != number:
            return None
        check_block(header)
        return header

    return _in_parts(
        lambda part: insist(client, part, calls, believed, "header of block"), numbers, connections, HEADERS_A_REQUEST
    )


def fetch_bodies(client: NodeClient, numbers: Sequence[int], connections: int = 1) -> list[WireBody]:
    """Return the blocks `numbers` with their transactions in full, in that order.

    Raises:
        NodeError: a block is missing, is another one, or holds a transaction that says it is of another.
    """

    def calls(number: int) -> list[Call]:
        return [Call("eth_getBlockByNumber", [hex(number), True])]

    def believed(number: int, raws: Sequence[msgspec.Raw]) -> WireBody | None:
        body = _BODY.decode(raws[0])
        if body is None or quantity(body.number) != number:
            return None
        check_block(body)
        return body if all(each.blockHash == body.hash for each in body.transactions) else None

    return _in_parts(
        lambda part: insist(client, part, calls, believed, "body of block"), numbers, connections, BODIES_A_REQUEST
    )


def fetch_transactions(
    client: NodeClient, hashes: Sequence[str], connections: int = 1
) -> list[tuple[WireTransaction, WireReceipt]]:
    """Return the transactions of these hashes with their receipts, in that order.

    Raises:
        NodeError: one is missing, or transaction and receipt are of different blocks.
    """

    def calls(wanted: str) -> list[Call]:
        return [Call("eth_getTransactionByHash", [wanted]), Call("eth_getTransactionReceipt", [wanted])]

    def believed(wanted: str, raws: Sequence[msgspec.Raw]) -> tuple[WireTransaction, WireReceipt] | None:
        transaction, receipt = _TRANSACTION.decode(raws[0]), _RECEIPT.decode(raws[1])
        if transaction is None or receipt is None or transaction.blockHash != receipt.blockHash:
            return None
        if not transaction.hash.lower() == receipt.transactionHash.lower() == wanted:
            return None
        _check_transaction(transaction, receipt)
        return transaction, receipt

    return _in_parts(
        lambda part: insist(client, part, calls, believed, "transaction"), hashes, connections, TRANSACTIONS_A_REQUEST
    )


def _check_transaction(transaction: WireTransaction, receipt: WireReceipt) -> None:
    """Raise `MalformedError` for a value of a wrong form: what is believed can be written."""
    for text, width in ((transaction.blockHash, 32), (transaction.sender, 20), (transaction.to, 20)):
        if text is not None:
            hexadecimal(text, width)
    hexadecimal(transaction.input)
    for text, bits in (
        (transaction.blockNumber, 32),
        (transaction.transactionIndex, 32),
        (transaction.gas, 63),
        (receipt.gasUsed, 63),
        (receipt.effectiveGasPrice, 126),
        (receipt.status, 1),
    ):
        if text is not None and quantity(text) >> bits:
            raise MalformedError(f"{text[:80]} is too large")


def insist(
    client: NodeClient,
    items: Sequence[Item],
    calls: Callable[[Item], list[Call]],
    believed: Callable[[Item, Sequence[msgspec.Raw]], Result | None],
    what: str,
) -> list[Result]:
    """Ask for every item until its answer is believed; only what is missing is asked again."""
    results: dict[Item, Result] = {}
    tries = client.tries()
    while True:
        missing = [item for item in items if item not in results]
        if not missing:
            return [results[item] for item in items]
        asked = [calls(item) for item in missing]
        raws = client.batch([call for each in asked for call in each], tries=tries)
        problem = ""
        for item, own in zip(missing, asked, strict=True):
            answers, raws = raws[: len(own)], raws[len(own) :]
            try:
                answer = believed(item, answers)
            except UNBELIEVABLE as error:
                problem = problem or f"{what} {item}: {one_line(error)}"
                continue
            if answer is not None:
                results[item] = answer
        if len(results) < len(items):
            lost = next(item for item in items if item not in results)
            client.distrust(tries, asked[0][0].method, problem or f"no believable {what} {lost}")


def _in_parts(
    ask: Callable[[Sequence[Item]], list[Result]], items: Sequence[Item], connections: int, size: int
) -> list[Result]:
    """Ask in parts of `size` items."""
    parts = [items[i : i + size] for i in range(0, len(items), size)]
    if connections <= 1 or len(parts) <= 1:
        return [result for part in parts for result in ask(part)]
    with ThreadPoolExecutor(connections) as pool:
        return [result for results in pool.map(ask, parts) for result in results]
