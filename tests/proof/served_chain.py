"""A chain of a real node, recorded whole, and served again: true roots and hashes without starting a node.

`python -m tests.proof.record` made the recording: Keep3r 2.0 on a local chain. Blocks, transactions and receipts are
there; logs, base fees and single transactions are told from these, views and proofs of state as they were asked for.
"""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Callable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.chain.small_node import SmallNode, error, results

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

RECORDING = Path(__file__).resolve().parent / "data" / "chain.json.gz"
Lie = Callable[[str, list[Any], Any], Any]
"""Gets a method, its parameters and the true result; returns the result to give."""


class Chain:
    """The recorded chain."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.keep3r: str = content["keep3r"]
        self.blocks: list[dict[str, Any]] = content["blocks"]
        self.receipts: list[list[dict[str, Any]]] = content["receipts"]
        self.calls: dict[str, Any] = content["calls"]
        self.chain_id: str = content["chain_id"]

    @property
    def head(self) -> int:
        """The newest block."""
        return len(self.blocks) - 1

    @cached_property
    def by_hash(self) -> dict[str, int]:
        """Numbers of blocks by hash."""
        return {block["hash"]: number for number, block in enumerate(self.blocks)}

    @cached_property
    def sent(self) -> dict[str, tuple[int, int]]:
        """Block and place of each transaction by hash."""
        return {
            each["hash"]: (number, place)
            for number, block in enumerate(self.blocks)
            for place, each in enumerate(block["transactions"])
        }

    def answer(self, method: str, parameters: list[Any]) -> Any:
        """The true result of a call. Raises `KeyError` where nobody asked that before."""
        own = getattr(self, f"_{method}", None)
        return own(*parameters) if own is not None else self.calls[key_of(method, parameters)]

    def _eth_chainId(self) -> str:  # noqa: N802 - the method's name
        return self.chain_id

    def _eth_blockNumber(self) -> str:  # noqa: N802 - the method's name
        return hex(self.head)

    def _number(self, tag: str) -> int:
        return self.head if tag in {"latest", "finalized", "safe"} else int(tag, 16)

    def _eth_getBlockByNumber(self, tag: str, whole: bool) -> Any:  # noqa: N802 - the method's name
        number = self._number(tag)
        return self._block(self.blocks[number], whole=whole) if number <= self.head else None

    def _eth_getBlockByHash(self, block_hash: str, whole: bool) -> Any:  # noqa: N802 - the method's name
        number = self.by_hash.get(block_hash)
        return None if number is None else self._block(self.blocks[number], whole=whole)

    @staticmethod
    def _block(block: dict[str, Any], *, whole: bool) -> dict[str, Any]:
        return block if whole else {**block, "transactions": [each["hash"] for each in block["transactions"]]}

    def _eth_getBlockReceipts(self, tag: str) -> Any:  # noqa: N802 - the method's name
        return self.receipts[self._number(tag)]

    def _eth_getTransactionByHash(self, wanted: str) -> Any:  # noqa: N802 - the method's name
        if wanted not in self.sent:
            return None
        number, place = self.sent[wanted]
        return self.blocks[number]["transactions"][place]

    def _eth_getTransactionReceipt(self, wanted: str) -> Any:  # noqa: N802 - the method's name
        if wanted not in self.sent:
            return None
        number, place = self.sent[wanted]
        return self.receipts[number][place]

    def _eth_getLogs(self, wanted: dict[str, Any]) -> Any:  # noqa: N802 - the method's name
        if "blockHash" in wanted:
            numbers = range(self.by_hash[wanted["blockHash"]], self.by_hash[wanted["blockHash"]] + 1)
        else:
            numbers = range(int(wanted["fromBlock"], 16), min(int(wanted["toBlock"], 16), self.head) + 1)
        addresses = {each.lower() for each in wanted["address"]}
        logs = (log for number in numbers for receipt in self.receipts[number] for log in receipt["logs"])
        return [log for log in logs if log["address"] in addresses]

    def _eth_feeHistory(self, count: str, newest: str, _: list[Any]) -> Any:  # noqa: N802 - the method's name
        last = int(newest, 16)
        oldest = max(last - int(count, 16) + 1, 0)
        fees = [self.blocks[number]["baseFeePerGas"] for number in range(oldest, last + 1)]
        return {"oldestBlock": hex(oldest), "baseFeePerGas": [*fees, "0x1"]}


def key_of(method: str, parameters: list[Any]) -> str:
    """The name of a recorded call."""
    return json.dumps([method, parameters], sort_keys=True)


@lru_cache(1)
def recorded() -> Chain:
    """The chain of the repository."""
    return Chain(json.loads(gzip.decompress(RECORDING.read_bytes())))


class ServedChain(SmallNode):
    """Serves a chain on the loopback; a lie changes its answers. Use as a context."""

    def __init__(self, chain: Chain, lie: Lie | None = None) -> None:
        super().__init__(self._reply)
        self.chain = chain
        self.lie = lie

    def _reply(self, asked: Any, _: BaseHTTPRequestHandler) -> Any:
        return results(asked, self._answer)

    def _answer(self, call: dict[str, Any]) -> dict[str, Any]:
        try:
            true = self.chain.answer(call["method"], call["params"])
        except KeyError:
            if call["method"] == "eth_call":
                # Only what was answered is recorded: all else reverted.
                return error(3, "execution reverted")
            return error(-32601, f"the method {call['method']} is not supported for this")
        if self.lie is not None:
            true = self.lie(call["method"], call["params"], copy.deepcopy(true))
        return {"result": true}
