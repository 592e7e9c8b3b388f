"""Charts on a page, and as files of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.report.drawing import NARROW, WIDE, Size, picture
from keep3r_replay.report.html import figure

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from keep3r_replay.replay.rooms import Chart


def drawn(chart: Chart) -> str:
    """A chart as a piece of a page, for a desk and for a phone."""
    wide, narrow = (picture(chart.draw, size, chart.name) for size in (WIDE, NARROW))
    return figure(chart.name, chart.caption, wide, narrow)


def write_pictures(charts: Iterable[Chart], folder: Path, format_: str, size: Size) -> list[Path]:
    """Each chart as a file of its own, `png` or `svg`, named after the chart; returns the files.

    Args:
        charts: what is drawn.
        folder: where to; it is made if it is not there.
        format_: png or svg.
        size: inches.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for chart in charts:
        file = folder / f"{chart.name.replace(' ', '-')}.{format_}"
        file.write_bytes(picture(chart.draw, size, chart.name, format_))
        files.append(file)
    return files
