"""A job's three credit views over time, rebuilt from the results: what the notebook's charts show.

Between two events of a job nothing but the clock changes its views, so points at the events, at period starts, and
where a reward becomes a whole period old make up the whole curve.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class State(NamedTuple):
    """What is stored of a job from `timestamp` on: seconds and wei."""

    timestamp: int
    credits: int
    period_credits: int
    rewarded_at: int


class Point(NamedTuple):
    """The views at a time, and what is stored: wei; None where the view reverts, or where nothing tells it."""

    timestamp: int
    total: int | None
    liquidity: int | None
    period: int | None
    stored: int | None = None


class Series(NamedTuple):
    """One job's curve and marks, times in seconds. A reward stands at the time that it counts from."""

    points: list[Point]
    works: list[int]
    rewards: list[int]
    periods: list[int]


def credit_views(state: State, period_view: int | None, window: int, now: int) -> Point:
    """`totalJobCredits`, `jobLiquidityCredits` and `jobPeriodCredits` at `now` for a stored state, as the contract."""
    if period_view is None:
        return Point(now, None, None, None)
    elapsed = now - state.rewarded_at
    if elapsed >= window:
        liquidity = period_view
    elif period_view == 0:
        liquidity = state.credits
    elif state.period_credits == 0:
        return Point(now, None, None, period_view)
    else:
        liquidity = state.credits * period_view // state.period_credits
    if state.rewarded_at > now - window - (now - window) % window:
        cooldown = elapsed - window if elapsed >= window else elapsed
    else:
        cooldown = now % window
    mined = cooldown * period_view // window if cooldown < window else period_view
    return Point(now, liquidity + mined, liquidity, period_view)


def job_series(tables: Mapping[str, pl.DataFrame], job: str) -> Series:
    """The curve of one job, from its first event to the end of the run."""
    history = tables["job_history"].filter(pl.col("job") == job)
    states = [
        State(*row)
        for row in history.select(
            "timestamp", pl.col("credits", "period_credits").cast(pl.Int128), "rewarded_at"
        ).iter_rows()
    ]
    views = tables["period_views"].filter(pl.col("job") == job)
    view_times = views["timestamp"].to_list()
    view_values = views["period_credits"].cast(pl.Int128).to_list()
    periods = tables["reward_periods"].select("begins_at", "ends_at", "length", "start").rows()
    rewards = tables["rewards"].filter(pl.col("job") == job)
    return Series(
        list(_points(states, view_times, view_values, periods)),
        history.filter(pl.col("operation") == "KeeperWork")["timestamp"].to_list(),
        [int(time) for time in rewards["rewarded_at"].drop_nulls().to_list()],
        [begins_at for begins_at, _, _, start in periods if begins_at == start],
    )


def _points(
    states: Sequence[State],
    view_times: Sequence[int],
    view_values: Sequence[int | None],
    periods: Sequence[tuple[int, int, int, int]],
) -> Iterator[Point]:
    if not states or not periods:
        return
    begins = [period[0] for period in periods]
    end = periods[-1][1] - 1

    def at(state: State, now: int, *, view_at: int) -> Point:
        place = bisect_right(view_times, view_at) - 1
        window = periods[max(0, bisect_right(begins, now) - 1)][2]
        views = credit_views(state, view_values[place] if place >= 0 else 0, window, now)
        return views._replace(stored=state.credits)

    for position, state in enumerate(states):
        following = states[position + 1].timestamp if position + 1 < len(states) else end
        yield at(state, state.timestamp, view_at=state.timestamp)
        if following == state.timestamp:
            continue
        window = periods[max(0, bisect_right(begins, state.timestamp) - 1)][2]
        turns = {
            *(time for time in view_times[bisect_right(view_times, state.timestamp) :] if time <= following),
            state.rewarded_at + window,
        }
        for turn in sorted(time for time in turns if state.timestamp < time <= following):
            yield at(state, turn - 1, view_at=turn - 1)
            if turn < following:
                yield at(state, turn, view_at=turn)
        # What changes at `following` is the next state's to tell.
        yield at(state, following, view_at=following - 1)


def thinned(points: Sequence[Point], most: int) -> list[Point]:
    """At most about `most` points: of each stretch of time the first, the last, the lowest and the highest."""
    if len(points) <= most:
        return list(points)
    stretch = -(-len(points) * 4 // most)
    kept: list[Point] = []
    for start in range(0, len(points), stretch):
        part = points[start : start + stretch]
        by_total = sorted(part, key=lambda point: point.total or 0)
        kept += sorted({part[0], part[-1], by_total[0], by_total[-1]}, key=part.index)
    return kept
