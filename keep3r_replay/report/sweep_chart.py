"""A sweep's outcome over one or two of the settings it sweeps over, as a chart."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from keep3r_replay.report.charts import picture
from keep3r_replay.report.colours import series
from keep3r_replay.report.plot import amount as whole
from keep3r_replay.report.plot import amount_axis, coloured, told
from keep3r_replay.report.plot import table as rows_of
from keep3r_replay.report.sweep import PREFIX, baseline_of, outcome_words
from keep3r_replay.what_if.sweep.table import swept_names

if TYPE_CHECKING:
    import polars as pl

    from keep3r_replay.replay.rooms import WhatIfs
    from keep3r_replay.report.plot import Spec


def sweep_chart(table: pl.DataFrame, outcome: str, what_ifs: WhatIfs) -> bytes:
    """An SVG: `outcome` over the first setting swept over, a line for each combination of the others."""
    return picture(sweep_specification(table, outcome, what_ifs))


def sweep_specification(table: pl.DataFrame, outcome: str, what_ifs: WhatIfs) -> Spec:
    """What a sweep's chart is drawn from; where the history as it was has the outcome too, a dashed line stands there.

    Of a sweep over several histories there is a dashed line for each value that it has in one.
    """
    names = swept_names(table, what_ifs.measured)
    table = table.with_columns(_last_parts(table[name]) for name in names)
    done = table.filter(table["status"] == "done")
    lines: dict[str, list[tuple[str, float | None]]] = {}
    amount = str(table.schema[outcome]).startswith("Decimal")
    for row in done.iter_rows(named=True):
        rest = ", ".join(f"{name.removeprefix(PREFIX)}={row[name]}" for name in names[1:])
        value = row[outcome]
        if value is not None:
            lines.setdefault(rest, []).append((row[names[0]], whole(int(value)) if amount else float(value)))
    label = f"{outcome_words(outcome)}{f', {what_ifs.unit}' if amount else ''}"
    below = names[0].removeprefix(PREFIX).replace("_", " ") if names else ""
    before = baseline_of(table, outcome)
    known = [] if before is None else done[before].drop_nulls().unique().sort().to_list()
    marks = [mark for value in known if (mark := whole(int(value)) if amount else float(value)) is not None]
    return _specification(lines, label, below, marks)


def _specification(
    lines: dict[str, list[tuple[str, float | None]]], label: str, below: str, marks: list[float]
) -> Spec:
    numeric = all(_number(place) is not None for points in lines.values() for place, _ in points)
    rows = [
        (float(_number(place) or 0) if numeric else place, rest, value)
        for rest, points in lines.items()
        for place, value in points
    ]
    columns = {name: [row[at] for row in rows] for at, name in enumerate(("place", "rest", "value"))}
    kind = "quantitative" if numeric else "ordinal"
    encoding: Spec = {
        "x": {"field": "place", "type": kind, "scale": {"zero": False}, "axis": {"title": below, "labelAngle": 0}},
        "y": amount_axis("value", label),
    }
    if not numeric:
        encoding["x"] |= {"sort": None, "scale": {}}
    if len(lines) > 1:
        colours = series(list(lines))
        encoding |= {"color": coloured("rest", colours), "shape": {"field": "rest", "scale": {"domain": list(colours)}}}
    about = told(("place", below or "value"), ("rest", "others"), ("value", label), timed=False)
    drawn: Spec = {"mark": {"type": "line", "point": {"size": 50}, "tooltip": about}, "encoding": encoding}
    if not marks:
        return {"data": rows_of(columns), **drawn}
    dashed = [
        {"mark": {"type": "rule", "strokeDash": [6, 4]}, "encoding": {"y": {"datum": mark, "type": "quantitative"}}}
        for mark in marks
    ]
    return {"data": rows_of(columns), "layer": [drawn, *dashed]}


def _last_parts(values: pl.Series) -> pl.Series:
    """Folders and files by their last names, where those tell them apart: a chart has no room for paths."""
    short = values.str.split("/").list.last()
    return short if short.n_unique() == values.n_unique() and values.str.starts_with("/").any() else values


def _number(text: str) -> Fraction | None:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None
