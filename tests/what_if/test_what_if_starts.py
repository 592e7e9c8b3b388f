"""What-ifs that begin in mid-history, held against those of the whole history whose changes begin there."""

from __future__ import annotations

import random

import polars as pl
import pytest
from audits import audit, keep3r_contracts
from histories import DATA, SAMPLE, bundled, name_of
from states import told_by_readings

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.what_if.baseline import measure
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay, overlay_from
from keep3r_replay.protocols.keep3r_v2.what_if.run import what_if
from keep3r_replay.replay.audit import state_hash
from keep3r_replay.replay.results import write_results
from keep3r_replay.replay.snapshots import load_snapshot
from keep3r_replay.replay.starts import ReadingsStart, readings_start
from pipelines.cli import main

pytestmark = pytest.mark.slow

FUZZ = [path for path in bundled() if "-fuzz-" in path.name or path.name == "recording"]
DAY = 86_400
STARTS = "starts"
"""In an overlay: the first block after the start."""
SOMEBODY = "0x" + "77" * 20
OVERLAYS = {
    "nothing": {},
    "less_liquidity": {"liquidity_factor": "1/2", "liquidity_from_block": STARTS},
    "more_liquidity": {"liquidity_factor": "7/3", "liquidity_from_block": STARTS},
    "dear_gas": {"base_fee_factor": "3", "base_fee_from_block": STARTS},
    "short_periods": {"reward_period_time": 4 * DAY, "from_block": STARTS},
    "other_ticks": {"tick_scale": "1.1", "tick_shift": -100, "market_from_block": STARTS},
    "other_pool": {"market_pool": "0xf4aaee4e6ffc79252f131635a0dbd6d630c69c12", "market_from_block": STARTS},
    "bond": {"bonds": [{"keeper": SOMEBODY, "add": 10**20, "block": STARTS}], "new": [SOMEBODY]},
}


def _both(changes, block):
    """The overlay that begins with a block of the whole history, and the same for a history that begins there."""
    whole = {
        name: block if value == STARTS else [{**entry, "block": block} for entry in value] if name == "bonds" else value
        for name, value in changes.items()
    }
    return overlay_from(whole), overlay_from({name: each for name, each in whole.items() if changes[name] != STARTS})


def _told(state):
    """A state without what no reading tells, among which is the list of tokens of which a job has no credits."""
    told = told_by_readings(state)
    jobs = {
        address: {name: value for name, value in job.items() if name != "tokens"}
        for address, job in told["jobs"].items()
    }
    return {**told, "jobs": jobs}


@pytest.mark.parametrize("recording", FUZZ, ids=name_of)
def test_a_what_if_from_readings_is_that_of_the_whole_history_whose_changes_begin_there(
    recording, audited_recordings, baseline_of
):
    """From a random block on, works, calls that revert and the final state agree, for every kind of change."""
    lake, whole = audited_recordings(recording).lake, baseline_of(recording)
    blocks = lake.scan("readings", columns=["block_number"]).unique().collect()["block_number"].sort().to_list()
    start = readings_start(lake, random.Random(recording.name).choice(blocks[1:-5]))
    started = measure(lake, keep3r_contracts(lake)[0], None, start)
    before = (whole.works["block_number"] <= start.block).sum()
    for name, changes in OVERLAYS.items():
        of_whole, of_started = _both(changes, start.block + 1)
        expected, run = what_if(whole, of_whole), what_if(started, of_started, ledger=True)
        assert run.works.done == expected.works.done[before:], name
        assert run.reverted == [call for call in expected.reverted if call.block_number > start.block], name
        assert _told(run.protocol.state()) == _told(expected.protocol.state()), name


