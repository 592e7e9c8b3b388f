"""Charts of a job's ledger: its last periods from opening to closing, and what was used and lost in each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.protocols.keep3r_v2.report.words import LEDGER
from keep3r_replay.report.colours import INK
from keep3r_replay.report.plot import TIME, amount, amount_axis, coloured, moment, table, time_axis, told, zoom
from keep3r_replay.report.times import date

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.report.plot import Spec

_PERIODS_SHOWN = 10


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
