"""Charts as specifications of Vega-Lite: one for the page, for SVG and for PNG.

A specification says no width: the page and the files fit it to theirs (`charts.fitted`, and `fitted` in charts.js).
Floats are for places on paper only: what a page says in words and tables is made of whole numbers.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from keep3r_replay.report.amounts import decimal
from keep3r_replay.report.colours import INK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Spec = dict[str, Any]
"""A piece of a specification."""

TIME = "time"
"""The column of times, in milliseconds, and the field that zooming narrows."""
HEIGHT = 260
_PLACES = 6
_ONE = 10**18
_MOST_MARKS = 400

CONFIG: Spec = {
    "aria": False,
    "background": None,
    "font": "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif",
    "view": {"stroke": None},
    "axis": {
        **dict.fromkeys(("labelColor", "titleColor", "domainColor", "tickColor", "gridColor"), INK),
        "gridOpacity": 0.14,
        "domainOpacity": 0.6,
        "tickOpacity": 0.6,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelLimit": 0,
    },
    "axisX": {"grid": False, "labelFlush": True, "labelOverlap": True, "labelBound": True},
    "legend": {
        "orient": "top",
        "title": None,
        "labelColor": INK,
        "labelFontSize": 12,
        "labelLimit": 0,
        "symbolStrokeWidth": 2.5,
        "symbolSize": 90,
        "rowPadding": 3,
        "offset": 28,
        "columnPadding": 14,
    },
    "line": {"strokeWidth": 1.8},
    "point": {"filled": True, "opacity": 1},
    "rule": {"color": INK},
}
"""Of every chart: letters of 12 pixels in the page's ink, legends above in one or more lines."""


def amount(wei: int | None, unit: int = _ONE) -> float | None:
    """An amount in whole tokens, six decimals, for a place on an axis; None where it is not known."""
    return None if wei is None else float(decimal(wei, unit, _PLACES).replace(",", ""))


def moment(seconds: float) -> int:
    """A time on an axis."""
    return int(seconds * 1000)


def table(columns: Mapping[str, Sequence[object]]) -> Spec:
    """Rows for a chart, column by column: numbers and words, None where nothing is known.

    Columns are fields of Vega-Lite: their names hold no quote, dot or bracket.
    """
    assert not any(sign in name for name in columns for sign in "'\"[].\\")
    return {"columns": {name: list(values) for name, values in columns.items()}}


def rows(data: Spec) -> Spec:
    """The same as rows, which is what Vega-Lite reads; charts.js does so on a page, which would be twice as large."""
    rest = {name: value for name, value in data.items() if name != "columns"}
    names = list(data["columns"])
    listed = zip(*data["columns"].values(), strict=True)
    return {**rest, "values": [dict(zip(names, row, strict=True)) for row in listed]}


def time_axis(*, labels: bool = True) -> Spec:
    """The horizontal axis of dates, UTC; `labels` False where another chart below has them."""
    axis = {"title": None, "labels": labels}
    return {"field": TIME, "type": "temporal", "scale": {"type": "utc"}, "axis": axis}


def amount_axis(field: str, title: str, **scale: object) -> Spec:
    """The vertical axis of amounts, its title above it; from zero, but for a logarithmic one, which has none."""
    zero = {} if scale.get("type") == "log" else {"zero": True}
    return {
        "field": field,
        "type": "quantitative",
        "scale": {**zero, "nice": True, **scale},
        "axis": titled(title),
    }


def by_powers(field: str, title: str, values: Sequence[float]) -> Spec:
    """An axis of amounts that grows by powers of ten and begins at zero, for what is small beside what is large.

    Args:
        field: of the data.
        title: with the unit.
        values: all that are drawn, none below zero: the least above zero, or a millionth of the most, is one step.
    """
    most = max(values, default=0.0) or 1.0
    least = max(min((value for value in values if value > 0), default=most), most / 1e6)
    powers = [10.0**power for power in range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)]
    scale = {"type": "symlog", "constant": powers[0], "domain": [0, max(most, powers[-1])]}
    axis = titled(title) | {"values": [0, *powers], "format": ",.6~f"}
    return {"field": field, "type": "quantitative", "scale": scale, "axis": axis}


def around(values: Sequence[float]) -> Spec:
    """The domain of an axis of what hardly changes: a hundredth to both sides, so that noise looks like none."""
    if not values or max(values) - min(values) > max(values) / 50:
        return {}
    middle = (max(values) + min(values)) / 2
    return {"domain": [middle * 0.98, middle * 1.02], "clamp": False}


def titled(title: str) -> Spec:
    """A vertical axis whose title stands above it, to be read without a tilted head, and whose width is always one."""
    above = {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleX": -46, "titleY": -9}
    return {"title": title, **above, "minExtent": 46, "maxExtent": 46, "tickCount": 5}


def coloured(field: str, colours: Mapping[str, str], **legend: object) -> Spec:
    """A thing's colour by its name; the legend shows them in this order."""
    scale = {"domain": list(colours), "range": list(colours.values())}
    return {"field": field, "type": "nominal", "scale": scale, "legend": {"title": None, **legend}}


def told(*fields: tuple[str, str], timed: bool = True) -> Spec:
    """What is said where a pointer rests: the time, then fields with their titles."""
    when = [f"'UTC': utcFormat(datum.{TIME}, '%Y-%m-%d %H:%M')"] if timed else []
    rest = [f"{json.dumps(title)}: datum[{json.dumps(field)}]" for field, title in fields]
    return {"expr": f"{{{', '.join([*when, *rest])}}}"}


def zoom() -> Spec:
    """Zooming along the time: by dragging, by the wheel with Ctrl, by the buttons of the page."""
    wheel = "wheel![event.ctrlKey || event.metaKey]"
    return {"name": "zoom", "bind": "scales", "select": {"type": "interval", "encodings": ["x"], "zoom": wheel}}


def some(times: Sequence[int]) -> list[int]:
    """Marks that the eye can separate: of a crowd every n-th."""
    unique = sorted(set(times))
    return unique[:: -(-len(unique) // _MOST_MARKS) or 1]


def axis_marks(
    rows: Sequence[tuple[int, str]], looks: Mapping[str, tuple[str, str]], x: Spec, said: str, **mark: object
) -> Spec:
    """Marks on the axis of time, each kind with a colour and a shape of its own, and a legend of those that there are.

    Args:
        rows: seconds and kind of each.
        looks: colour and shape by kind, in the order of the legend.
        x: the axis of time that they stand on.
        said: what a kind is called where a pointer rests.
        mark: how a mark is drawn, beside that.
    """
    kinds = [kind for kind in looks if any(kind == each for _, each in rows)]
    shapes = {"domain": kinds, "range": [looks[kind][1] for kind in kinds]}
    return {
        "data": table({TIME: [moment(time) for time, _ in rows], "mark": [kind for _, kind in rows]}),
        "mark": {"type": "point", "clip": True, "tooltip": told(("mark", said)), **mark},
        "encoding": {
            "x": x,
            "y": {"datum": 0, "type": "quantitative"},
            "color": coloured("mark", {kind: looks[kind][0] for kind in kinds}),
            "shape": {"field": "mark", "type": "nominal", "scale": shapes, "legend": {"title": None}},
        },
    }