@pytest.mark.parametrize("recording", [SAMPLE / "recording", DATA / "open-v2.3-fuzz-mixed-101"], ids=name_of)
def test_a_what_if_from_a_snapshot_is_that_of_the_whole_history_whose_changes_begin_there(
    recording, audited_recordings, baseline_of, tmp_path
):
    """From every snapshot on, for every kind of change, the hash of the final state is the same."""
    lake, whole = audited_recordings(recording).lake, baseline_of(recording)
    contract = keep3r_contracts(lake)[0]
    audited = audit(lake, snapshot_every=400)
    write_results(audited, tmp_path / "results", {})
    for block in audited.tables["snapshots"]["block_number"].to_list()[:-1]:
        started = measure(
            lake, contract, None, load_snapshot(tmp_path / "results", lake, "keep3r", contract.address, block)
        )
        for name, changes in OVERLAYS.items():
            of_whole, of_started = _both(changes, block + 1)
            expected, run = (what_if(base, each) for base, each in ((whole, of_whole), (started, of_started)))
            assert state_hash(run.protocol.state()) == state_hash(expected.protocol.state()), (block, name)
            assert sum(run.sums.values()) == sum(expected.sums.values())


def test_what_the_start_found_is_part_of_the_balance(audited_recordings):
    """Credits at the start and all changes since sum to the credits at the end, by every rule of expiry."""
    lake = audited_recordings(SAMPLE / "recording").lake
    started = measure(lake, keep3r_contracts(lake)[0], None, readings_start(lake, 300))
    assert sum(amount for (_, kind), amount in started.sums.items() if kind == "opening") > 0
    for rule in ("contract", "documented", "none"):
        run = what_if(started, Overlay(expiry=rule), ledger=True)
        held = sum(job.credits for job in run.protocol.keep3r.jobs.values())
        assert sum(run.sums.values()) == held


@pytest.mark.parametrize(
    "changes",
    [
        {"fee": 1, "from_block": 300},
        {"liquidity_factor": "2", "liquidity_from_block": 0},
        {"bonds": [{"keeper": "0x1", "add": 1, "block": 1}]},
        {"liquidity": [{"job": "0x1", "liquidity": "0x2", "amount": 1, "block": 1}]},
    ],
)
def test_a_change_for_a_block_before_the_start_is_refused(changes):
    """It would have changed the state that the start tells."""
    with pytest.raises(UsageError, match=r"replay begins"):
        overlay_from(changes).beginning(301)


def test_credits_that_only_views_tell_are_no_start(audited_recordings):
    """Without readings of storage the start is refused, and the way out is named."""
    lake = audited_recordings(SAMPLE / "recording").lake
    rows = lake.scan("readings", from_block=300, until_block=300).filter(
        pl.col("value").is_not_null() & ~pl.col("view").str.starts_with("_")
    )
    answers = rows.select("contract", "view", "arguments", "value").collect().rows()
    start = ReadingsStart(lake, 300, {row[:3]: row[3] for row in answers})
    with pytest.raises(UsageError, match=r"only views tell .* resume the what-if from a later snapshot"):
        measure(lake, keep3r_contracts(lake)[0], None, start)


def test_nothing_after_the_start_is_refused(audited_recordings):
    """At the last block nothing is left to change."""
    lake = audited_recordings(SAMPLE / "recording").lake
    last = lake.manifest.coverage.to_block
    with pytest.raises(UsageError, match="nothing happens after block"):
        measure(lake, keep3r_contracts(lake)[0], None, readings_start(lake, last))


def test_the_command_starts_and_resumes(tmp_path, capsys):
    """Both ways from one block give the same outcome, and say where they begin."""
    lake = f"lake={SAMPLE / 'lake'}"
    assert main(["replay", lake, f"results={tmp_path / 'audit'}", "until_block=400", "snapshot_every=300"]) == 0
    block = pl.read_parquet(tmp_path / "audit" / "snapshots.parquet")["block_number"][0]
    capsys.readouterr()
    shown = []
    for place, way in enumerate((f"resume={tmp_path / 'audit'} resume_block={block}", f"start_block={block}")):
        results = f"results={tmp_path / str(place)}"
        assert main(["replay", "mode=what_if", lake, results, "overlay.base_fee_factor=2", *way.split()]) == 0
        shown.append(capsys.readouterr().out.split("state ")[0])
    assert shown[0] == shown[1]
    assert f"blocks {block + 1:,} to" in shown[0]
