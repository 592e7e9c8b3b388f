"""Charts of a KUMA replay: specifications of Vega-Lite, amounts in whole KIBT; floats are for places on paper only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.replay.rooms import Chart
from keep3r_replay.report.colours import BLUE, GREY, INK, VERMILLION, series
from keep3r_replay.report.plot import (
    TIME,
    amount,
    amount_axis,
    coloured,
    moment,
    table,
    time_axis,
    titled,
    told,
    zoom,
)
from keep3r_replay.report.times import duration
from keep3r_replay.report.times import moment as written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keep3r_replay.protocols.kuma.what_if.lateness import Cost
    from keep3r_replay.report.plot import Spec

BARS_SHOWN = 60
_COSTS_SHOWN = 20
_YEAR, _HOUR = 365 * 86_400, 3_600
_RAY = 1e27
_ROW = 18
_LATE = {"in time": BLUE, "late": VERMILLION}
_WORLDS = {"against the last second of grace": VERMILLION, "against maturity": BLUE}


def cost_chart(dearest: Sequence[dict[str, Any]]) -> Chart | None:
    """What each late bond cost its buyer, in both worlds; the dearest first. None where nothing cost anything."""
    rows = [row for row in dearest if row["excess_strict"] is not None and row["excess_strict"] > 0][:_COSTS_SHOWN]
    if not rows:
        return None
    grace, strict = ([_positive(row[f"excess_{world}"]) for row in rows] for world in ("grace", "strict"))
    about = told(
        *(("bond", "bond"), ("late", "late by"), ("grace", "KIBT against the last second of grace")),
        ("strict", "KIBT against maturity"),
        timed=False,
    )
    y = {"field": "bond", "type": "ordinal", "sort": None, "axis": {"title": None}}
    kibt = {"type": "quantitative", "scale": {"type": "log"}}
    axis = {"title": "KIBT burned too much, logarithmic", "format": "~g"}
    marks = [
        {
            "transform": [{"calculate": repr(name), "as": "against"}, {"filter": f"isValid(datum.{column})"}],
            "mark": {"type": "point", "size": 70, "tooltip": about},
            "encoding": {"y": y, "x": {"field": column, **kibt, "axis": axis}, "color": coloured("against", _WORLDS)},
        }
        for name, column in zip(_WORLDS, ("grace", "strict"), strict=True)
    ]
    spec: Spec = {
        "data": table(
            {
                "bond": [_name(row) for row in rows],
                "late": [duration(row["seconds_late"]) for row in rows],
                "grace": grace,
                "strict": strict,
            }
        ),
        "height": _ROW * len(rows),
        "layer": [
            {
                "transform": [{"filter": "isValid(datum.grace)"}],
                "mark": {"type": "rule", "color": GREY, "strokeWidth": 3},
                "encoding": {"y": y, "x": {"field": "grace", **kibt, "axis": axis}, "x2": {"field": "strict"}},
            },
            *marks,
        ],
    }
    caption = "What buyers of late bonds burned too much, the dearest first; what is nothing has no place on this scale"
    return Chart("cost", caption, spec)


def yield_chart(states: pl.DataFrame) -> Chart | None:
    """The yield in force in each category over time."""
    spec = _steps(states, "yield", lambda ray: 100 * ((ray / _RAY) ** _YEAR - 1), "%", zero=True)
    caption = "Yield in percent a year; zero while an expired bond waits in the reserve"
    return None if spec is None else Chart("yield", caption, spec)


def price_chart(states: pl.DataFrame) -> Chart | None:
    """What one KIBT of the first day is worth in each category, over time."""
    spec = _steps(states, "epoch_cumulative_yield", lambda ray: ray / _RAY, "KIBT", zero=False)
    caption = "What one KIBT of the first day has become, at the start of each epoch"
    return None if spec is None else Chart("price", caption, spec)


def _steps(states: pl.DataFrame, column: str, place: Callable[[int], float], title: str, *, zero: bool) -> Spec | None:
    """A line of steps for each category: a value holds until the next."""
    if states.is_empty():
        return None
    last = int(states["timestamp"].to_list()[-1])
    times: list[int] = []
    names: list[str] = []
    values: list[float] = []
    for name in dict.fromkeys(states["category"].to_list()):
        own = states.filter(pl.col("category") == name)
        changed = own.filter((pl.col(column) != pl.col(column).shift()).fill_null(value=True))
        told_at, told_of = changed["timestamp"].to_list(), [int(each) for each in changed[column].to_list()]
        times += [*map(moment, told_at), moment(last)]
        values += [*map(place, told_of), place(told_of[-1])]
        names += [name] * (len(told_at) + 1)
    return {
        "data": table({TIME: times, "category": names, "value": values}),
        "params": [zoom()],
        "mark": {
            "type": "line",
            "interpolate": "step-after",
            "clip": True,
            "point": {"size": 14},
            "tooltip": told(("category", "category"), ("value", title)),
        },
        "encoding": {
            "x": time_axis(),
            "y": amount_axis("value", title, zero=zero),
            "color": coloured("category", series(list(dict.fromkeys(names)))),
        },
    }


def bonds_chart(bonds: pl.DataFrame, end: int) -> Chart | None:
    """Matured bonds in the swap on a time line, each with its deadline; the latest ones where there are many."""
    rows = bonds.filter(pl.col("maturity") <= end).sort("maturity", "bond_id").tail(BARS_SHOWN).to_dicts()
    if not rows:
        return None
    about = told(
        *(("bond", "bond"), ("status", "status"), ("from", "sold"), ("by", "deadline"), ("until", "bought")),
        ("late", "late by"),
        timed=False,
    )
    y = {"field": "bond", "type": "ordinal", "sort": None, "axis": {"title": None}}
    until = [row["bought_at"] if row["bought_at"] is not None else end for row in rows]
    late = [row["seconds_late"] for row in rows]
    spec: Spec = {
        "data": table(
            {
                "bond": [_name(row) for row in rows],
                "status": [row["status"] for row in rows],
                "kind": ["in time" if each is None else "late" for each in late],
                TIME: [moment(row["sold_at"]) for row in rows],
                "end": [moment(each) for each in until],
                "due": [moment(row["deadline"]) for row in rows],
                "from": [written(row["sold_at"]) for row in rows],
                "by": [written(row["deadline"]) for row in rows],
                "until": ["-" if row["bought_at"] is None else written(row["bought_at"]) for row in rows],
                "late": ["-" if each is None else duration(each) for each in late],
            }
        ),
        "height": _ROW * len(rows),
        "layer": [
            {
                "params": [zoom()],
                "mark": {"type": "bar", "height": 9, "clip": True, "tooltip": about},
                "encoding": {"y": y, "x": time_axis(), "x2": {"field": "end"}, "color": coloured("kind", _LATE)},
            },
            {
                "mark": {"type": "tick", "color": INK, "thickness": 2, "size": 15, "clip": True, "tooltip": about},
                "encoding": {"y": y, "x": {**time_axis(), "field": "due"}},
            },
        ],
    }
    caption = "Matured bonds in the swap, from sale to purchase; the stroke is the deadline"
    more = f"; the last {BARS_SHOWN} to mature" if len(rows) == BARS_SHOWN else ""
    return Chart("bonds", caption + more, spec)


def curve_chart(bond: str, costs: Sequence[Cost]) -> Chart:
    """What a delay costs the buyer of one bond; points of failed purchases are left out."""
    shown = [cost for cost in sorted(costs) if cost.excess is not None]
    spec: Spec = {
        "data": table(
            {
                "hours": [cost.delay / _HOUR for cost in shown],
                "after": [duration(cost.delay) for cost in shown],
                "excess": [amount(cost.excess) for cost in shown],
            }
        ),
        "mark": {
            "type": "line",
            "color": BLUE,
            "point": {"size": 14},
            "tooltip": told(("after", "after maturity"), ("excess", "KIBT burned too much"), timed=False),
        },
        "encoding": {
            "x": {"field": "hours", "type": "quantitative", "axis": {"title": "hours after maturity"}},
            "y": {"field": "excess", "type": "quantitative", "axis": titled("KIBT burned too much")},
        },
    }
    return Chart(
        "curve",
        f"{bond}: KIBT burned more than with an expiry at maturity, over {len(costs)} delays of the keeper, each from "
        "a history run again",
        spec,
    )


def _name(row: dict[str, Any]) -> str:
    return f"{row['category']} {row['bond_id']}"


def _positive(wei: Any) -> float | None:
    """A place on a logarithmic axis; None of nothing."""
    return None if wei is None or int(wei) <= 0 else int(wei) / 10**18
