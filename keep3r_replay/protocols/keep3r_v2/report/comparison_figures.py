"""Charts of a what-if: baseline and what-if over one another, so that where they agree one lies within the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.report.figures import MOST_POINTS
from keep3r_replay.protocols.keep3r_v2.report.series import thinned
from keep3r_replay.protocols.keep3r_v2.report.words import SIDES, STATUSES
from keep3r_replay.report.colours import PURPLE
from keep3r_replay.report.plot import (
    TIME,
    amount,
    amount_axis,
    axis_marks,
    coloured,
    moment,
    some,
    table,
    time_axis,
    told,
    zoom,
)

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.report.what_if_results import Comparison
    from keep3r_replay.report.plot import Spec

_WIDTHS = {"baseline": 3.4, "what_if": 1.4}
_SHAPES = {"reverted": "cross", "dropped": "triangle-down", "added": "triangle-up"}


def comparison_chart(comparison: Comparison, title: str, *, steps: bool) -> Spec:
    """Both sides over time, with the works that are not as they were on the axis, and the moment where they part.

    Args:
        comparison: what is drawn.
        title: of the vertical axis.
        steps: the amount stays what it is until the next point.
    """
    thin = {side: thinned(comparison.lines[side], MOST_POINTS) for side in SIDES}
    # A row a point of one side: the other side's column stays empty there, and is drawn over.
    points = sorted(
        (point.timestamp, place, side, point.total) for side in SIDES for place, point in enumerate(thin[side])
    )
    columns: dict[str, list[float | None]] = {TIME: [moment(time) for time, *_ in points]}
    for side, (words, _) in SIDES.items():
        columns[words] = [amount(total) if of == side else None for _, _, of, total in points]
    x = time_axis()
    shape = "step-after" if steps else "linear"
    colours = dict(SIDES.values())
    lines = [
        {
            "transform": [{"fold": [words], "as": ["side", "amount"]}, {"filter": "isValid(datum.amount)"}],
            "mark": {"type": "line", "interpolate": shape, "clip": True, "strokeWidth": _WIDTHS[side]},
            "encoding": {"x": x, "y": amount_axis("amount", title), "color": coloured("side", colours)},
        }
        for side, (words, _) in SIDES.items()
    ]
    lines[0]["params"] = [zoom()]
    return {
        "data": {"name": "curve", **table(columns)},
        "layer": [{"layer": lines}, *_parts(comparison, x), *_marks(comparison, x)],
        "resolve": {"scale": {"color": "independent", "shape": "independent"}},
        "usermeta": {"follow": list(colours), "back": True},
    }


def _parts(comparison: Comparison, x: Spec) -> list[Spec]:
    if comparison.parts_at is None:
        return []
    data = table({TIME: [moment(comparison.parts_at)], "what": ["the two part"]})
    mark = {"type": "rule", "color": PURPLE, "strokeDash": [3, 3], "strokeWidth": 1.6, "clip": True}
    return [{"data": data, "mark": {**mark, "tooltip": told(("what", "here"))}, "encoding": {"x": x}}]


def _marks(comparison: Comparison, x: Spec) -> list[Spec]:
    rows = [(time, status) for status in STATUSES for time in some(comparison.marks[status])]
    looks = {status: (colour, _SHAPES[status]) for status, colour in STATUSES.items()}
    return [axis_marks(rows, looks, x, "a work", size=60)] if rows else []
