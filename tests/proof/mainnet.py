"""The two mainnet blocks of the tests' data, as receipts and headers of the proof."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from functools import lru_cache
from typing import Any

from histories import DATA

from keep3r_replay.proof.receipts import Log, Receipt
from keep3r_replay.proof.rlp import integer

MAINNET = DATA / "mainnet"


def _rows(name: str) -> list[dict[str, Any]]:
    path = next(MAINNET.glob(f"*{name}.json.gz"))
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def raw(text: str) -> bytes:
    """The bytes of hexadecimal text."""
    return bytes.fromhex(text[2:])


@lru_cache(1)
def blocks() -> list[dict[str, Any]]:
    """The blocks."""
    return sorted(_rows("blocks"), key=lambda block: block["number"])


@lru_cache(1)
def transactions() -> dict[int, list[dict[str, Any]]]:
    """The transactions of each block, in order, with what their receipts say."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(_rows("transactions"), key=lambda row: (row["block_number"], row["transaction_index"])):
        found[row["block_number"]].append(row)
    return dict(found)


@lru_cache(1)
def receipts() -> dict[int, list[Receipt]]:
    """The receipts of each block, in order."""
    logs: dict[str, list[Log]] = defaultdict(list)
    for row in sorted(_rows("logs"), key=lambda row: (row["block_number"], row["log_index"])):
        topics = tuple(map(raw, row["topics"]))
        logs[row["transaction_hash"]].append(Log(raw(row["address"]), topics, raw(row["data"])))
    return {
        number: [
            Receipt(
                row["transaction_type"],
                integer(row["receipt_status"]),
                row["receipt_cumulative_gas_used"],
                tuple(logs[row["hash"]]),
            )
            for row in rows
        ]
        for number, rows in transactions().items()
    }
