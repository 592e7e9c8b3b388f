from __future__ import annotations

import gzip
import json
import shutil
from typing import TYPE_CHECKING

import polars as pl
import pytest
from eth_abi import decode
from histories import DATA, name_of, one_a_version

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.events import EVENTS
from keep3r_replay.protocols.registry import protocol_recorded
from keep3r_replay.recording.importer import import_recording

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

RECORDINGS = one_a_version()


def lines_of(path: Path) -> list[dict]:
    """Return the records of a file."""
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


@pytest.fixture(scope="module", params=RECORDINGS, ids=name_of)
def imported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Lake]:
    """Return each recording of the repository with its lake."""
    folder = tmp_path_factory.mktemp("import") / "lake"
    import_recording(request.param, folder, protocol_recorded)
    return request.param, Lake.open(folder)


def test_every_log_is_there_raw(imported: tuple[Path, Lake]) -> None:
    """The table logs holds every log of the recording, byte for byte and in order."""
    recording, lake = imported
    rows = lake.scan("logs").collect().rows(named=True)
    logs = lines_of(recording / "logs.jsonl.gz")
    assert len(rows) == len(logs)
    for row, log in zip(rows, logs, strict=True):
        topics = [row[f"topic{i}"] for i in range(4) if row[f"topic{i}"] is not None]
        assert ["0x" + topic.hex() for topic in topics] == log["topics"]
        assert "0x" + row["data"].hex() == log["data"]
        assert ("0x" + row["address"].hex(), row["log_index"]) == (log["address"], int(log["logIndex"], 16))


def test_events_are_what_eth_abi_decodes(imported: tuple[Path, Lake]) -> None:
    """Every event row equals what eth-abi decodes of its log, under the names of the true meaning."""
    recording, lake = imported
    contracts = lake.deployment.by_address()
    times = {block["number"]: int(block["timestamp"], 16) for block in lines_of(recording / "blocks.jsonl.gz")}
    expected: dict[str, list[dict[str, object]]] = {}
    for log in lines_of(recording / "logs.jsonl.gz"):
        contract = contracts[log["address"]]
        event = next(
            each for each in EVENTS[contract.role][contract.version] if "0x" + each.topic0.hex() == log["topics"][0]
        )
        indexed = iter(log["topics"][1:])
        words = iter(decode([each.type for each in event.in_data], bytes.fromhex(log["data"][2:])))
        row: dict[str, object] = {"block_number": int(log["blockNumber"], 16), "log_index": int(log["logIndex"], 16)}
        row |= {"transaction_index": int(log["transactionIndex"], 16), "timestamp": times[log["blockNumber"]]}
        row |= {"transaction_hash": log["transactionHash"], "address": log["address"]}
        for each in event.parameters:
            value = decode([each.type], bytes.fromhex(next(indexed)[2:]))[0] if each.indexed else next(words)
            row[each.column] = value.to_bytes(32, "big") if each.wide else value
        expected.setdefault(f"events/{contract.role}.{event.name}", []).append(row)
    assert [table for table in lake.tables() if table.startswith("events/")] == sorted(expected)
    for table, rows in expected.items():
        found = lake.scan(table).with_columns(pl.selectors.decimal().cast(pl.Int128)).collect().rows(named=True)
        assert found == rows, table


def test_transactions_and_blocks_are_complete(imported: tuple[Path, Lake]) -> None:
    """Blocks and transactions hold what the recording says, failed transactions too."""
    recording, lake = imported
    for row, block in zip(
        lake.scan("blocks").collect().rows(named=True), lines_of(recording / "blocks.jsonl.gz"), strict=True
    ):
        assert (row["hash"], int(row["base_fee_per_gas"])) == (block["hash"], int(block["baseFeePerGas"], 16))
    transactions = lines_of(recording / "txs.jsonl.gz")
    for row, sent in zip(lake.scan("transactions").collect().rows(named=True), transactions, strict=True):
        assert (row["hash"], row["to"], row["status"]) == (sent["hash"], sent["to"], int(sent["status"], 16))
        cut = sent["to"] is None and sent["input"] == "0x(create)"
        assert row["input"] == (b"" if cut else bytes.fromhex(sent["input"][2:]))


def leaves(part: object) -> int:
    """Count the values that were read: a list or a revert is one value."""
    if isinstance(part, dict) and not ("revert" in part and "name" in part):
        return sum(map(leaves, part.values()))
    return 1


def test_every_value_read_is_a_row(imported: tuple[Path, Lake]) -> None:
    """Readings have one row for every value of the recording, and none is lost in naming."""
    recording, lake = imported
    lines = lines_of(recording / "views.jsonl.gz")
    rows = lake.scan("readings").collect()
    assert rows.height == sum(leaves(line) - 2 for line in lines)  # the block's number and the reason are no values
    assert rows.filter(pl.col("value").is_null() == pl.col("revert").is_null()).is_empty()
    whole = rows.filter(pl.col("view") == "jobs").sort("block_number")
    for text, line in zip(whole["value"], lines, strict=True):
        assert json.loads(text) == [address.lower() for address in line["keep3r"]["jobs"]]


def test_the_deployment_says_what_constructors_set(imported: tuple[Path, Lake]) -> None:
    """Initial parameters are the recording's, without samples of formulas; 2.2's first helper is told apart."""
    recording, lake = imported
    meta = json.loads((recording / "meta.json").read_text())
    deployment = lake.deployment
    keep3r = deployment.initial_state[meta["keep3r"].lower()]
    assert keep3r["rewardPeriodTime"] == meta["initialParameters"]["keep3r"]["rewardPeriodTime"]
    helper = deployment.initial_state[meta["helper"].lower()]
    assert not any("1e18" in name or "boost" in name or "reward" in name for name in helper)
    second = deployment.by_address()[meta["helper2"].lower()]
    assert second.version == ("2.2_first" if meta["version"] == "2.2" else meta["version"])
    assert {contract.facts["pool"] for contract in deployment.contracts if contract.role == "pair_manager"} >= {
        liquidity["pool"].lower() for liquidity in meta["liquidities"]
    }


def test_blocks_before_london_have_no_base_fee(tmp_path: Path) -> None:
    """A recording whose first blocks have no base fee is imported; the lake says that there was none, not zero."""
    recording = tmp_path / "recording"
    shutil.copytree(DATA / "open-v2.2-nb-mining-twap", recording)
    blocks = lines_of(recording / "blocks.jsonl.gz")
    for block in blocks[:30]:
        del block["baseFeePerGas"]
    text = "".join(json.dumps(block) + "\n" for block in blocks)
    (recording / "blocks.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    import_recording(recording, tmp_path / "lake", protocol_recorded)
    fees = Lake.open(tmp_path / "lake").scan("blocks").collect()["base_fee_per_gas"]
    assert fees[:30].to_list() == [None] * 30
    assert [int(fee) for fee in fees[30:]] == [int(block["baseFeePerGas"], 16) for block in blocks[30:]]


def test_a_lake_says_which_protocol_it_is_of(imported: tuple[Path, Lake]) -> None:
    """The name of the protocol's folder stands in the lake's deployment."""
    assert imported[1].deployment.protocol == "keep3r_v2"
