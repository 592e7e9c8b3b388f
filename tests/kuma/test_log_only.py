"""From logs alone: the same calls, the same tables, and what logs can not tell is said to be undetermined."""

from __future__ import annotations

from dataclasses import replace

import pytest
from histories import name_of
from lakes import imported

from keep3r_replay.lake.reader import Lake
from tests.kuma.figures import UNDETERMINED
from tests.kuma.recorded import PROTOCOL, audited, engine, recordings


def without_transactions(lake: Lake) -> Lake:
    """The lake as if no transactions had been kept."""
    files = tuple(entry for entry in lake.manifest.files if entry.table != "transactions")
    return Lake(lake.path, lake.deployment, replace(lake.manifest, files=files))


@pytest.mark.parametrize("recording", [each for each in recordings() if name_of(each) in UNDETERMINED], ids=name_of)
def test_logs_alone_tell_all_but_silent_refreshes(recording):
    """Every event is as predicted; only `getLastRefresh` after a silent refresh is undetermined; bonds are the same."""
    found = engine.audit(without_transactions(Lake.open(imported(recording))), PROTOCOL)
    assert found.summary["verdict"] == "clean"
    assert found.summary["events"]["mismatched"] == 0
    assert {view for view, _ in found.undetermined_readings} <= {"getLastRefresh"}
    assert found.summary["readings"]["undetermined"] == UNDETERMINED[name_of(recording)]
    assert found.tables["bonds"].equals(audited(recording).tables["bonds"])
