"""A chain that is a function of the block's number, as a node tells it: quick, and always the same."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from keep3r_replay.chain.blooms import bloom_bits
from keep3r_replay.evm.abi import keccak256

POOL = "0x" + "a1" * 20
TOKENS = ("0x" + "b0" * 20, "0x" + "b1" * 20)
CHAIN_ID = 31_337
_SWAP = "0x" + keccak256(b"Swap(address,address,int256,int256,uint160,uint128,int24)").hex()
_INITIALIZE = "0x" + keccak256(b"Initialize(uint160,int24)").hex()
_TRADER = "0x" + "c0" * 20
_CREATED = 3


def _digest(*parts: object) -> str:
    return "0x" + hashlib.sha256(repr(parts).encode()).hexdigest()


def _word(value: int) -> str:
    return f"{value % 2**256:064x}"


@dataclass
class Chain:
    """A pool's chain up to block `head`: a swap in every `every`th block, two in every other of these.

    Blocks from `parted_at` on are of branch `branch`.
    """

    head: int
    every: int = 3
    branch: int = 0
    parted_at: int = 1 << 60

    def _branch(self, block: int) -> int:
        return self.branch if block >= self.parted_at else 0

    def block_hash(self, block: int) -> str:
        """A block's hash."""
        return _digest("block", block, self._branch(block))

    def logs(self, block: int) -> list[dict[str, Any]]:
        """A block's logs: the pool's beginning, then swaps."""
        if block == _CREATED:
            return [self._log(block, 0, [_INITIALIZE], _word(2**96) + _word(0))]
        if block < _CREATED or block % self.every:
            return []
        trader = "0x" + _TRADER[2:].rjust(64, "0")
        return [
            self._log(
                block,
                index,
                [_SWAP, trader, trader],
                "".join(map(_word, (block * 10**15 + index, -block * 10**14, 2**96 + block, 10**20, block % 1000))),
            )
            for index in range(1 + (block // self.every) % 2)
        ]

    def _log(self, block: int, index: int, topics: list[str], data: str) -> dict[str, Any]:
        return {
            "address": POOL,
            "topics": topics,
            "data": "0x" + data,
            "blockNumber": hex(block),
            "blockHash": self.block_hash(block),
            "transactionHash": _digest("transaction", block, self._branch(block)),
            "transactionIndex": "0x0",
            "logIndex": hex(index),
            "removed": False,
        }

    def header(self, block: int) -> dict[str, Any]:
        """A block's header."""
        bloom = 0
        for log in self.logs(block):
            for each in (log["address"], *log["topics"]):
                bloom |= bloom_bits(bytes.fromhex(each[2:]))
        return {
            "number": hex(block),
            "hash": self.block_hash(block),
            "parentHash": self.block_hash(block - 1),
            "timestamp": hex(1_600_000_000 + 12 * block),
            "gasUsed": hex(50_000 * len(self.logs(block))),
            "gasLimit": "0x1c9c380",
            "baseFeePerGas": hex(10**9 + block),
            "logsBloom": f"0x{bloom:0512x}",
        }

    def answer(self, call: dict[str, Any]) -> Any:
        """The result of a call."""
        result: Any = getattr(self, f"_{call['method']}")(*call["params"])
        return result

    def _eth_chainId(self) -> str:
        return hex(CHAIN_ID)

    def _eth_blockNumber(self) -> str:
        return hex(self.head)

    def _eth_getBlockByNumber(self, tag: str, _: bool) -> dict[str, Any] | None:
        block = self.head if tag in {"latest", "finalized"} else int(tag, 16)
        return self.header(block) if block <= self.head else None

    def _eth_getLogs(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        if POOL not in wanted["address"]:
            return []
        if "blockHash" in wanted:
            blocks = range(self.head + 1)
            return [
                log for block in blocks if self.block_hash(block) == wanted["blockHash"] for log in self.logs(block)
            ]
        first, last = int(wanted["fromBlock"], 16), min(int(wanted["toBlock"], 16), self.head)
        return [log for block in range(first, last + 1) for log in self.logs(block)]

    def _eth_feeHistory(self, count: str, newest: str, _: list[Any]) -> dict[str, Any]:
        last = min(int(newest, 16), self.head)
        oldest = max(last - int(count, 16) + 1, 0)
        fees = [hex(10**9 + block) for block in range(oldest, last + 1)]
        return {"oldestBlock": hex(oldest), "baseFeePerGas": [*fees, "0x1"]}

    def _eth_getCode(self, address: str, block: str) -> str:
        return "0x60" if address == POOL and int(block, 16) >= _CREATED else "0x"

    def _eth_getStorageAt(self, _address: str, _slot: str, _block: str) -> str:
        return "0x" + _word(0)

    def _eth_call(self, asked: dict[str, Any], _: str) -> str:
        names = ("token0()", "token1()", "fee()", "tickSpacing()", "slot0()")
        values = (int(TOKENS[0], 16), int(TOKENS[1], 16), 3_000, 60, 2**96)
        known = {keccak256(name.encode())[:4].hex(): value for name, value in zip(names, values, strict=True)}
        selector = asked["data"][2:10]
        return "0x" + _word(known[selector]) if selector in known else "0x"

    def _eth_getTransactionByHash(self, wanted: str) -> dict[str, Any] | None:
        if wanted not in self.known:
            return None
        log = self.logs(self.known[wanted])[0]
        place = {key: log[key] for key in ("blockHash", "blockNumber", "transactionIndex")}
        return {"hash": wanted, **place, "from": _TRADER, "to": POOL, "input": "0x1234", "gas": "0xffff"}

    def _eth_getTransactionReceipt(self, wanted: str) -> dict[str, Any] | None:
        if wanted not in self.known:
            return None
        logs = self.logs(self.known[wanted])
        told = {"transactionHash": wanted, "blockHash": logs[0]["blockHash"], "gasUsed": "0xc350", "status": "0x1"}
        return {**told, "effectiveGasPrice": hex(10**9 + self.known[wanted] + 7), "logs": logs}

    @property
    def known(self) -> dict[str, int]:
        """The block of each transaction, by its hash."""
        key = (self.head, self.branch, self.parted_at)
        if getattr(self, "_known", (None,))[0] != key:
            former = getattr(self, "_known", ((-1, self.branch, self.parted_at), {}))
            first = former[0][0] + 1 if former[0][1:] == key[1:] else 0
            kept: dict[str, int] = former[1] if first else {}
            for block in range(first, self.head + 1):
                kept |= {log["transactionHash"]: block for log in self.logs(block)}
            self._known = (key, kept)
        known: dict[str, int] = self._known[1]
        return known
