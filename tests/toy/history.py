"""A counter's history: made once, written as a recording or answered by a node on the loopback."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keep3r_replay.evm.abi import keccak256
from keep3r_replay.evm.codec import encode_arguments

if TYPE_CHECKING:
    from pathlib import Path

COUNTER, ROUTER = "0x" + "c0" * 20, "0x" + "d0" * 20
ALICE, BOB = "0x" + "a1" * 20, "0x" + "b2" * 20
CHAIN_ID, BLOCKS, LONDON = 1337, 13, 5
COUNT, TOUCH, CREATION, GAS = "0x3749c51a", "0xa55526db", "0x", 50_000
TOPIC = "0x" + keccak256(b"Counted(address,uint256,uint256)").hex()


def word(*parts: object) -> str:
    """Thirty-two bytes that nothing else has."""
    return "0x" + hashlib.sha256(repr(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Sent:
    """A transaction: block, sender, who is called with what, status, and what it counts."""

    block: int
    origin: str
    to: str | None
    data: str
    amounts: tuple[int, ...] = ()
    status: int = 1


SENT = (
    Sent(1, ALICE, None, CREATION),
    Sent(2, ALICE, COUNTER, COUNT, (10**20,)),
    Sent(2, BOB, COUNTER, COUNT, (7,)),
    Sent(3, BOB, COUNTER, COUNT, status=0),
    Sent(5, ALICE, COUNTER, TOUCH),
    Sent(5, BOB, ROUTER, COUNT, (1, 2)),
    Sent(8, ALICE, COUNTER, COUNT, (3 * 10**30,)),
    Sent(8, BOB, BOB, "0x"),
    Sent(8, ALICE, COUNTER, COUNT, status=0),
    Sent(8, BOB, COUNTER, COUNT, (5,)),
    Sent(11, BOB, COUNTER, COUNT, (9,)),
)
"""Before London and after; failed calls, one without a log, one through a router, and strangers."""


class History:
    """The chain that the transactions make; `wrong_total` is added to what the n-th event tells."""

    def __init__(self, wrong_total: tuple[int, int] = (-1, 0)) -> None:
        self.headers = [self._header(number) for number in range(BLOCKS)]
        self.transactions: list[dict[str, Any]] = []
        self.logs: list[dict[str, Any]] = []
        self.totals = [0] * BLOCKS
        total = 0
        for number in range(BLOCKS):
            logs = 0
            for index, sent in enumerate(each for each in SENT if each.block == number):
                place = self._place(number, index)
                self.transactions.append(place | self._transaction(sent))
                for amount in sent.amounts:
                    total += amount
                    told = total + (wrong_total[1] if len(self.logs) == wrong_total[0] else 0)
                    self.logs.append(place | self._log(sent.origin, amount, told, logs))
                    logs += 1
            self.totals[number] = total

    def _header(self, number: int) -> dict[str, str]:
        fee = {"baseFeePerGas": hex(10**9 + number)} if number >= LONDON else {}
        gas = GAS * sum(each.block == number for each in SENT)
        return {
            "number": hex(number),
            "hash": word("block", number),
            "parentHash": word("block", number - 1),
            "timestamp": hex(1_600_000_000 + 12 * number),
            "gasUsed": hex(gas),
            "gasLimit": hex(30_000_000),
            **fee,
        }

    def _place(self, number: int, index: int) -> dict[str, str]:
        digest = word("transaction", number, index)
        return {
            "blockNumber": hex(number),
            "blockHash": word("block", number),
            "transactionIndex": hex(index),
            "transactionHash": digest,
            "hash": digest,
        }

    def _transaction(self, sent: Sent) -> dict[str, Any]:
        gas = {"gas": hex(2 * GAS), "gasUsed": hex(GAS), "effectiveGasPrice": hex(10**10)}
        return {"from": sent.origin, "to": sent.to, "input": sent.data, "status": hex(sent.status), **gas}

    def _log(self, who: str, amount: int, total: int, index: int) -> dict[str, Any]:
        return {
            "address": COUNTER,
            "topics": [TOPIC, "0x" + encode_arguments(["address"], [who]).hex()],
            "data": "0x" + encode_arguments(["uint256", "uint256"], [amount, total]).hex(),
            "logIndex": hex(index),
            "removed": False,
        }

    def write(self, folder: Path) -> Path:
        """Write the recording."""
        folder.mkdir()
        meta = {"protocol": "Toy", "name": "toy-1", "chainId": CHAIN_ID, "counter": COUNTER, "deploymentBlock": 1}
        (folder / "meta.json").write_text(json.dumps(meta))
        views = [{"block": number, "total": str(self.totals[number])} for number in (1, 3, 6, 12)]
        files = {"blocks": self.headers, "txs": self.transactions, "logs": self.logs, "views": views}
        for name, lines in files.items():
            text = "".join(json.dumps(line) + "\n" for line in lines)
            (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
        return folder
