"""Charts of the report. Floats are for axes only: whole tokens and dates."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from keep3r_replay.protocols.keep3r_v2.report.series import thinned
from keep3r_replay.report.drawing import BLACK, BLUE, GREEN, GREY, NARROW, ORANGE, PURPLE, SKY, VERMILLION, YELLOW

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keep3r_replay.protocols.keep3r_v2.report.series import Series
    from keep3r_replay.report.drawing import Size

MOST_POINTS = 2_000
_MOST_MARKS = 400
LEDGER_COLOURS = {
    "minted": GREEN,
    "forced": YELLOW,
    "migrated": SKY,
    "repriced": GREY,
    "adopted": BLACK,
    "spent": BLUE,
    "expired": VERMILLION,
    "capped": ORANGE,
    "removed": PURPLE,
}
"""Kinds of a period's entries, in the order in which a waterfall shows them."""

_DATES = ["%Y", "%b %Y", "%d %b", "%H:%M", "%H:%M", "%H:%M:%S"]
_YEARS = ["", "", "%Y", "%d %b %Y", "%d %b %Y", "%d %b %Y"]
"""How ticks of years, months, days, hours, minutes and seconds are written, and what stands beside the axis."""
_LOCATOR: Any = AutoDateLocator
_FORMATTER: Any = ConciseDateFormatter


def when(seconds: float) -> datetime:
    """A time on an axis."""
    return datetime.fromtimestamp(seconds, UTC)


def whole_tokens(wei: int | None) -> float:
    """An amount on an axis; nothing is drawn where it is not known."""
    return float("nan") if wei is None else wei / 10**18


def dates(axes: Any, size: Size) -> None:
    """Dates under the horizontal axis."""
    locator = _LOCATOR(minticks=3, maxticks=5 if size == NARROW else 9, tz=UTC)
    axes.xaxis.set_major_locator(locator)
    formatter = _FORMATTER(locator, tz=UTC, formats=_DATES, zero_formats=_DATES, offset_formats=_YEARS)
    axes.xaxis.set_major_formatter(formatter)


def legend(axes: Any, size: Size, handles: Sequence[Any] | None = None) -> None:
    """What is what, above the axes."""
    options: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (-0.02, 1.0), "ncols": 3 if size == NARROW else 6}
    options |= {"columnspacing": 1.0, "handlelength": 1.3, "handletextpad": 0.5, "borderaxespad": 0.2}
    if handles is None:
        axes.legend(**options)
    else:
        axes.legend(handles=handles, **options)


def kp3r_over_time(axes: Any, size: Size) -> None:
    """Finish axes of KP3R, from nothing up, over time."""
    axes.set_ylabel("KP3R")
    axes.margins(x=0.01)
    axes.set_ylim(bottom=0)
    dates(axes, size)
    legend(axes, size)


