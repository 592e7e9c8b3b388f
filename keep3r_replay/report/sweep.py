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
