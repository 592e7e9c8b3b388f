"""A sweep's outcomes as lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.report.amounts import tokens
from keep3r_replay.what_if.sweep.table import swept_names

if TYPE_CHECKING:
    import polars as pl

    from keep3r_replay.replay.rooms import WhatIfs

PREFIX = "overlay."
"""What a change's name begins with as a setting."""
_BASELINE, _WHAT_IF = "_baseline", "_what_if"
"""Ends of the names of outcomes: of the history as it was, and of the changed one."""
_COUNTS = {
    **{each: f"works {each}" for each in ("paid", "reverted", "dropped", "added")},
    "reverted_calls": "other calls reverted",
    **{each: f"payments {each}" for each in ("changed", "refused")},
    "refused_calls": "other calls refused",
    "works": "payments",
    "burned_what_if": "KIBT burned",
    "excess": "burned too much",
    "supply_what_if": "KIBT at the end",
    "late_what_if": "late bonds",
    "minted_what_if": "mined",
    "credits_what_if": "credits left",
    "capped_what_if": "cut off",
}
"""Outcomes whose name says too little by itself."""


def outcome_words(name: str) -> str:
    """An outcome as people say it: `works paid` of a count, `paid` of the amount."""
    return _COUNTS.get(name, name.removesuffix(_WHAT_IF).replace("_", " "))


def baseline_of(table: pl.DataFrame, outcome: str) -> str | None:
    """The column of what the history as it was has of an outcome of the what-ifs; None: there is none.

    It ends in `_baseline`, or has no ending at all; a count of one name with an amount is another thing.
    """
    if not outcome.endswith(_WHAT_IF):
        return None
    name = outcome.removesuffix(_WHAT_IF)
    same = [each for each in (f"{name}{_BASELINE}", name) if table.schema.get(each) == table.schema[outcome]]
    return same[0] if same else None


def sweep_lines(table: pl.DataFrame, what_ifs: WhatIfs) -> list[str]:
    """One line a scenario: values, and the numbers that the protocol tells, amounts in whole tokens."""
    names = swept_names(table, what_ifs.measured)
    amounts = {name for name in what_ifs.told if table.schema[name].is_decimal()}
    heads = [f"{name}, {what_ifs.unit}" if name in amounts else name for name in what_ifs.told]
    rows = [(*(name.removeprefix(PREFIX) for name in names), *heads)]
    for row in table.iter_rows(named=True):
        values = [row[name] for name in names]
        if row["status"] == "done":
            told = [tokens(int(row[name]), 6) if name in amounts else str(row[name]) for name in what_ifs.told]
            rows.append((*values, *told))
        else:
            rows.append((*values, "failed:", row["error"], *[""] * (len(what_ifs.told) - 2)))
    widths = [max(len(row[place]) for row in rows if row[-1] or place < len(names)) for place in range(len(rows[0]))]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
