"""Histories made by chance, of both versions: the replay is clean from inputs and from logs, costs agree twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keep3r_replay.lake.reader import Lake
from tests.kuma.made import made
from tests.kuma.recorded import PROTOCOL, engine

SEEDS = [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 12))]
WORLDS = ("strict", "grace")


@pytest.fixture(params=["1.0", "1.1"])
def version(request):
    """Each version in turn."""
    return request.param


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_made_history_replays_clean(seed, version, tmp_path):
    """Every log, failure and balance is predicted; in clean cases the closed form is the rerun, no excess below 0."""
    PROTOCOL.scenarios.simulate(made(seed, version), "made", tmp_path / "lake")
    lake = Lake.open(tmp_path / "lake")
    found = engine.audit(lake, PROTOCOL, ledger=True)
    assert found.summary["verdict"] == "clean"
    assert found.summary["calls"]["mismatch"] == 0
    assert found.summary["calls"]["reverted"] > 0
    for row in found.tables["late_expiries"].drop_nulls("bought_at").iter_rows(named=True):
        for world in WORLDS:
            if row[f"clean_{world}"] and row[f"realized_{world}"] is not None:
                assert row[f"closed_form_{world}"] == row[f"realized_{world}"]
                assert row[f"excess_{world}"] >= 0
    logs = tuple(entry for entry in lake.manifest.files if entry.table != "transactions")
    alone = engine.audit(Lake(lake.path, lake.deployment, replace(lake.manifest, files=logs)), PROTOCOL)
    assert alone.summary["verdict"] == "clean"
    assert alone.tables["bonds"].equals(found.tables["bonds"])
