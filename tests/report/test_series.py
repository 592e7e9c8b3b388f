from __future__ import annotations

from bisect import bisect_right

import polars as pl
import pytest

from keep3r_replay.protocols.keep3r_v2.report.series import Point, State, credit_views, job_series, thinned

VIEWS = {"totalJobCredits": "total", "jobLiquidityCredits": "liquidity", "jobPeriodCredits": "period"}


@pytest.mark.slow
def test_curves_pass_through_every_reading(history):
    """At every block where the contract's views were read, the rebuilt curve has what they answered, to the wei."""
    tables = history.tables
    times = dict(history.lake.scan("blocks").select("number", "timestamp").collect().iter_rows())
    periods = tables["reward_periods"].select("begins_at", "length").rows()
    readings = (
        history.lake.scan("readings")
        .filter(pl.col("view").is_in(list(VIEWS)))
        .select("block_number", "view", "arguments", "value")
        .collect()
    )
    compared = 0
    for (job,), part in readings.group_by("arguments"):
        rows = tables["job_history"].filter(pl.col("job") == job).with_columns(pl.col(pl.Decimal).cast(pl.Int128))
        states = rows.select("block_number", "timestamp", "credits", "period_credits", "rewarded_at").rows()
        blocks = [state[0] for state in states]
        views = tables["period_views"].filter(pl.col("job") == job)
        view_times, view_values = views["timestamp"].to_list(), views["period_credits"].cast(pl.Int128).to_list()
        for block, view, _, value in part.iter_rows():
            place = bisect_right(blocks, block) - 1
            if place < 0:
                continue
            now = times[block]
            at = bisect_right(view_times, now) - 1
            window = periods[max(0, bisect_right(periods, now, key=lambda period: period[0]) - 1)][1]
            point = credit_views(State(*states[place][1:]), view_values[at], window, now)
            assert getattr(point, VIEWS[view]) == (None if value is None else int(value)), (block, job, view)
            compared += 1
    assert compared > 500


@pytest.mark.slow
def test_curve_is_in_order_of_time(history):
    """Points of a curve never go back in time, and end with the run."""
    for job in history.tables["ledger"]["job"].unique():
        series = job_series(history.tables, job)
        moments = [point.timestamp for point in series.points]
        assert moments == sorted(moments)
        assert moments[-1] == history.tables["reward_periods"]["ends_at"][-1] - 1


@pytest.mark.slow
def test_thinning_keeps_extremes():
    """A thinned curve has its first, last, lowest and highest points still."""
    points = [Point(time, (time * 7919) % 10_007, 0, 0) for time in range(10_000)]
    few = thinned(points, 400)
    assert len(few) <= 440
    assert few[0] == points[0]
    assert few[-1] == points[-1]
    assert max(few, key=lambda point: point.total).total == max(point.total for point in points)
    assert [point.timestamp for point in few] == sorted(point.timestamp for point in few)
