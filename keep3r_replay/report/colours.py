"""The colour of each thing on every chart of every page.

They follow Okabe and Ito, whom colour-blind people can read, darkened where needed: each stands out from a white and
from a dark page alike (at least 3 to 1). What has none of them is drawn in the page's own ink.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

INK = "currentColor"
"""The colour of the page's text: dark on white, light on dark."""

BLUE, VERMILLION, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#b5679a"
AMBER, SKY, OLIVE, GREY = "#b87a00", "#2a8fc4", "#857c00", "#858585"
SERIES = (BLUE, AMBER, GREEN, VERMILLION, PURPLE, SKY, OLIVE, GREY)
"""For things without a colour of their own, in this order."""


def series(names: Sequence[str], own: dict[str, str] | None = None) -> dict[str, str]:
    """A colour for each name: its own, else the next one that none of these names has."""
    given = own or {}
    taken = {given[name] for name in names if name in given}
    free = [colour for colour in SERIES if colour not in taken] or list(SERIES)
    colours: dict[str, str] = {}
    for name in names:
        colours[name] = given.get(name) or free[sum(each not in given for each in colours) % len(free)]
    return colours
