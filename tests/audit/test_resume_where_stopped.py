"""A replay that stopped at a block can be resumed there, however small its history; without snapshots it says why."""

from __future__ import annotations

import json

import pytest
from histories import DATA, SAMPLE, History, set_word, word
from lakes import imported

from keep3r_replay.protocols.registry import protocol_recorded
from keep3r_replay.recording.importer import import_recording
from pipelines.cli import main

pytestmark = pytest.mark.slow

PARTIAL = 4
RECORDINGS = [SAMPLE / "recording", DATA / "open-v1-gov-305", DATA / "open-kuma-clean-1"]


def replayed(results, lake, *settings) -> int:
    """The exit code of a replay."""
    return main(["replay", f"lake={lake}", f"results={results}", *settings])


def hash_of(results) -> str:
    """The hash of the state at the end."""
    return json.loads((results / "summary.json").read_text())["state_hash"]


@pytest.mark.parametrize("recording", RECORDINGS, ids=["v2", "v1", "kuma"])
def test_a_replay_goes_on_from_where_it_stopped(recording, tmp_path):
    """Stopped before the first event or in the middle, and resumed, it ends in the straight run's state."""
    lake = imported(recording)
    assert replayed(tmp_path / "straight", lake) in {0, 3}
    for block in (0, 150):
        first, second = tmp_path / f"to-{block}", tmp_path / f"from-{block}"
        assert replayed(first, lake, f"until_block={block}") in {0, 3}
        assert replayed(second, lake, f"resume={first}") in {3, PARTIAL}
        assert hash_of(second) == hash_of(tmp_path / "straight")
        assert json.loads((second / "summary.json").read_text())["blocks"][0] > block


def test_results_without_snapshots_say_why(tmp_path, capsys):
    """A short history's results have none: the error says so, and how one is taken."""
    lake = imported(RECORDINGS[1])
    assert replayed(tmp_path / "whole", lake) in {0, 3}
    assert replayed(tmp_path / "second", lake, f"resume={tmp_path / 'whole'}") == 2
    said = capsys.readouterr().err
    assert "fewer events than snapshot_every" in said
    assert "until_block=B" in said


def test_what_was_not_looked_at_is_never_called_clean(tmp_path):
    """From a snapshot, strictly too, and from readings: verdict, exit code and blocks say what was replayed."""
    lake = imported(RECORDINGS[0])
    assert replayed(tmp_path / "former", lake, "until_block=300") == 0
    for name, settings, first in (
        ("resumed", [f"resume={tmp_path / 'former'}"], 301),
        ("strict", [f"resume={tmp_path / 'former'}", "mode=strict"], 301),
        ("read", ["start_block=500"], 501),
    ):
        assert replayed(tmp_path / name, lake, *settings) == PARTIAL
        summary = json.loads((tmp_path / name / "summary.json").read_text())
        assert (summary["verdict"], summary["blocks"][0]) == ("partial", first)


def test_a_resumed_replay_tells_what_was_found_before(tmp_path, capsys):
    """Also where the rest of the history has nothing wrong, and after a second resumption."""
    history = History(RECORDINGS[0])
    history.readings = range(0)
    log = history.log(390, 2)
    set_word(log, 0, word(log, 0) + 1)
    import_recording(history.write(tmp_path / "recording"), tmp_path / "lake", protocol_recorded)
    lake = tmp_path / "lake"
    assert replayed(tmp_path / "one", lake, "until_block=450") == 3
    (kind,) = json.loads((tmp_path / "one" / "summary.json").read_text())["findings"]
    for former, name, settings, last in (("one", "two", ["until_block=520"], 450), ("two", "three", [], 520)):
        assert replayed(tmp_path / name, lake, f"resume={tmp_path / former}", *settings) == PARTIAL
        before = json.loads((tmp_path / name / "summary.json").read_text())["before"]
        assert before == {"blocks": [0, last], "findings": {kind: 1}}
        assert f"before    blocks 0 to {last}, as they were replayed then: 1 {kind}" in capsys.readouterr().out
