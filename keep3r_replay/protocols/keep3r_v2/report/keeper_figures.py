"""Charts of keepers: pairs of bars, and what one earned over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.report.figures import MOST_POINTS, lines
from keep3r_replay.protocols.keep3r_v2.report.words import EARNED, GAS, KEEPERS
from keep3r_replay.report.html import shortened
from keep3r_replay.report.plot import TIME, amount, amount_axis, coloured, moment, table, time_axis, told, zoom

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.report.plot import Spec


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


def earned_chart(works: Sequence[tuple[int, int, int]]) -> Spec:
    """A keeper's running sums: of each work its time in seconds, its worth and its gas in wei."""
    worth = gas = 0
    rows = []
    for time, earned, paid in works:
        worth, gas = worth + earned, gas + paid
        rows.append((moment(time), amount(worth), amount(gas)))
    step = -(-len(rows) // MOST_POINTS) or 1
    shown = rows[(len(rows) - 1) % step :: step]
    columns = {name: [row[place] for row in shown] for place, name in enumerate((TIME, EARNED, GAS))}
    drawn = lines([EARNED, GAS], KEEPERS, time_axis(), "step-after")
    drawn["encoding"]["y"] = amount_axis("amount", "so far, ETH")
    return {
        "data": {"name": "curve", **table(columns)},
        "params": [zoom()],
        **drawn,
        "usermeta": {"follow": [EARNED, GAS]},
    }
