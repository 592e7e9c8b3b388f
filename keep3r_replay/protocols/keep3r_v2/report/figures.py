"""Charts of the report: specifications of Vega-Lite made of results, amounts in whole tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.keep3r_v2.report.series import thinned
from keep3r_replay.protocols.keep3r_v2.report.words import (
    CREDITS,
    PAYMENTS,
    PERIOD,
    REVALUED,
    STORED,
    TOTAL,
)
from keep3r_replay.report.colours import BLUE, INK, VERMILLION
from keep3r_replay.report.html import shortened
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
    from collections.abc import Mapping, Sequence

    from keep3r_replay.protocols.keep3r_v2.report.series import Series
    from keep3r_replay.report.plot import Spec

MOST_POINTS = 1_200
_AXIS_MARKS = {
    "works": (BLUE, "circle"),
    "rewards": (VERMILLION, "diamond"),
    "period starts": (INK, "stroke"),
}
_BELOW_HEIGHT = 110


class Payment(NamedTuple):
    """A work's payment on a chart: seconds, wei, how it is explained, and by whom and where."""

    timestamp: int
    wei: int
    kind: str
    keeper: str
    block: int


def credits_chart(series: Series, payments: Sequence[Payment] | None = None) -> Spec:
    """Credits over time, in storage and as the views answer; below, on the same axis of time, what works were paid.

    Args:
        series: the job's curve, works, rewards and period starts.
        payments: of its works, those in KP3R; None: works are marks on the axis.
    """
    points = thinned(series.points, MOST_POINTS)
    ends = (points[0].timestamp, points[-1].timestamp) if points else (0, 1)
    columns = {
        STORED: [point.stored for point in points],
        REVALUED: [point.liquidity for point in points],
        TOTAL: [point.total for point in points],
        PERIOD: [point.period for point in points],
    }
    known = {name: values for name, values in columns.items() if any(value is not None for value in values)}
    times = [moment(point.timestamp) for point in points]
    data = {"name": "curve", **table({TIME: times, **{name: list(map(amount, known[name])) for name in known}})}
    colours = {name: CREDITS[name] for name in known}
    stepped = [name for name in known if name in {STORED, PERIOD}]
    sloped = [name for name in known if name not in stepped]
    x = time_axis(labels=not payments)
    layers = [
        lines(names, colours, x, shape) for names, shape in ((sloped, "linear"), (stepped, "step-after")) if names
    ]
    if layers:
        layers[0]["params"] = [zoom()]
    above: Spec = {
        "data": data,
        "layer": [{"layer": layers}, _axis_marks(series, ends, x, with_works=payments is None)],
        "resolve": {"scale": {"shape": "independent", "color": "independent"}},
    }
    meta = {"usermeta": {"follow": list(known)}}
    if not payments:
        return {**above, **meta}
    return {
        "vconcat": [above, _payments_view(payments, time_axis())],
        "resolve": {"scale": {"x": "shared", "color": "independent"}},
        "spacing": 14,
        **meta,
    }


def lines(names: Sequence[str], colours: Mapping[str, str], x: Spec, interpolate: str) -> Spec:
    """Lines of some columns of the curve, drawn as one layer."""
    what, many = "what", "amount"
    return {
        "transform": [{"fold": list(names), "as": [what, many]}],
        "mark": {"type": "line", "interpolate": interpolate, "clip": True},
        "encoding": {"x": x, "y": amount_axis(many, "credits, KP3R"), "color": coloured(what, colours)},
    }


def _axis_marks(series: Series, ends: tuple[int, int], x: Spec, *, with_works: bool) -> Spec:
    """Rewards, period starts and, where their payments are not drawn, works: marks on the axis."""
    shown = {
        "works": some(series.works) if with_works else [],
        "rewards": some(series.rewards),
        "period starts": [time for time in series.periods if ends[0] <= time <= ends[1]],
    }
    rows = [(time, name) for name, times in shown.items() for time in times]
    return axis_marks(rows, _AXIS_MARKS, x, "what", filled=False, strokeWidth=1.6)


def _payments_view(payments: Sequence[Payment], x: Spec) -> Spec:
    shown = _largest(payments)
    kinds = {kind: colour for kind, colour in PAYMENTS.items() if any(each.kind == kind for each in shown)}
    data = table(
        {
            TIME: [moment(each.timestamp) for each in shown],
            "paid": [amount(each.wei) for each in shown],
            "kind": [each.kind for each in shown],
            "keeper": [shortened(each.keeper) for each in shown],
            "block": [each.block for each in shown],
        },
    )
    about = told(("paid", "paid, KP3R"), ("kind", "how"), ("keeper", "keeper"), ("block", "block"))
    encoding = {"x": x, "y": amount_axis("paid", "each work's payment, KP3R")}
    return {
        "data": data,
        "height": _BELOW_HEIGHT,
        "layer": [
            {
                "mark": {"type": "point", "clip": True, "size": 34, "opacity": 0.85, "tooltip": about},
                "encoding": {**encoding, "color": coloured("kind", kinds)},
            }
        ],
    }


def _largest(payments: Sequence[Payment]) -> list[Payment]:
    """All payments, or of a crowd the largest of each stretch and every own amount."""
    most = MOST_POINTS // 2
    if len(payments) <= most:
        return list(payments)
    stretch = -(-len(payments) // most)
    return [
        max(payments[start : start + stretch], key=lambda each: each.wei) for start in range(0, len(payments), stretch)
    ]
