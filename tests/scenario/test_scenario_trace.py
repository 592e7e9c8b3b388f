"""Traces and charts of a simulation: what the notebook records and draws."""

from __future__ import annotations

import pytest

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.scenario.trace import (
    draw_jobs,
    events_table,
    job_trace,
    periods_table,
    views_table,
    write_trace,
)
from tests.scenario.scripts import played, simulated

PERIOD = 432_000


def test_the_trace_of_mining_is_the_notebook_s_shape():
    """Without work, total credits grow from nothing, and stay under what two periods mine."""
    simulation = simulated("mining")
    (job,) = simulation.world.keep3r.jobs
    series = job_trace(simulation, job)
    assert len(series.points) == 91
    first, last = series.points[0], series.points[-1]
    assert first.liquidity == 0
    assert first.total == 12 * first.period // PERIOD
    assert first.period == 1_470_599_061_927_888_008
    assert max(point.total for point in series.points) < 2 * first.period
    assert last.liquidity == first.period
    assert series.works == []
    assert [time % PERIOD for time in series.periods] == [0, 0, 0]


def test_points_are_the_readings():
    """Every point of the curve is what the views answered then; works and rewards are those of the job."""
    simulation = simulated("intense")
    (job,) = simulation.world.keep3r.jobs
    series = job_trace(simulation, job)
    views = views_table(simulation)
    totals = views.filter((views["view"] == "totalJobCredits") & (views["arguments"] == job))
    assert [point.total for point in series.points] == [int(value) for value in totals["value"]]
    events = events_table(simulation)["event"].to_list()
    assert len(series.works) == events.count("KeeperWork") == 13
    assert len(series.rewards) == events.count("LiquidityCreditsReward")


@pytest.mark.slow
def test_files(tmp_path):
    """Tables are CSV files with their columns; charts are the same bytes each time, one a job."""
    simulation = simulated("migration")
    names = [path.name for path in write_trace(simulation, tmp_path / "trace")]
    assert names == ["views.csv", "events.csv", "periods.csv"]
    lines = (tmp_path / "trace" / "views.csv").read_text().splitlines()
    assert lines[0] == "timestamp,contract,view,arguments,value,revert"
    assert len(lines) == 1 + len(simulation.readings)
    charts = [[path.read_bytes() for path in draw_jobs(simulation, tmp_path / name)] for name in ("first", "second")]
    assert len(charts[0]) == 2
    assert charts[0] == charts[1]
    assert charts[0][0].startswith(b"<svg ")


def test_periods_are_multiples_of_their_length():
    """Every reward period that starts within the history is in the table."""
    simulation = simulated("balanced")
    starts = periods_table(simulation)["timestamp"].to_list()
    blocks = simulation.chain.blocks
    assert starts == [time for time in range(0, blocks[-1].timestamp + 1, PERIOD) if time > blocks[0].timestamp]


def test_without_views_there_is_nothing_to_draw(tmp_path):
    """A scenario that reads no views says so."""
    with pytest.raises(UsageError, match="reads no views"):
        draw_jobs(played(), tmp_path)
