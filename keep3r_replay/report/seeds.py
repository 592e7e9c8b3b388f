"""Outcomes of many seeds for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.report.amounts import tokens
from keep3r_replay.report.columns import aligned
from keep3r_replay.scenario.seeds import QUANTILES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.scenario.seeds import Spread

_COUNTS = ("works", "reverted")
"""Outcomes that are no amounts."""
_PLACES = 6


def seeds_lines(name: str, seeds: int, spreads: Sequence[Spread]) -> list[str]:
    """A row an outcome: least, quantiles, most, mean; amounts in whole KP3R."""

    def told(outcome: str, value: int) -> str:
        return f"{value:,}" if outcome in _COUNTS else tokens(value, _PLACES)

    head = ("KP3R", "least", *(f"{percent} %" for percent in QUANTILES), "most", "mean")
    rows = [
        (
            each.name,
            *(told(each.name, value) for value in (each.least, *each.quantiles, each.most)),
            told(each.name, each.mean),
        )
        for each in spreads
    ]
    return [
        f"SEEDS  {name}: {seeds:,} runs; run r adds r millions to every seed of the scenario",
        *aligned([head, *rows], (10, *(14 for _ in head[1:]))),
        "quantiles are values of runs, by the nearest rank; means are rounded half to even",
    ]
