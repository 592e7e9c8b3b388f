"""Charts of a Keep3r V1 replay: specifications of Vega-Lite, amounts in whole tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.protocols.keep3r_v1.audit.classes import CLASSES
from keep3r_replay.replay.rooms import Chart
from keep3r_replay.report.colours import AMBER, BLUE, GREY, series
from keep3r_replay.report.html import shortened
from keep3r_replay.report.plot import (
    TIME,
    amount,
    amount_axis,
    around,
    by_powers,
    coloured,
    moment,
    table,
    time_axis,
    told,
    zoom,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.report.plot import Spec

MOST_POINTS = 800
"""Points of one line or cloud; of more, every n-th is drawn."""
ENTRY_POINTS_SHOWN = 20


def charts(works: pl.DataFrame, entry_points: pl.DataFrame) -> list[Chart]:
    """Every chart of these payments (works with amounts as Int128), those without anything to show left out."""
    in_kp3r = works.filter(~pl.col("class").is_in(["token", "eth"]))
    found = [
        (
            "payments by class",
            "KP3R paid so far, by what each payment was; the axis grows by powers of ten",
            in_kp3r,
            sums(in_kp3r, "class", CLASSES),
        ),
        (
            "payments by helper",
            "KP3R paid so far, by the helper in force; the axis grows by powers of ten",
            in_kp3r.filter(pl.col("helper_version").is_not_null()),
            sums(in_kp3r, "helper_version"),
        ),
        (
            "limit and payment",
            "Each payment against the limit of the largest plausible gas, in KP3R; on the line both are equal",
            in_kp3r.filter(pl.col("limit_at_bound") > 0),
            against(in_kp3r),
        ),
        (
            "oracle and spot",
            "KP3R for one WETH: by the oracle that the payment's helper asks, and by the pair's reserves then",
            in_kp3r.filter(pl.col("oracle_price").is_not_null() & pl.col("spot_price").is_not_null()),
            prices(in_kp3r),
        ),
    ]
    drawn = [Chart(name, caption, specification) for name, caption, shown, specification in found if shown.height]
    if entry_points.height:
        caption = "Gas that exact works were paid for, by contract and function: least, median and most"
        drawn.insert(2, Chart("gas by entry point", caption, ranges(entry_points)))
    return drawn


def sums(works: pl.DataFrame, column: str, order: Sequence[str] = ()) -> Spec:
    """Running sums of payments over time, a line for each value of a column, from nothing to the last payment of all.

    One may be worth all others, so the axis grows by powers of ten; unlike a logarithmic one it has a zero.
    """
    names = [name for name in works[column].drop_nulls().unique(maintain_order=True) if name]
    names.sort(key=lambda name: (order.index(name) if name in order else len(order), name))
    rows: list[tuple[int, str, float | None]] = []
    end = max(works["timestamp"].to_list(), default=0)
    for name in names:
        own = works.filter(pl.col(column) == name)
        said, total, points = name.replace("_", " "), 0, []
        for time, paid in own.select("timestamp", "payment").iter_rows():
            total += paid
            points.append((moment(time), said, amount(total)))
        rows += [(points[0][0], said, 0.0), *(points[place] for place in _some(len(points)))]
        rows.append((moment(end), said, amount(total)))
    colours = series([name.replace("_", " ") for name in names])
    return {
        "data": table(dict(zip((TIME, "what", "paid"), _columns(rows, 3), strict=True))),
        "params": [zoom()],
        "mark": {
            "type": "line",
            "interpolate": "step-after",
            "clip": True,
            "point": {"size": 14},
            "tooltip": told(("what", "what"), ("paid", "paid so far, KP3R")),
        },
        "encoding": {
            "x": time_axis(),
            "y": by_powers("paid", "paid so far, KP3R", [paid or 0.0 for _, _, paid in rows]),
            "color": coloured("what", colours),
        },
    }


def against(works: pl.DataFrame) -> Spec:
    """Payments against limits, on logarithmic axes; on the line both are equal."""
    shown = works.filter((pl.col("limit_at_bound") > 0) & (pl.col("payment") > 0))
    rows: list[tuple[str, float | None, float | None, int]] = []
    for name in [name for name in CLASSES if name in set(shown["class"])]:
        own = shown.filter(pl.col("class") == name).select("limit_at_bound", "payment", "block_number").rows()
        rows += [
            (name.replace("_", " "), amount(limit), amount(paid), block)
            for limit, paid, block in (own[place] for place in _some(len(own)))
            if amount(limit) and amount(paid)
        ]
    names = list(dict.fromkeys(name for name, *_ in rows))
    values = sorted(value for row in rows for value in row[1:3] if value)
    ends = [values[0], values[-1]] if values else []
    logarithmic = {"type": "quantitative", "scale": {"type": "log"}}
    about = told(("what", "what"), ("limit", "limit, KP3R"), ("paid", "paid, KP3R"), ("block", "block"), timed=False)
    columns = dict(zip(("what", "limit", "paid", "block"), _columns(rows, 4), strict=True))
    return {
        "layer": [
            {
                "data": table({"limit": ends, "paid": ends}),
                "mark": {"type": "line", "color": GREY, "strokeWidth": 1},
                "encoding": {"x": {"field": "limit", **logarithmic}, "y": {"field": "paid", **logarithmic}},
            },
            {
                "data": table(columns),
                "mark": {"type": "point", "size": 26, "tooltip": about},
                "encoding": {
                    "x": {"field": "limit", **logarithmic, "axis": {"title": "limit, KP3R"}},
                    "y": amount_axis("paid", "payment, KP3R", type="log"),
                    "color": coloured("what", series(names)),
                    "shape": {"field": "what", "scale": {"domain": names}},
                },
            },
        ]
    }


def prices(works: pl.DataFrame) -> Spec:
    """What the oracle says beside what the reserves say."""
    shown = works.filter(pl.col("oracle_price").is_not_null() & pl.col("spot_price").is_not_null())
    columns = shown.select("timestamp", "oracle_price", "spot_price").rows()
    picked = [columns[place] for place in _some(len(columns))]
    colours = {"the oracle": BLUE, "the reserves": AMBER}
    rows = [
        (moment(time), what, amount(value))
        for time, *values in picked
        for what, value in zip(colours, values, strict=True)
    ]
    return {
        "data": table(dict(zip((TIME, "by", "price"), _columns(rows, 3), strict=True))),
        "params": [zoom()],
        "mark": {
            "type": "point",
            "size": 20,
            "clip": True,
            "tooltip": told(("by", "by"), ("price", "KP3R for a WETH")),
        },
        "encoding": {
            "x": time_axis(),
            "y": amount_axis(
                "price", "KP3R for one WETH", zero=False, **around([price for *_, price in rows if price])
            ),
            "color": coloured("by", colours),
            "shape": {"field": "by", "scale": {"domain": list(colours)}},
        },
    }


def ranges(entry_points: pl.DataFrame) -> Spec:
    """Least, median and most gas, a line for each entry point; those with most works first."""
    shown = entry_points.sort("works", "transaction_to", "selector", descending=[True, False, False])
    rows = [
        (
            f"{shortened(row['transaction_to'] or '')} {row['selector']}",
            *(int(row[name]) for name in ("least_gas", "median_gas", "most_gas")),
            row["works"],
        )
        for row in shown.head(ENTRY_POINTS_SHOWN).rows(named=True)
    ]
    columns = dict(zip(("point", "least", "median", "most", "works"), _columns(rows, 5), strict=True))
    about = told(
        *(("point", "entry point"), ("works", "works"), ("least", "least gas"), ("median", "median"), ("most", "most")),
        timed=False,
    )
    y = {"field": "point", "type": "ordinal", "sort": None, "axis": {"title": None, "minExtent": 150}}
    gas = {"type": "quantitative", "scale": {"type": "log"}}
    return {
        "data": table(columns),
        "height": 24 * max(len(rows), 1),
        "layer": [
            {
                "mark": {"type": "rule", "color": GREY, "strokeWidth": 3, "tooltip": about},
                "encoding": {"y": y, "x": {"field": "least", **gas, "axis": {"title": "gas"}}, "x2": {"field": "most"}},
            },
            {
                "mark": {"type": "point", "color": BLUE, "size": 60, "tooltip": about},
                "encoding": {"y": y, "x": {"field": "median", **gas}},
            },
        ],
    }


def _columns(rows: Sequence[Sequence[object]], count: int) -> list[list[object]]:
    return [[row[place] for row in rows] for place in range(count)]


def _some(count: int) -> range:
    """Places of the points that are drawn of so many, the last one always."""
    step = -(-count // MOST_POINTS) or 1
    return range((count - 1) % step if count else 0, count, step)
