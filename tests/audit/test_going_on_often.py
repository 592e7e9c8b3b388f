"""A hundred runs, killed ones, several contracts and protocols: the folder holds the bytes of one straight run."""

from __future__ import annotations

import subprocess
import sys
import time
from random import Random
from typing import TYPE_CHECKING

import pytest
from growing import content, lake_up_to
from histories import DATA, SAMPLE, name_of
from lakes import imported
from two_contracts import lake_of_two

import keep3r_replay as kr
from tests.keep3r_v1.test_handover import both

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

RUNS, EVERY = 100, 60
ONE_A_PROTOCOL = [SAMPLE / "recording", DATA / "open-v1-gov-305", DATA / "open-kuma-clean-1"]


@pytest.mark.parametrize("recording", ONE_A_PROTOCOL, ids=name_of)
def test_a_hundred_runs_leave_what_one_leaves(recording, tmp_path):
    """A run every few blocks, over snapshots on the way, ends in the bytes of one run."""
    lake = kr.open_lake(imported(recording))
    coverage = lake.manifest.coverage
    for number in range(1, RUNS + 1):
        block = coverage.from_block + (coverage.to_block - coverage.from_block) * number // RUNS
        until = None if number == RUNS else block
        found = kr.replay_on(lake, tmp_path / "often", until_block=until, snapshot_every=EVERY)
        assert (found.after is None) == (number == 1)
    kr.replay(lake, snapshot_every=EVERY).write(tmp_path / "once")
    assert content(tmp_path / "often") == content(tmp_path / "once")


@pytest.mark.parametrize("recording", ONE_A_PROTOCOL, ids=name_of)
def test_killed_runs_leave_nothing_that_the_next_one_does_not_mend(recording, tmp_path):
    """Killed at random before and while it writes, whatever a run leaves, the next one ends in the same bytes."""
    whole = kr.open_lake(imported(recording))
    last = whole.manifest.coverage.to_block
    random = Random(recording.name)
    kr.replay_on(lake_up_to(whole, last - 60, tmp_path / "lake"), tmp_path / "killed", ledger=True)
    for block in (last - 40, last - 20, last):
        lake = lake_up_to(whole, block, tmp_path / "lake")
        killed = [_killed(lake.path, tmp_path / "killed", random, writing=each) for each in (False, True)]
        assert any(killed)
        lives = "straight" if block == last else f"straight-{block}"
        kr.replay_on(lake, tmp_path / "killed", ledger=True)
        kr.replay(lake, ledger=True).write(tmp_path / lives)
        assert content(tmp_path / "killed") == content(tmp_path / lives)
    assert [path.name for path in tmp_path.glob(".killed*")] == []


def _killed(lake: Path, results: Path, random: Random, *, writing: bool) -> bool:
    """Start a run and kill it, at once or as soon as it writes; whether it had not ended by itself."""
    command = [sys.executable, "-m", "pipelines.cli", "replay", f"lake={lake}", f"results={results}", "ledger=true"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if writing:
        while process.poll() is None and not list(results.parent.glob(f".{results.name}.building-*")):
            time.sleep(0.0005)
        time.sleep(random.uniform(0, 0.02))
    else:
        time.sleep(random.uniform(0.1, 2))
    ended = process.poll() is not None
    process.kill()
    process.wait()
    return not ended


def test_two_contracts_go_on_together(tmp_path):
    """Each contract of a lake goes on from its own snapshot, and the tables of both are those of one run."""
    both, _ = lake_of_two(kr.open_lake(imported(DATA / "open-v2.3-nb-all")), tmp_path / "both")
    for until in (200, 400, None):
        found = kr.replay_on(both, tmp_path / "parts", ledger=True, until_block=until, snapshot_every=150)
    assert found.after == 400
    kr.replay(both, ledger=True, snapshot_every=150).write(tmp_path / "once")
    assert content(tmp_path / "parts") == content(tmp_path / "once")


def test_every_protocol_of_a_lake_goes_on(tmp_path):
    """Results of a lake of several protocols go on part by part, and so do the earnings over all of them."""
    lake, _ = both(tmp_path / "lake")
    for until in (200, None):
        found = kr.replay_on(lake, tmp_path / "parts", until_block=until)
    assert found.after == 200
    assert found.told == "keep3r_v1 after block 200; keep3r_v2 after block 200"
    kr.replay_all(lake).write(tmp_path / "once")
    assert content(tmp_path / "parts") == content(tmp_path / "once")
