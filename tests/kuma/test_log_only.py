"""From logs alone: the same calls, the same tables, and what logs can not tell is said to be undetermined."""

from __future__ import annotations

from dataclasses import replace

import pytest
from histories import DATA, name_of
from lakes import imported

from keep3r_replay.lake.reader import Lake
from tests.kuma.recorded import PROTOCOL, audited, engine, recordings


def without_transactions(lake: Lake) -> Lake:
    """The lake as if no transactions had been kept."""
    files = tuple(entry for entry in lake.manifest.files if entry.table != "transactions")
    return Lake(lake.path, lake.deployment, replace(lake.manifest, files=files))


@pytest.mark.parametrize("recording", [each for each in recordings() if each.parent == DATA], ids=name_of)
def test_logs_alone_tell_all_but_silent_refreshes(recording):
    """Every event is as predicted; only `getLastRefresh` after a silent refresh is undetermined; bonds are the same."""
    found = engine.audit(without_transactions(Lake.open(imported(recording))), PROTOCOL)
    assert found.summary["verdict"] == "clean"
    assert found.summary["events"]["mismatched"] == 0
    assert {view for view, _ in found.undetermined_readings} <= {"getLastRefresh"}
    assert found.tables["bonds"].equals(audited(recording).tables["bonds"])


@pytest.mark.slow
def test_silent_refreshes_are_counted():
    """In the recording with silent refreshes, 46 readings of the last one are undetermined from logs alone."""
    lake = without_transactions(Lake.open(imported(DATA / "open-kuma-mixed-301")))
    assert engine.audit(lake, PROTOCOL).summary["readings"]["undetermined"] == 46
