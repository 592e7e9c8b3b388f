"""How charts are drawn by matplotlib: the same numbers give the same bytes.

Colours are those of Okabe and Ito, which colour-blind people tell apart; shapes and positions say the same again.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Callable

BLACK, ORANGE, SKY, GREEN, YELLOW = "#000000", "#e69f00", "#56b4e9", "#009e73", "#f0e442"
BLUE, VERMILLION, PURPLE, GREY = "#0072b2", "#d55e00", "#cc79a7", "#8a8a8a"

WIDE, NARROW = (9.0, 3.7), (4.0, 3.8)
"""Sizes in inches: for a desk, and for a phone held upright."""

Size = tuple[float, float]

_STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#666666",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "svg.fonttype": "none",
    "path.simplify": True,
}


def picture(draw: Callable[[Any, Size], None], size: Size, name: str, format_: str = "svg") -> bytes:
    """One chart as SVG or PNG.

    Args:
        draw: draws on the axes it is given.
        size: inches.
        name: makes the ids in an SVG its own, and always the same.
        format_: svg or png.
    """
    style: Any = {**_STYLE, "svg.hashsalt": f"{name} {size}"}
    with mpl.rc_context(style):
        figure = Figure(figsize=size)
        left = 0.62 / size[0]
        axes = figure.add_axes((left, 0.52 / size[1], 0.97 - left, 1 - (0.52 + 0.62) / size[1]))
        draw(axes, size)
        out = io.BytesIO()
        metadata = {"Date": None, "Creator": None} if format_ == "svg" else {"Software": None}
        figure.savefig(out, format=format_, dpi=160, metadata=metadata)
    return out.getvalue()
