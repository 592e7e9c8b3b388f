"""Starts in mid-history: from the contract's own readings, and from snapshots of the model."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from audits import audit, keep3r_contracts, replay_contract
from histories import bundled, name_of
from states import told_by_readings

from keep3r_replay import api
from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.lake.writer import write_manifest, write_table
from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from keep3r_replay.replay.audit import state_hash
from keep3r_replay.replay.protocol import Options
from keep3r_replay.replay.results import write_results
from keep3r_replay.replay.snapshots import load_snapshot
from keep3r_replay.replay.starts import readings_start
from keep3r_replay.replay.state_query import state_at

FUZZ = [path for path in bundled() if "-fuzz-" in path.name or path.name == "recording"]


@pytest.fixture(params=FUZZ, ids=name_of)
def fuzzed(request, audited_recordings):
    """Each fuzz recording in turn."""
    return audited_recordings(request.param)


@pytest.mark.slow
def test_a_start_from_readings_agrees_with_the_straight_run(fuzzed):
    """From a random block with readings on, every event and reading agrees, and the state at the end is the same."""
    contract = keep3r_contracts(fuzzed.lake)[0]
    blocks = fuzzed.lake.scan("readings", columns=["block_number"]).unique().collect()["block_number"].sort().to_list()
    block = random.Random(fuzzed.recording.name).choice(blocks[1:-5])
    start = readings_start(fuzzed.lake, block)

    started = audit(fuzzed.lake, starts={contract.address: start}, snapshot_every=0)

    assert started.findings == []
    assert started.summary["events"]["mismatched"] == started.summary["readings"]["mismatched"] == 0
    works, whole = started.tables["works"], fuzzed.audit.tables["works"].filter(pl.col("block_number") > block)
    # Which slots of 2.0 were in use before the start no reading tells: its bounds are others then, and hold too.
    bounds = ["lowest_payment", "highest_payment"]
    assert works.drop("initial_gas", *bounds).equals(whole.drop("initial_gas", *bounds))
    bounded = works.filter(pl.col("class") == "interval")
    assert (bounded["lowest_payment"] <= bounded["payment"]).all()
    assert (bounded["payment"] <= bounded["highest_payment"]).all()
    again = replay_contract(fuzzed.lake, contract, None, start, Options(readings=False)).protocol.state()
    assert told_by_readings(again) == told_by_readings(fuzzed.straight.protocol.state())


@pytest.mark.slow
def test_resuming_from_any_snapshot_ends_in_the_same_state(fuzzed, tmp_path):
    """From every snapshot on, works, findings and final state are those of the straight run."""
    contract = keep3r_contracts(fuzzed.lake)[0]
    whole = audit(fuzzed.lake, snapshot_every=300)
    write_results(whole, tmp_path / "results", {})
    blocks = whole.tables["snapshots"]["block_number"].to_list()
    assert len(blocks) > 1
    for block in blocks:
        snapshot = load_snapshot(tmp_path / "results", fuzzed.lake, "keep3r", contract.address, block)
        assert snapshot is not None
        resumed = replay_contract(fuzzed.lake, contract, None, snapshot, Options(readings=False))
        assert state_hash(resumed.protocol.state()) == whole.summary["state_hash"]
        assert resumed.journal.findings == []
        assert resumed.works.equals(fuzzed.straight.works.filter(pl.col("block_number") > block))


@pytest.mark.slow
def test_the_state_at_a_block_is_that_of_a_replay_up_to_it(audited, tmp_path):
    """At random blocks the state from the last snapshot on is the state of a replay from the beginning."""
    contract = keep3r_contracts(audited.lake)[0]
    write_results(audit(audited.lake, snapshot_every=100), tmp_path / "results", {})
    last = audited.lake.manifest.coverage.to_block
    for block in random.Random(4).sample(range(last + 1), 3):
        with_snapshot = state_at(audited.lake, PROTOCOL, contract, block, tmp_path / "results").state()
        assert with_snapshot == state_at(audited.lake, PROTOCOL, contract, block, None).state()


@pytest.mark.slow
def test_a_start_needs_readings_at_its_block(audited):
    """A block without readings is refused, and the nearest with some is named."""
    with pytest.raises(UsageError, match="no readings after this block"):
        readings_start(audited.lake, 1)


@pytest.mark.slow
def test_snapshots_belong_to_their_lake(audited_recordings, tmp_path):
    """Results of one lake are refused for another."""
    first, second = (audited_recordings(path) for path in bundled()[:2])
    write_results(audit(first.lake, snapshot_every=100), tmp_path / "results", {})
    with pytest.raises(UsageError, match="another lake"):
        load_snapshot(tmp_path / "results", second.lake, "keep3r", keep3r_contracts(second.lake)[0].address, None)
    with pytest.raises(UsageError, match="holds no results"):
        load_snapshot(tmp_path, Lake.open(first.lake.path), "keep3r", keep3r_contracts(first.lake)[0].address, None)


@pytest.mark.slow
@pytest.mark.parametrize("table", ["snapshots", "observations"])
def test_damaged_snapshots_are_refused(table, audited_recordings, tmp_path):
    """One byte of the snapshots, or of what they count on, is told: nothing is resumed from it."""
    lake = audited_recordings(bundled()[0]).lake
    write_results(audit(lake, snapshot_every=500), tmp_path / "results", {})
    file = tmp_path / "results" / f"{table}.parquet"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(InputError, match="snapshots cannot be read"):
        api.replay(lake, resume=str(tmp_path / "results"))


@pytest.mark.slow
def test_a_changed_payment_rules_out_the_snapshots_after_it(audited_recordings, tmp_path):
    """The same deployment with another payment in its files: no snapshot behind that file's first block is taken."""
    lake = audited_recordings(bundled()[0]).lake
    write_results(audit(lake, snapshot_every=500), tmp_path / "results", {})
    copied = Path(shutil.copytree(lake.path, tmp_path / "lake"))
    (entry,) = lake.manifest.of_table("events/keep3r.KeeperWork")
    table = pq.read_table(copied / entry.path)
    position = table.schema.get_field_index("payment")
    payments = table["payment"].to_pylist()
    told = pa.array([payments[0] + 1, *payments[1:]], table.schema.field(position).type)
    changed = table.set_column(position, table.schema.field(position), told)
    written = write_table(copied, entry.table, changed, entry.from_block, entry.to_block)
    files = tuple(written if each == entry else each for each in lake.manifest.files)
    write_manifest(copied, replace(lake.manifest, files=files))
    with pytest.raises(UsageError, match="holds for the lake as it is"):
        api.replay(Lake.open(copied), resume=str(tmp_path / "results"))
