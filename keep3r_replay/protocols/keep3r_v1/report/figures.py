"""Charts of a Keep3r V1 replay. Floats are for places on paper only: whole tokens, dates, gas."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from keep3r_replay.protocols.keep3r_v1.audit.classes import CLASSES
from keep3r_replay.replay.rooms import Chart
from keep3r_replay.report.drawing import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    NARROW,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    YELLOW,
    Size,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_POINTS = 2_000
"""Points of one line or cloud; of more, every n-th is drawn."""
ENTRY_POINTS_SHOWN = 20
_COLOURS = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, GREY, YELLOW, BLACK)
_MARKERS = "osD^vP*Xd"
_DATES = ["%Y", "%b %Y", "%d %b", "%H:%M", "%H:%M", "%H:%M:%S"]
_LOCATOR: Any = AutoDateLocator
_FORMATTER: Any = ConciseDateFormatter


def charts(works: pl.DataFrame, entry_points: pl.DataFrame) -> list[Chart]:
    """Every chart of these payments (works with amounts as Int128), those without anything to show left out."""
    in_kp3r = works.filter(~pl.col("class").is_in(["token", "eth"]))
    found = [
        ("payments by class", "KP3R paid so far, by what each payment was", in_kp3r, sums(in_kp3r, "class", CLASSES)),
        (
            "payments by helper",
            "KP3R paid so far, by the helper in force",
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
    drawn = [Chart(name, caption, draw) for name, caption, shown, draw in found if shown.height]
    if entry_points.height:
        caption = "Gas that exact works were paid for, by contract and function: least, median and most"
        drawn.insert(2, Chart("gas by entry point", caption, ranges(entry_points)))
    return drawn


def sums(works: pl.DataFrame, column: str, order: Sequence[str] = ()) -> Callable[[Any, Size], None]:
    """Running sums of payments over time, a line for each value of a column."""

    def draw(axes: Any, size: Size) -> None:
        names = [name for name in works[column].drop_nulls().unique(maintain_order=True) if name]
        names.sort(key=lambda name: (order.index(name) if name in order else len(order), name))
        for number, name in enumerate(names):
            own = works.filter(pl.col(column) == name)
            times, total, points = own["timestamp"].to_list(), 0, []
            for amount in own["payment"].to_list():
                total += amount
                points.append(total / 10**18)
            places = _some(len(points))
            colour, dashes = _COLOURS[number % len(_COLOURS)], "-" if number < len(_COLOURS) else "--"
            label = name.replace("_", " ")
            shown = [points[place] for place in places]
            axes.step([_when(times[place]) for place in places], shown, dashes, where="post", color=colour, label=label)
        axes.set_ylabel("KP3R")
        axes.set_yscale("log")  # one receipt may be worth more than all works
        _over_time(axes, size)

    return draw


def against(works: pl.DataFrame) -> Callable[[Any, Size], None]:
    """Payments against limits, on logarithmic axes."""

    def draw(axes: Any, size: Size) -> None:
        shown = works.filter((pl.col("limit_at_bound") > 0) & (pl.col("payment") > 0))
        names = [name for name in CLASSES if name in set(shown["class"])]
        for number, name in enumerate(names):
            own = shown.filter(pl.col("class") == name)
            places = _some(own.height)
            limits, payments = own["limit_at_bound"].to_list(), own["payment"].to_list()
            axes.plot(
                [limits[place] / 10**18 for place in places],
                [payments[place] / 10**18 for place in places],
                _MARKERS[number % len(_MARKERS)],
                color=_COLOURS[number % len(_COLOURS)],
                markersize=3.5,
                label=name.replace("_", " "),
                linestyle="none",
            )
        ends = [
            value / 10**18
            for name in ("limit_at_bound", "payment")
            for value in (shown[name].min(), shown[name].max())
            if isinstance(value, int)
        ]
        axes.set_xscale("log")
        axes.set_yscale("log")
        if ends:
            axes.plot([min(ends), max(ends)], [min(ends), max(ends)], "-", color=GREY, linewidth=0.8)
        axes.set_xlabel("limit, KP3R")
        axes.set_ylabel("payment, KP3R")
        _legend(axes, size)

    return draw


def prices(works: pl.DataFrame) -> Callable[[Any, Size], None]:
    """What the oracle says beside what the reserves say."""

    def draw(axes: Any, size: Size) -> None:
        shown = works.filter(pl.col("oracle_price").is_not_null() & pl.col("spot_price").is_not_null())
        places, times = _some(shown.height), shown["timestamp"].to_list()
        for label, name, marker, colour in (("oracle", "oracle_price", "o", BLUE), ("spot", "spot_price", "D", ORANGE)):
            values = shown[name].to_list()
            axes.plot(
                [_when(times[place]) for place in places],
                [values[place] / 10**18 for place in places],
                marker,
                color=colour,
                markersize=3,
                label=label,
                linestyle="none",
            )
        axes.set_ylabel("KP3R for one WETH")
        _over_time(axes, size)

    return draw


def ranges(entry_points: pl.DataFrame) -> Callable[[Any, Size], None]:
    """Least, median and most gas, a line for each entry point; those with most works first."""

    def draw(axes: Any, size: Size) -> None:
        shown = entry_points.sort("works", "transaction_to", "selector", descending=[True, False, False])
        rows = shown.head(ENTRY_POINTS_SHOWN).rows(named=True)
        for place, row in enumerate(rows):
            least, median, most = (int(row[name]) for name in ("least_gas", "median_gas", "most_gas"))
            axes.plot([least, most], [place, place], "-", color=GREY, linewidth=2)
            axes.plot([median], [place], "o", color=BLUE, markersize=5)
        labels = [f"{(row['transaction_to'] or '')[:6]}… {row['selector']}, {row['works']:,}" for row in rows]
        axes.set_yticks(range(len(rows)), labels if size != NARROW else [label.split(",")[0] for label in labels])
        axes.tick_params(axis="y", labelsize=7.5, pad=-4, labelright=False)
        for label in axes.get_yticklabels():
            label.set_horizontalalignment("left")
        axes.set_xscale("log")
        # Names stand inside the axes, left of the smallest gas.
        axes.set_xlim(left=max(1, min(int(row["least_gas"]) for row in rows)) / 20)
        axes.set_xlabel("gas")
        axes.invert_yaxis()

    return draw


def _when(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _some(count: int) -> range:
    """Places of the points that are drawn of so many, the last one always."""
    step = -(-count // MOST_POINTS) or 1
    return range((count - 1) % step if count else 0, count, step)


def _over_time(axes: Any, size: Size) -> None:
    locator = _LOCATOR(minticks=3, maxticks=5 if size == NARROW else 9, tz=UTC)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(_FORMATTER(locator, tz=UTC, formats=_DATES, zero_formats=_DATES))
    axes.margins(x=0.01)
    _legend(axes, size)


def _legend(axes: Any, size: Size) -> None:
    columns = 3 if size == NARROW else 6
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=columns, columnspacing=1.0, handletextpad=0.5)