def some(times: Sequence[int]) -> list[datetime]:
    """Marks that the eye can separate: of a crowd every n-th."""
    unique = sorted(set(times))
    return [when(time) for time in unique[:: -(-len(unique) // _MOST_MARKS) or 1]]


def draw_credits(series: Series) -> Callable[[Any, Size], None]:
    """Total, liquidity and period credits over time, with works, rewards and period starts on the axis."""

    def draw(axes: Any, size: Size) -> None:
        points = thinned(series.points, MOST_POINTS)
        times = [when(point.timestamp) for point in points]
        for name, colour, style, width in (
            ("total", BLUE, "-", 1.4),
            ("period", ORANGE, "--", 1.4),
            ("liquidity", PURPLE, "-", 1.4),
        ):
            values = [whole_tokens(getattr(point, name)) for point in points]
            axes.plot(times, values, style, color=colour, linewidth=width, label=name)
        axes.axhline(0, color="#666666", linewidth=0.8)
        shown = [time for time in series.periods if points and points[0].timestamp <= time <= points[-1].timestamp]
        for label, where, marker, colour, dot in (
            ("period", shown, "|", BLACK, 13),
            ("reward", series.rewards, "D", VERMILLION, 6),
            ("work", series.works, "o", GREEN, 4),
        ):
            marks = some(where)
            axes.plot(
                marks,
                [0.0] * len(marks),
                marker,
                color=colour,
                markersize=dot,
                label=f"{label} start" if label == "period" else label,
                clip_on=False,
                linestyle="none",
            )
        kp3r_over_time(axes, size)

    return draw


def draw_waterfall(periods: Sequence[dict[str, Any]]) -> Callable[[Any, Size], None]:
    """Each period's ledger from opening to closing: every bar starts where the one before ends."""

    def draw(axes: Any, size: Size) -> None:
        shown = list(periods)[-(5 if size == NARROW else 14) :]
        seen: dict[str, Any] = {}
        names = []
        for place, period in enumerate(shown):
            kinds = [kind for kind in LEDGER_COLOURS if period[kind]]
            width = 0.86 / max(1, len(kinds))
            running = whole_tokens(period["opening"])
            for step, kind in enumerate(kinds):
                change = whole_tokens(period[kind])
                bars = axes.bar(
                    place - 0.43 + width * (step + 0.5),
                    change,
                    width,
                    bottom=running,
                    color=LEDGER_COLOURS[kind],
                    edgecolor="white",
                    linewidth=0.5,
                    label=kind,
                )
                seen.setdefault(kind, bars)
                running += change
            closing = axes.plot([place - 0.45, place + 0.45], [running, running], color=BLACK, linewidth=1.6)
            seen.setdefault("closing", closing[0])
            closing[0].set_label("closing")
            names.append(f"{when(period['begins_at']):%d %b}")
        axes.set_ylim(bottom=0)
        axes.set_xticks(range(len(names)), names)
        axes.tick_params(axis="x", length=0)
        axes.grid(visible=False, axis="x")
        axes.axhline(0, color="#666666", linewidth=0.8)
        axes.set_ylabel("KP3R")
        legend(axes, size, list(seen.values()))

    return draw


def draw_waste(periods: Sequence[dict[str, Any]], documented: dict[int, int]) -> Callable[[Any, Size], None]:
    """What was used and what was lost in each period; diamonds show what the documented rule would have expired."""

    def draw(axes: Any, size: Size) -> None:
        times = [when((period["begins_at"] + period["ends_at"]) / 2) for period in periods]
        widths = [(period["ends_at"] - period["begins_at"]) / 86_400 * 0.82 for period in periods]
        floor = [0.0] * len(times)
        for kind in ("spent", "expired", "capped"):
            heights = [whole_tokens(-period[kind]) for period in periods]
            axes.bar(times, heights, widths, bottom=floor, color=LEDGER_COLOURS[kind], label=kind)
            floor = [low + height for low, height in zip(floor, heights, strict=True)]
        marks = [whole_tokens(-documented.get(period["begins_at"], 0)) for period in periods]
        look = {"color": BLACK, "markersize": 3.5, "fillstyle": "none", "linestyle": "none"}
        axes.plot(times, marks, "D", label="expired by manual", **look)
        axes.set_ylabel("KP3R")
        axes.grid(visible=False, axis="x")
        dates(axes, size)
        legend(axes, size)

    return draw


def draw_pairs(
    names: Sequence[str], pairs: Sequence[tuple[str, Sequence[int], str]], unit: str
) -> Callable[[Any, Size], None]:
    """For each name two bars, one above the other: what they show, amounts in wei, colour. The axis is in `unit`s."""

    def draw(axes: Any, size: Size) -> None:
        places = list(range(len(names)))
        for offset, (label, values, colour) in zip((-0.2, 0.2), pairs, strict=True):
            lengths = [whole_tokens(wei) for wei in values]
            axes.barh([place + offset for place in places], lengths, 0.38, color=colour, label=label)
        axes.set_yticks(places, names)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(unit)
        left = 0.98 / size[0]
        axes.set_position((left, 0.52 / size[1], 0.97 - left, 1 - (0.52 + 0.5) / size[1]))
        legend(axes, size)

    return draw
