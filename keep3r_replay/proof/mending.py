"""Mending a lake: its partitions are fetched again, with what is proved in the place of what a node tells.

It is the way of a repair: the same extraction, the same checks, the same bytes as from an honest node. Between it and
the node stands a client that knows the true receipts and transactions of the blocks in question.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from keep3r_replay.chain.client import NodeClient
from keep3r_replay.proof.transactions import transaction_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.chain.rpc import Call
    from keep3r_replay.chain.tries import Tries
    from keep3r_replay.proof.header import Header
    from keep3r_replay.proof.receipts import Receipt


@dataclass(frozen=True)
class TrueBlock:
    """A block as it is proved: header, receipts and raw transactions."""

    header: Header
    receipts: Sequence[Receipt]
    raws: Sequence[bytes]

    @property
    def place(self) -> dict[str, str]:
        """The block's number and hash as nodes tell them."""
        return {"blockNumber": hex(self.header.number), "blockHash": f"0x{self.header.hash.hex()}"}

    @cached_property
    def hashes(self) -> list[str]:
        """Hashes of the transactions, in order."""
        return [f"0x{transaction_of(raw).hash.hex()}" for raw in self.raws]

    @cached_property
    def logs(self) -> list[dict[str, Any]]:
        """All logs of the block as nodes tell them."""
        found: list[dict[str, Any]] = []
        for index, receipt in enumerate(self.receipts):
            for log in receipt.logs:
                found.append(
                    {
                        "address": f"0x{log.address.hex()}",
                        "topics": [f"0x{topic.hex()}" for topic in log.topics],
                        "data": f"0x{log.data.hex()}",
                        **self.place,
                        "transactionHash": self.hashes[index],
                        "transactionIndex": hex(index),
                        "logIndex": hex(len(found)),
                        "removed": False,
                    }
                )
        return found

    def told_header(self, told: dict[str, Any]) -> dict[str, Any]:
        """A header as a node tells it, with the true fields that a lake keeps."""
        header = self.header
        fee = {} if header.base_fee is None else {"baseFeePerGas": hex(header.base_fee)}
        return {
            **told,
            "number": hex(header.number),
            "hash": f"0x{header.hash.hex()}",
            "parentHash": f"0x{header.parent.hex()}",
            "timestamp": hex(header.timestamp),
            "gasUsed": hex(header.gas_used),
            "gasLimit": hex(header.gas_limit),
            "logsBloom": f"0x{header.bloom.hex()}",
            **fee,
        }

    def transaction(self, index: int, told: dict[str, Any] | None) -> dict[str, Any]:
        """A transaction as a node tells it; the sender of an unsigned one is the node's word."""
        sent = transaction_of(self.raws[index])
        try:
            sender = f"0x{sent.recovered().hex()}"
        except ValueError:
            sender = str((told or {}).get("from"))
        return {
            **(told or {}),
            **self.place,
            "hash": self.hashes[index],
            "transactionIndex": hex(index),
            "from": sender,
            "to": f"0x{sent.to.hex()}" if sent.to else None,
            "input": f"0x{sent.input.hex()}",
            "gas": hex(sent.gas),
        }

    def receipt(self, index: int, told: dict[str, Any] | None) -> dict[str, Any]:
        """A receipt as a node tells it."""
        receipt = self.receipts[index]
        before = self.receipts[index - 1].cumulative_gas if index else 0
        price = transaction_of(self.raws[index]).effective_price(self.header.base_fee)
        status = {} if receipt.status is None else {"status": hex(receipt.status)}
        return {
            **(told or {}),
            **self.place,
            "transactionHash": self.hashes[index],
            "gasUsed": hex(receipt.cumulative_gas - before),
            "effectiveGasPrice": hex(price),
            "logs": [log for log in self.logs if log["transactionIndex"] == hex(index)],
            **status,
        }


class MendingClient(NodeClient):
    """Asks a node, and puts what is proved in the place of what it tells of some blocks."""

    def __init__(self, urls: list[str], blocks: Sequence[TrueBlock], **options: Any) -> None:
        """Take the nodes' addresses, the proved blocks, and the options of a client."""
        super().__init__(urls, **options)
        self._blocks = {block.header.number: block for block in blocks}
        self._by_hash = {f"0x{block.header.hash.hex()}": block for block in blocks}
        self._sent = {name: (block, place) for block in blocks for place, name in enumerate(block.hashes)}

    def batch(self, calls: list[Call], *, together: bool = False, tries: Tries | None = None) -> list[msgspec.Raw]:
        """As the client does it, mended."""
        raws = super().batch(calls, together=together, tries=tries)
        return [self._mended(call, raw) for call, raw in zip(calls, raws, strict=True)]

    def _mended(self, call: Call, raw: msgspec.Raw) -> msgspec.Raw:
        wanted: Any = call.parameters[0] if call.parameters else None
        told: Any = _UNCHANGED
        if call.method == "eth_getLogs":
            told = self._logs(wanted, raw)
        elif call.method == "eth_getBlockByNumber" and wanted != "latest" and str(wanted).startswith("0x"):
            block = self._blocks.get(int(wanted, 16))
            told = _UNCHANGED if block is None else self._block(block, raw, whole=bool(call.parameters[1]))
        elif call.method == "eth_feeHistory":
            told = self._fees(raw)
        elif isinstance(wanted, str) and wanted in self._sent:
            block, place = self._sent[wanted]
            if call.method == "eth_getTransactionByHash":
                told = block.transaction(place, msgspec.json.decode(raw))
            elif call.method == "eth_getTransactionReceipt":
                told = block.receipt(place, msgspec.json.decode(raw))
        return raw if told is _UNCHANGED else msgspec.Raw(msgspec.json.encode(told))

    def _logs(self, wanted: dict[str, Any], raw: msgspec.Raw) -> Any:
        if "blockHash" in wanted:
            block = self._by_hash.get(wanted["blockHash"])
            blocks = [] if block is None else [block]
        else:
            first, last = int(wanted["fromBlock"], 16), int(wanted["toBlock"], 16)
            blocks = [block for number, block in self._blocks.items() if first <= number <= last]
        if not blocks:
            return _UNCHANGED
        addresses = {each.lower() for each in wanted["address"]}
        numbers = {block.header.number for block in blocks}
        kept = [log for log in msgspec.json.decode(raw) if int(log["blockNumber"], 16) not in numbers]
        true = [log for block in blocks for log in block.logs if log["address"] in addresses]
        return sorted([*kept, *true], key=lambda log: (int(log["blockNumber"], 16), int(log["logIndex"], 16)))

    def _block(self, block: TrueBlock, raw: msgspec.Raw, *, whole: bool) -> dict[str, Any]:
        told = msgspec.json.decode(raw) or {}
        header = block.told_header(told)
        if whole:
            former = {each["hash"]: each for each in told.get("transactions", [])}
            header["transactions"] = [
                block.transaction(place, former.get(name)) for place, name in enumerate(block.hashes)
            ]
        return header

    def _fees(self, raw: msgspec.Raw) -> Any:
        told = msgspec.json.decode(raw)
        if not told or not told.get("baseFeePerGas"):
            return _UNCHANGED
        oldest = int(told["oldestBlock"], 16)
        fees = list(told["baseFeePerGas"])
        for number, block in self._blocks.items():
            if 0 <= number - oldest < len(fees) and block.header.base_fee is not None:
                fees[number - oldest] = hex(block.header.base_fee)
        return {**told, "baseFeePerGas": fees}


_UNCHANGED = object()
