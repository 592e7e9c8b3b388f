"""Charts of the report: specifications of Vega-Lite made of results, amounts in whole tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.protocols.keep3r_v2.report.series import thinned
from keep3r_replay.protocols.keep3r_v2.report.words import (
    CREDITS,
    LEDGER,
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
    coloured,
    moment,
    some,
    table,
    time_axis,
    told,
    zoom,
)
from keep3r_replay.report.times import date

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.protocols.keep3r_v2.report.series import Series
    from keep3r_replay.report.plot import Spec

MOST_POINTS = 1_200
_PERIODS_SHOWN = 10
_SHAPES = {"works": "circle", "rewards": "diamond", "period starts": "stroke"}
_AXIS_MARKS = {"works": BLUE, "rewards": VERMILLION, "period starts": INK}
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
    lines = [
        _lines(names, colours, x, shape) for names, shape in ((sloped, "linear"), (stepped, "step-after")) if names
    ]
    if lines:
        lines[0]["params"] = [zoom()]
    above: Spec = {
        "data": data,
        "layer": [{"layer": lines}, _axis_marks(series, ends, x, with_works=payments is None)],
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


def _lines(names: Sequence[str], colours: Mapping[str, str], x: Spec, interpolate: str) -> Spec:
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
    rows = [(moment(time), name) for name, times in shown.items() for time in times]
    kinds = [name for name, times in shown.items() if times]
    return {
        "data": table({TIME: [time for time, _ in rows], "mark": [name for _, name in rows]}),
        "mark": {"type": "point", "clip": True, "filled": False, "strokeWidth": 1.6, "tooltip": told(("mark", "what"))},
        "encoding": {
            "x": x,
            "y": {"datum": 0, "type": "quantitative"},
            "color": coloured("mark", {name: _AXIS_MARKS[name] for name in kinds}),
            "shape": {
                "field": "mark",
                "type": "nominal",
                "scale": {"domain": kinds, "range": [_SHAPES[name] for name in kinds]},
                "legend": {"title": None},
            },
        },
    }


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


def waterfall_chart(periods: Sequence[dict[str, Any]]) -> Spec:
    """The last periods' ledger from opening to closing: every bar starts where the one before ends."""
    rows: list[tuple[str, str, float | None, float | None, float | None]] = []
    closings: list[tuple[str, float | None]] = []
    kinds: dict[str, str] = {}
    for period in periods[-_PERIODS_SHOWN:]:
        label, running = date(period["begins_at"]), period["opening"]
        for kind, (words, colour) in LEDGER.items():
            if period[kind]:
                after = running + period[kind]
                rows.append((label, words, amount(running), amount(after), amount(period[kind])))
                kinds[words] = colour
                running = after
        closings.append((label, amount(running)))
    kinds = {words: colour for words, colour in LEDGER.values() if words in kinds}
    names = ("period", "kind", "from", "to", "amount")
    columns = (
        dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)) if rows else {name: [] for name in names}
    )
    about = told(("period", "period from"), ("kind", "what"), ("amount", "KP3R"), timed=False)
    left = told(("period", "period from"), ("left", "left, KP3R"), timed=False)
    x = {"field": "period", "type": "ordinal", "axis": {"title": None, "labelAngle": 0}}
    return {
        "layer": [
            {
                "data": table(columns),
                "mark": {"type": "bar", "tooltip": about},
                "encoding": {
                    "x": x,
                    "xOffset": {"field": "kind", "sort": list(kinds)},
                    "y": amount_axis("from", "credits, KP3R"),
                    "y2": {"field": "to"},
                    "color": coloured("kind", kinds),
                },
            },
            {
                "data": table({"period": [at for at, _ in closings], "left": [left for _, left in closings]}),
                "mark": {"type": "tick", "color": INK, "thickness": 2, "tooltip": left},
                "encoding": {"x": x, "y": {"field": "left", "type": "quantitative"}},
            },
        ]
    }


def waste_chart(periods: Sequence[dict[str, Any]], documented: dict[int, int]) -> Spec:
    """What was used and what was lost in each period; diamonds show what the documented rule would have expired."""
    rows = []
    for period in periods:
        floor = 0
        for kind in ("spent", "expired", "capped"):
            top = floor - period[kind]
            ends = moment(period["begins_at"]), moment(period["ends_at"])
            rows.append((*ends, LEDGER[kind][0], amount(floor), amount(top), amount(-period[kind])))
            floor = top
    names = (TIME, "until", "kind", "from", "to", "amount")
    columns = (
        dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)) if rows else {name: [] for name in names}
    )
    kinds = dict(LEDGER[kind] for kind in ("spent", "expired", "capped"))
    manual: dict[str, list[float | None]] = {
        TIME: [moment((period["begins_at"] + period["ends_at"]) / 2) for period in periods],
        "amount": [amount(-documented.get(period["begins_at"], 0)) for period in periods],
    }
    x = time_axis()
    y = amount_axis("from", "KP3R a period")
    return {
        "layer": [
            {
                "data": table(columns),
                "params": [zoom()],
                "mark": {"type": "bar", "clip": True, "tooltip": told(("kind", "what"), ("amount", "KP3R"))},
                "encoding": {
                    "x": x,
                    "x2": {"field": "until"},
                    "y": y,
                    "y2": {"field": "to"},
                    "color": coloured("kind", kinds),
                },
            },
            {
                "data": table(manual),
                "mark": {
                    "type": "point",
                    "shape": "diamond",
                    "filled": False,
                    "clip": True,
                    "color": INK,
                    "size": 40,
                    "tooltip": told(("amount", "expired by the manual's rule, KP3R")),
                },
                "encoding": {"x": x, "y": {"field": "amount", "type": "quantitative"}},
            },
        ]
    }


def pairs_chart(names: Sequence[str], pairs: Mapping[str, tuple[Sequence[int], str]], unit: str) -> Spec:
    """For each name two bars, one above the other.

    Args:
        names: addresses, in the order in which they stand.
        pairs: by what a bar shows, its amounts in wei and its colour.
        unit: of the axis.
    """
    who = [shortened(name) for name in names]
    rows = [
        (shown, what, amount(wei))
        for what, (values, _) in pairs.items()
        for shown, wei in zip(who, values, strict=True)
    ]
    columns = {key: [row[place] for row in rows] for place, key in enumerate(("who", "what", "amount"))}
    colours = {what: colour for what, (_, colour) in pairs.items()}
    about = told(("who", "keeper"), ("what", "what"), ("amount", unit), timed=False)
    return {
        "data": table(columns),
        "height": 34 * len(names),
        "mark": {"type": "bar", "tooltip": about},
        "encoding": {
            "y": {"field": "who", "type": "ordinal", "sort": None, "axis": {"title": None, "minExtent": 92}},
            "yOffset": {"field": "what", "sort": list(pairs)},
            "x": {"field": "amount", "type": "quantitative", "axis": {"title": unit, "grid": True}},
            "color": coloured("what", colours),
        },
    }
