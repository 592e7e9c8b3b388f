"""Charts of a what-if: baseline and what-if over one another, so that where they agree one lies within the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.protocols.keep3r_v2.report.figures import MOST_POINTS, kp3r_over_time, some, when, whole_tokens
from keep3r_replay.protocols.keep3r_v2.report.series import thinned
from keep3r_replay.report.drawing import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILLION, Size

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.protocols.keep3r_v2.report.what_if_results import Comparison

_LOOKS: dict[str, Any] = {
    "baseline": {"color": GREY, "linewidth": 3.2, "label": "baseline", "alpha": 0.75},
    "what_if": {"color": BLUE, "linewidth": 1.3, "label": "what-if"},
}
_MARKS = (("reverted", "X", VERMILLION), ("dropped", "v", ORANGE), ("added", "^", GREEN))


def draw_comparison(comparison: Comparison, *, steps: bool) -> Callable[[Any, Size], None]:
    """Both sides over time, with the works that are not as they were on the axis, and the moment where they part.

    Args:
        comparison: what is drawn.
        steps: the amount stays what it is until the next point.
    """

    def draw(axes: Any, size: Size) -> None:
        style = "steps-post" if steps else "default"
        for side, look in _LOOKS.items():
            points = thinned(comparison.lines[side], MOST_POINTS)
            values = [whole_tokens(point.total) for point in points]
            axes.plot([when(point.timestamp) for point in points], values, drawstyle=style, **look)
        if comparison.parts_at is not None:
            axes.axvline(when(comparison.parts_at), color=PURPLE, linestyle=":", linewidth=1.6, label="parts")
        for status, marker, colour in _MARKS:
            marks = some(comparison.marks[status])
            if marks:
                look = {"color": colour, "markersize": 6, "clip_on": False, "linestyle": "none", "zorder": 5}
                axes.plot(marks, [0.0] * len(marks), marker, label=status, **look)
        axes.axhline(0, color="#666666", linewidth=0.8)
        kp3r_over_time(axes, size)

    return draw
