"""A sweep's outcome over one or two of the settings it sweeps over, as a chart."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from keep3r_replay.report.drawing import BLUE, GREEN, NARROW, ORANGE, PURPLE, SKY, VERMILLION, WIDE, picture
from keep3r_replay.report.sweep import PREFIX
from keep3r_replay.what_if.sweep.table import swept_names

if TYPE_CHECKING:
    import polars as pl

    from keep3r_replay.replay.rooms import WhatIfs

_COLOURS = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY)
_MARKS = "osD^vX"


def sweep_chart(table: pl.DataFrame, outcome: str, what_ifs: WhatIfs) -> bytes:
    """An SVG: `outcome` over the first setting swept over, a line for each combination of the others."""
    names = swept_names(table, what_ifs.measured)
    table = table.with_columns(_last_parts(table[name]) for name in names)
    done = table.filter(table["status"] == "done")
    lines: dict[str, list[tuple[str, float]]] = {}
    amount = str(table.schema[outcome]).startswith("Decimal")
    for row in done.iter_rows(named=True):
        rest = ", ".join(f"{name.removeprefix(PREFIX)}={row[name]}" for name in names[1:])
        value = row[outcome]
        if value is not None:
            lines.setdefault(rest, []).append((row[names[0]], float(value) / (10**18 if amount else 1)))
    label = f"{outcome.replace('_', ' ')}{f', {what_ifs.unit}' if amount else ''}"

    def draw(axes: Any, size: tuple[float, float]) -> None:
        numeric = all(_number(place) is not None for points in lines.values() for place, _ in points)
        for number, (rest, points) in enumerate(lines.items()):
            pairs = [(float(_number(place) or 0) if numeric else place, value) for place, value in points]
            if numeric:
                pairs.sort()
            colour, mark = _COLOURS[number % len(_COLOURS)], _MARKS[number % len(_MARKS)]
            axes.plot(*zip(*pairs, strict=True), color=colour, marker=mark, markersize=4, label=rest or None)
        axes.set_xlabel(names[0].removeprefix(PREFIX).replace("_", " ") if names else "")
        axes.set_title(label, loc="left", fontsize=10, pad=22 if len(names) > 1 else 6)
        if len(names) > 1 and lines:
            place = {"loc": "lower left", "bbox_to_anchor": (-0.02, 1.0), "ncols": 2 if size == NARROW else 4}
            axes.legend(**place)

    return picture(draw, WIDE, f"sweep-{outcome}")


def _last_parts(values: pl.Series) -> pl.Series:
    """Folders and files by their last names, where those tell them apart: a chart has no room for paths."""
    short = values.str.split("/").list.last()
    return short if short.n_unique() == values.n_unique() and values.str.starts_with("/").any() else values


def _number(text: str) -> Fraction | None:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None
