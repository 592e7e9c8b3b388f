"""Sums of results, as tests hold them against one another."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keep3r_replay.replay.audited import Audit

IN_TOKENS = pl.col("explanation") == "token_payment"
"""Works that were paid in another token than KP3R."""


def rows(frame: pl.DataFrame) -> list[dict]:
    """A table's rows, amounts as int."""
    return frame.with_columns(pl.col(pl.Decimal).cast(pl.Int128)).rows(named=True)


def sums(table: Iterable[dict], keys: Sequence[str], value: str) -> dict[tuple, int]:
    """Sums of a column by key, without sums of nothing."""
    found: defaultdict[tuple, int] = defaultdict(int)
    for row in table:
        found[tuple(row[key] for key in keys)] += row[value] or 0
    return {key: amount for key, amount in found.items() if amount}


def events(audited: Audit, name: str) -> list[dict]:
    """Rows of an event of Keep3r; none where the lake has none."""
    table = f"events/keep3r.{name}"
    return rows(audited.lake.scan(table).collect()) if audited.lake.has(table) else []


def negative(summed: dict[tuple, int]) -> dict[tuple, int]:
    """Sums of what leaves, which tables hold below nothing."""
    return {key: -amount for key, amount in summed.items()}


def paid_in_kp3r(audited: Audit, role: str) -> dict[tuple, int]:
    """What works paid in KP3R, by job or by keeper."""
    return sums(rows(audited.tables["works"].filter(~IN_TOKENS)), (role,), "payment")
