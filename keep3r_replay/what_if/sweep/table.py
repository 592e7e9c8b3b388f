"""The outcomes of a sweep as one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.what_if.sweep.scenarios import FAILED

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from keep3r_replay.what_if.sweep.scenarios import Finished

FIXED = ("scenario", "status", "error")
"""Columns of every sweep; then come the settings swept over, then the numbers that the protocol names."""


def sweep_table(finished: Sequence[Finished], outcomes: Mapping[str, Any]) -> pl.DataFrame:
    """One row a scenario, in order: folder, status, error, the values swept over as text, and the outcome.

    `outcomes` are the numbers of an outcome, by name, with the types of their columns.
    """
    swept = list(dict.fromkeys(name for one in finished for name in one.scenario.point))
    columns: dict[str, list[str]] = {
        "scenario": [one.name for one in finished],
        "status": [FAILED if one.status == FAILED else "done" for one in finished],
        "error": [one.error for one in finished],
        **{name: [shown(one.scenario.point.get(name, "")) for one in finished] for name in swept},
    }
    texts = [pl.Series(name, values, dtype=pl.String) for name, values in columns.items()]
    numbers = [_numbers(name, kind, [one.outcome.get(name) for one in finished]) for name, kind in outcomes.items()]
    return pl.DataFrame([*texts, *numbers])


def _numbers(name: str, kind: Any, values: list[int | None]) -> pl.Series:
    """A column of numbers; integers go exactly into a decimal by way of Int128."""
    return pl.Series(name, values, dtype=pl.Int128).cast(kind)


def swept_names(table: pl.DataFrame, outcomes: Collection[str]) -> list[str]:
    """The settings that a sweep goes over, in the order of the command line."""
    return [column for column in table.columns if column not in {*FIXED, *outcomes}]


def shown(value: Any) -> str:
    """A value swept over, as text."""
    return "null" if value is None else str(value)
