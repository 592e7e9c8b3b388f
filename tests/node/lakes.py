"""Running the commands in this process, and comparing lakes with the node and with each other."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from unittest import mock

import polars as pl
from eth_abi import decode

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.events import EVENTS
from pipelines.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from tests.node.anvil import Anvil


def settings(keep3r: str, lake: Path, *more: str) -> list[str]:
    """Return the arguments of an extraction of a local Keep3r."""
    partitions = [] if any("partition_blocks" in each for each in more) else ["deployment.partition_blocks=50"]
    return ["extract", "deployment=local", f"deployment.keep3r={keep3r}", f"lake={lake}", *partitions, *more]


def run(url: str, *arguments: str) -> int:
    """Run `keep3r` in this process against a node."""
    with mock.patch.dict(os.environ, {"ETH_RPC_URL": url}):
        return main(list(arguments))


def content(lake: Path) -> dict[str, bytes]:
    """Return every file of a lake but the lock."""
    files = (path for path in sorted(lake.rglob("*")) if path.is_file() and path.name != ".lock")
    return {path.relative_to(lake).as_posix(): path.read_bytes() for path in files}


def assert_equals_node(path: Path, node: Anvil) -> None:
    """Compare a lake with the node log by log, block by block and transaction by transaction."""
    lake = Lake.open(path)
    coverage = lake.manifest.coverage
    assert coverage is not None
    first, last = coverage.from_block, coverage.to_block
    addresses = [contract.address for contract in lake.deployment.contracts]
    wanted = {"fromBlock": hex(first), "toBlock": hex(last), "address": addresses}
    logs = node.rpc("eth_getLogs", wanted)
    assert lake.scan("logs").collect().rows() == [_raw_row(log) for log in logs]
    assert coverage.last_block_hash == node.rpc("eth_getBlockByNumber", hex(last), False)["hash"]
    _compare_blocks(lake, node, first, last, {int(log["blockNumber"], 16) for log in logs})
    _compare_transactions(lake, node, logs)
    _compare_events(lake, node, logs)


def _raw_row(log: dict[str, Any]) -> tuple[Any, ...]:
    def raw(text: str) -> bytes:
        return bytes.fromhex(text[2:])

    topics = [raw(topic) for topic in log["topics"]] + [None] * (4 - len(log["topics"]))
    numbers = [int(log[key], 16) for key in ("blockNumber", "logIndex", "transactionIndex")]
    return (
        *numbers,
        raw(log["blockHash"]),
        raw(log["transactionHash"]),
        raw(log["address"]),
        *topics,
        raw(log["data"]),
    )


def _compare_blocks(lake: Lake, node: Anvil, first: int, last: int, with_logs: set[int]) -> None:
    rows = lake.scan("blocks").collect().rows(named=True)
    assert [row["number"] for row in rows] == list(range(first, last + 1))
    for row in rows:
        block = node.rpc("eth_getBlockByNumber", hex(row["number"]), False)
        assert int(row["base_fee_per_gas"]) == int(block["baseFeePerGas"], 16)
        if row["number"] not in with_logs:
            assert row["hash"] is None
            continue
        texts = (block["hash"], block["parentHash"])
        numbers = tuple(int(block[key], 16) for key in ("timestamp", "gasUsed", "gasLimit"))
        assert (row["hash"], row["parent_hash"]) == texts
        assert (row["timestamp"], row["gas_used"], row["gas_limit"]) == numbers


def _compare_transactions(lake: Lake, node: Anvil, logs: list[dict[str, Any]]) -> None:
    hashes = list(dict.fromkeys(log["transactionHash"] for log in logs))
    rows = lake.scan("transactions").collect().rows(named=True)
    assert [row["hash"] for row in rows] == hashes
    for row in rows:
        sent = node.rpc("eth_getTransactionByHash", row["hash"])
        receipt = node.rpc("eth_getTransactionReceipt", row["hash"])
        assert (row["from"], row["to"]) == (sent["from"], sent["to"])
        assert row["input"] == bytes.fromhex(sent["input"][2:])
        place = (int(sent["blockNumber"], 16), int(sent["transactionIndex"], 16), int(sent["gas"], 16))
        assert (row["block_number"], row["transaction_index"], row["gas"]) == place
        outcome = tuple(int(receipt[key], 16) for key in ("gasUsed", "effectiveGasPrice", "status"))
        assert (row["gas_used"], int(row["effective_gas_price"]), row["status"]) == outcome


def _compare_events(lake: Lake, node: Anvil, logs: list[dict[str, Any]]) -> None:
    """Decode every log by eth-abi and find it in its table."""
    contracts = lake.deployment.by_address()
    expected: dict[str, list[dict[str, Any]]] = {}
    for log in logs:
        contract = contracts[log["address"]]
        event = next(
            each for each in EVENTS[contract.role][contract.version] if each.topic0.hex() == log["topics"][0][2:]
        )
        topics = [bytes.fromhex(topic[2:]) for topic in log["topics"][1:]]
        indexed = [decode([each.type], topic)[0] for each, topic in zip(event.indexed, topics, strict=True)]
        in_data = decode([each.type for each in event.in_data], bytes.fromhex(log["data"][2:]))
        values = dict(zip([each.column for each in event.indexed], indexed, strict=True))
        values |= dict(zip([each.column for each in event.in_data], in_data, strict=True))
        values = {key: value.to_bytes(32) if wide else value for key, value, wide in _with_width(event, values)}
        place = {"block_number": int(log["blockNumber"], 16), "log_index": int(log["logIndex"], 16)}
        place["transaction_index"] = int(log["transactionIndex"], 16)
        place["timestamp"] = int(log["blockTimestamp"], 16)
        texts = {"transaction_hash": log["transactionHash"], "address": log["address"]}
        expected.setdefault(f"events/{contract.role}.{event.name}", []).append(place | texts | values)
    assert [table for table in lake.tables() if table.startswith("events/")] == sorted(expected)
    for table, rows in expected.items():
        found = lake.scan(table).with_columns(pl.selectors.decimal().cast(pl.Int128)).collect().rows(named=True)
        assert found == rows, table


def _with_width(event: Any, values: dict[str, Any]) -> list[tuple[str, Any, bool]]:
    wide = {parameter.column: parameter.wide for parameter in event.parameters}
    return [(key, value, wide[key]) for key, value in values.items()]
