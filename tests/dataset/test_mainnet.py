from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl
import pytest
from eth_abi import decode
from eth_utils import keccak
from histories import DATA

from keep3r_replay.chain.layout_scan import scan_logs
from keep3r_replay.chain.wire import WireLog, log_batch
from keep3r_replay.dataset.decode import decode_logs
from keep3r_replay.lake.deployment import Contract
from keep3r_replay.protocols.keep3r_v2.events import EVENTS
from keep3r_replay.uniswap_v3.events import POOL_EVENTS
from keep3r_replay.uniswap_v3.tick_math import sqrt_ratio

if TYPE_CHECKING:
    from keep3r_replay.chain.logs import LogBatch

MAINNET = DATA / "mainnet"
POOL = "0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640"
SWAP = next(event for event in POOL_EVENTS if event.name == "Swap")


def node_json(log: dict) -> dict:
    """Write a log as a node would."""
    return {
        "address": log["address"],
        "topics": log["topics"],
        "data": log["data"],
        "blockHash": log["block_hash"],
        "blockNumber": hex(log["block_number"]),
        "transactionHash": log["transaction_hash"],
        "transactionIndex": hex(log["transaction_index"]),
        "logIndex": hex(log["log_index"]),
        "removed": False,
    }


def batch_of(logs: list[dict]) -> LogBatch:
    """Read logs the way an extraction does; both readers must agree."""
    content = json.dumps([node_json(log) for log in logs], separators=(",", ":")).encode()
    scanned = scan_logs(content)
    parsed = log_batch(msgspec.json.decode(content, type=list[WireLog]))
    assert scanned is not None
    assert np.array_equal(scanned.data, parsed.data)
    assert np.array_equal(scanned.topics, parsed.topics)
    return scanned


@pytest.fixture(scope="module")
def day() -> list[dict]:
    """Return a day of logs of mainnet's busiest pool."""
    text = gzip.decompress((MAINNET / "usdc_weth_005_2024-01-05_raw_logs.csv.gz").read_bytes()).decode()
    logs = [row | {"topics": json.loads(row["topics"])} for row in csv.DictReader(text.splitlines())]
    for log in logs:
        log |= {key: int(log[key]) for key in ("block_number", "transaction_index", "log_index")}
        log |= {"address": POOL, "block_hash": "0x" + "00" * 32}
    return sorted(logs, key=lambda log: (log["block_number"], log["log_index"]))


@pytest.mark.slow
def test_a_day_of_a_busy_pool_decodes(day: list[dict]) -> None:
    """All 6,000 logs of a mainnet day decode without an anomaly, each to what eth-abi says."""
    batch = batch_of(day)
    decoded = decode_logs(batch, {POOL: Contract("uniswap_v3_pool", POOL)}, EVENTS, batch.timestamp)
    assert decoded.anomalies == []
    assert sum(table.num_rows for table in decoded.tables.values()) == len(day)
    swaps = pl.from_arrow(decoded.tables["events/uniswap_v3_pool.Swap"])
    own = [log for log in day if log["topics"][0] == "0x" + SWAP.topic0.hex()]
    assert swaps.height == len(own) > 5_000
    for row, log in zip(swaps.iter_rows(named=True), own, strict=True):
        expected = decode([each.type for each in SWAP.in_data], bytes.fromhex(log["data"][2:]))
        price = int.from_bytes(row["sqrt_price_x96"], "big")
        found = (int(row["amount0"]), int(row["amount1"]), price, int(row["liquidity"]), row["tick"])
        assert found == expected
        assert (row["sender"], row["recipient"]) == tuple("0x" + topic[-40:] for topic in log["topics"][1:])


def test_ticks_are_those_of_the_prices(day: list[dict]) -> None:
    """Every swap's tick is the one whose price range holds its price, by our own tick mathematics."""
    batch = batch_of(day)
    decoded = decode_logs(batch, {POOL: Contract("uniswap_v3_pool", POOL)}, EVENTS, batch.timestamp)
    swaps = pl.from_arrow(decoded.tables["events/uniswap_v3_pool.Swap"])
    for row in swaps.iter_rows(named=True):
        price = int.from_bytes(row["sqrt_price_x96"], "big")
        # A swap that stops exactly at a boundary on its way down is already in the tick below it.
        assert sqrt_ratio(row["tick"]) <= price <= sqrt_ratio(row["tick"] + 1)


def records(name: str) -> list[dict]:
    """Return the lines of a file of complete blocks."""
    text = gzip.decompress((MAINNET / name).read_bytes())
    return [json.loads(line) for line in text.splitlines()]


def test_logs_of_complete_blocks_are_complete() -> None:
    """The logs of two whole mainnet blocks give the blooms of their headers, and each stands in its transaction."""
    logs = records("blocks_17173049-50_logs.json.gz")
    transactions = {each["hash"]: each for each in records("blocks_17173049-50_transactions.json.gz")}
    batch = batch_of(logs)
    for header in records("blocks_17173049-50_blocks.json.gz"):
        own = np.flatnonzero(batch.block_number == header["number"])
        assert bloom(batch, own) == int(header["logs_bloom"], 16)
        assert {batch.block_hash[row].tobytes().hex() for row in own} == {header["hash"][2:]}
    for row in range(len(batch)):
        sent = transactions["0x" + batch.transaction_hash[row].tobytes().hex()]
        place = (int(batch.block_number[row]), int(batch.transaction_index[row]))
        assert (sent["block_number"], sent["transaction_index"]) == place
        assert sent["receipt_status"] == 1
    last = [sent for sent in transactions.values() if sent["block_number"] == 17173049][-1]
    assert last["receipt_cumulative_gas_used"] == 9_755_040


def bloom(batch: LogBatch, rows: np.ndarray) -> int:
    """Return the bloom of some logs, as the yellow paper defines it."""
    total = 0
    for row in rows:
        parts = [batch.address[row].tobytes()]
        parts += [batch.topics[row, i].tobytes() for i in range(batch.topic_count[row])]
        for part in parts:
            digest = keccak(part)
            for i in (0, 2, 4):
                total |= 1 << (int.from_bytes(digest[i : i + 2], "big") & 2047)
    return total


def test_foreign_logs_are_named_and_kept_apart() -> None:
    """Of a block full of foreign contracts, the pools' swaps decode and every other log is an anomaly with a reason."""
    batch = batch_of(records("blocks_17173049-50_logs.json.gz"))
    topic = np.frombuffer(SWAP.topic0, np.uint8)
    of_pools = (batch.topics[:, 0] == topic).all(axis=1)
    pools = {"0x" + batch.address[row].tobytes().hex() for row in np.flatnonzero(of_pools)}
    contracts = {pool: Contract("uniswap_v3_pool", pool) for pool in pools}
    decoded = decode_logs(batch, contracts, EVENTS, batch.timestamp)
    assert decoded.tables["events/uniswap_v3_pool.Swap"].num_rows == int(of_pools.sum()) == 10
    rows = sum(table.num_rows for table in decoded.tables.values())
    assert rows + len(decoded.anomalies) == len(batch)
    assert all(
        "not part of the deployment" in each.reason or "unknown event" in each.reason for each in decoded.anomalies
    )


def test_the_licences_are_there() -> None:
    """The mainnet files come with the licences of those who published them."""
    assert {path.name for path in Path(MAINNET).glob("*LICENSE*")} == {
        "blocks_LICENSE_MIT.txt",
        "usdc_weth_LICENSE_Apache-2.0.txt",
    }
