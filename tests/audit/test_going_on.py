"""Audits that go on: whatever the runs were, the folder holds the bytes of one straight run."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from growing import content, lake_up_to
from histories import DATA, name_of, one_a_version
from lakes import imported

import keep3r_replay as kr

if TYPE_CHECKING:
    from pathlib import Path

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replaying_on import ReplayedOn

EVERY = 150
"""Few enough events between snapshots that a short history has some."""
SAYS = (
    "after block",
    "from the beginning: no snapshot up to block",
    "from the beginning: the lake has changed from its beginning on",
)
RECORDINGS = [
    *one_a_version(),
    DATA / "open-v1-gov-305",
    DATA / "open-kuma-clean-1",
    DATA / "open-kuma11-clean-1",
]
"""One of each version of each protocol."""


def straight(lake: Lake, folder: Path, *, ledger: bool = False) -> dict[str, bytes]:
    """The bytes of the results of one run."""
    kr.replay(lake, snapshot_every=EVERY, ledger=ledger).write(folder)
    return content(folder)


def went_on(lake: Lake, folder: Path, until_block: int | None = None, *, ledger: bool = False) -> ReplayedOn:
    """One more run to the same folder."""
    return kr.replay_on(lake, folder, snapshot_every=EVERY, until_block=until_block, ledger=ledger)


def cuts(lake: Lake, count: int) -> list[int]:
    """Blocks to stop at, in order, the same in every run."""
    coverage = lake.manifest.coverage
    assert coverage is not None
    blocks = range(lake.deployment.initial_state_block + 1, coverage.to_block)
    return sorted(Random(str(coverage.last_block_hash)).sample(blocks, count))


@pytest.mark.parametrize(
    "ledger", [pytest.param(False, id="plain"), pytest.param(True, id="ledger", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("recording", RECORDINGS, ids=name_of)
def test_a_run_in_parts_leaves_what_a_straight_run_leaves(recording, ledger, tmp_path):
    """Stopped at blocks at random and gone on, of every version and protocol, all files are equal to the byte."""
    lake = kr.open_lake(imported(recording))
    before = None
    for block in [*cuts(lake, 3), None]:
        part = went_on(lake, tmp_path / "parts", block, ledger=ledger)
        assert part.after == before
        before = block
    assert content(tmp_path / "parts") == straight(lake, tmp_path / "straight", ledger=ledger)


@pytest.mark.slow
@pytest.mark.parametrize("recording", RECORDINGS, ids=name_of)
def test_a_lake_that_grows_is_gone_on_with(recording, tmp_path):
    """Each run finds the lake longer, and files of it put together: it goes on, to the results of the whole lake."""
    whole = kr.open_lake(imported(recording))
    before = None
    for block in [*cuts(whole, 4), whole.manifest.coverage.to_block]:
        lake = lake_up_to(whole, block, tmp_path / "lake")
        assert went_on(lake, tmp_path / "results", ledger=True).after == before
        before = block
    assert content(tmp_path / "results") == straight(lake, tmp_path / "straight", ledger=True)


@pytest.mark.slow
@pytest.mark.parametrize("recording", RECORDINGS, ids=name_of)
def test_a_lake_that_was_another_one_takes_results_back(recording, tmp_path):
    """A reorganised, a repaired and a rolled back lake: the run begins before what has changed, and says so."""
    whole = kr.open_lake(imported(recording))
    last = whole.manifest.coverage.to_block
    middle = (last - last % 100) - 20
    for number, (before, dearer, after) in enumerate(
        (
            (last - 40, range(middle, last), last),
            (last, range(middle, middle + 30), last),
            (last, range(0), last - 30),
            (last - 40, range(1, last), last),
        )
    ):
        results = tmp_path / f"results-{number}"
        went_on(lake_up_to(whole, before, tmp_path / "lake", dearer=dearer), results, ledger=True)
        lake = lake_up_to(whole, after, tmp_path / "lake")
        found = went_on(lake, results, ledger=True)
        assert content(results) == straight(lake, tmp_path / f"straight-{number}", ledger=True)
        assert (found.after or 0) < (dearer.start or after)
        assert found.told.startswith(SAYS)
