"""The outcomes of a sweep as one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.protocols.keep3r_v2.tables import rows_table
from keep3r_replay.what_if.sweep.scenarios import FAILED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.what_if.sweep.scenarios import Finished

COUNTS = ("paid", "reverted", "dropped", "added", "reverted_calls", "parts_at_block")
AMOUNTS = tuple(
    f"{name}_{side}" for name in ("paid", "minted", "expired", "capped", "credits") for side in ("baseline", "what_if")
)
OUTCOMES = (*COUNTS, *AMOUNTS)
"""Numbers that a scenario comes out with: counts of works, the first block that differs, sums in wei."""


FIXED = ("scenario", "status", "error", *OUTCOMES)
"""Columns of every sweep; the others are the settings swept over."""


def sweep_table(finished: Sequence[Finished]) -> pl.DataFrame:
    """One row a scenario, in order: folder, status, error, the values swept over as text, and the outcome."""
    swept = list(dict.fromkeys(name for one in finished for name in one.scenario.point))
    schema: dict[str, Any] = {
        "scenario": pl.String,
        "status": pl.String,
        "error": pl.String,
        **dict.fromkeys(swept, pl.String),
        **dict.fromkeys(COUNTS, pl.Int64),
        **dict.fromkeys(AMOUNTS, pl.Decimal(38, 0)),
    }
    rows = [
        (
            one.name,
            FAILED if one.status == FAILED else "done",
            one.error,
            *(shown(one.scenario.point.get(name, "")) for name in swept),
            *(one.outcome.get(name) for name in OUTCOMES),
        )
        for one in finished
    ]
    return rows_table(rows, schema)


def shown(value: Any) -> str:
    """A value swept over, as text."""
    return "null" if value is None else str(value)
