"""`keep3r join`: lakes of one chain put together are the lake that holds both; what contradicts is refused."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import keep3r_replay as kr
from keep3r_replay.lake.join import join
from keep3r_replay.lake.manifest import Coverage, Manifest
from keep3r_replay.lake.reader import Lake
from keep3r_replay.lake.writer import write_deployment, write_manifest, write_table
from keep3r_replay.protocols.registry import part_of, protocols_in
from pipelines.cli import main
from tests.keep3r_v1.test_handover import both

PLACES = ("number", "block_number", "transaction_index", "log_index", "contract", "view", "arguments")
SCRIPTS = {
    "v1": {"protocol": "keep3r_v1", "calls": [{"at": 60, "do": "work", "gas": 200_000}]},
    "kuma": {"protocol": "kuma", "calls": [{"at": 0, "do": "issue"}]},
}


def alone(lake: Lake, name: str, folder) -> Lake:
    """What an extraction of one protocol would have fetched of a lake of several: its contracts' logs and readings."""
    part = part_of(lake, name)
    mine = [contract.address for contract in part.deployment.contracts]
    roles = {contract.role for contract in part.deployment.contracts}
    coverage = lake.manifest.coverage
    files = []
    for table in lake.tables():
        frame = lake.scan(table).collect()
        if table.startswith("events/") and table.removeprefix("events/").partition(".")[0] not in roles:
            continue
        if table == "logs":
            frame = frame.filter(pl.col("address").bin.encode("hex").is_in([each[2:] for each in mine]))
        elif table == "readings":
            frame = frame.filter(pl.col("contract").is_in(["", *mine]))
        files.append(write_table(folder, table, frame.to_arrow(), coverage.from_block, coverage.to_block))
    digest = write_deployment(folder, part.deployment)
    write_manifest(folder, Manifest(tuple(files), coverage, {}, (digest,)).sorted())
    return Lake.open(folder)


@pytest.mark.slow
def test_a_join_is_the_lake_that_holds_both(tmp_path, capsys):
    """Two protocols' lakes of one chain, joined by the command, have every row once, and replay as the whole does."""
    whole, _ = both(tmp_path / "whole")
    parts = [alone(whole, name, tmp_path / name) for name in protocols_in(whole)]
    folders = ",".join(str(part.path) for part in parts)
    assert main(["join", f"parts=[{folders}]", f"lake={tmp_path / 'joined'}"]) == 0
    assert "joined keep3r_v1 keep3r_v2" in capsys.readouterr().out
    joined = kr.open_lake(tmp_path / "joined")
    assert joined.tables() == whole.tables()
    for table in whole.tables():
        key = [name for name in PLACES if name in whole.scan(table).collect_schema().names()]
        assert_frame_equal(joined.scan(table).collect().sort(key), whole.scan(table).collect().sort(key))
    assert main(["replay", f"lake={joined.path}", f"results={tmp_path / 'results'}"]) in {0, 3}
    expected = kr.replay_all(whole).earnings
    assert_frame_equal(pl.read_parquet(tmp_path / "results" / "earnings" / "earnings.parquet"), expected)


@pytest.fixture
def lakes(tmp_path):
    """Small lakes of two protocols, each of a chain of its own."""
    for name, script in SCRIPTS.items():
        kr.simulate(script, tmp_path / name)
    return [Lake.open(tmp_path / name) for name in SCRIPTS]


def test_what_cannot_be_joined_is_refused(lakes, tmp_path):
    """One lake, one protocol twice, chains that end otherwise, and a folder of something else are refused in words."""
    for parts, says in (
        (lakes[:1], "two lakes or more"),
        ([lakes[0], lakes[0]], "two lakes of one protocol"),
        (lakes, "the lakes end"),
    ):
        with pytest.raises(kr.UsageError, match=says):
            join(parts, tmp_path / "out")
    with pytest.raises(kr.UsageError, match="something other than a joined lake"):
        join(lakes, lakes[0].path)
    assert not (tmp_path / "out").exists()


def test_lakes_that_contradict_each_other_are_refused(lakes, tmp_path):
    """Two lakes that end alike but know a block otherwise are no one chain: table, place and columns are named."""
    first, second = lakes
    end = Coverage(0, first.manifest.coverage.to_block, first.manifest.coverage.last_block_hash)
    until = min(end.to_block, second.manifest.coverage.to_block)
    assert until > 0
    deployment = replace(second.deployment, chain_id=first.deployment.chain_id)
    lying = Lake(second.path, deployment, replace(second.manifest, coverage=end))
    with pytest.raises(kr.LakeError, match=r"blocks: number \d+: another lake has another .*hash"):
        join([first, lying], tmp_path / "out")
    assert not (tmp_path / "out").exists()
