"""The ledger's part of `summary.json`: counts, and sums by kind as decimal text of wei."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.protocols.keep3r_v2.audit.expiry_findings import DENIED_ON_PAPER

if TYPE_CHECKING:
    from collections.abc import Mapping


def ledger_summary(tables: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Entries, jobs, sums by kind of entry, what jobs held before and hold after; expiry findings by kind.

    Opening and sums make up what is left. Amounts of `denied_on_paper` are states at times and have no sum.
    """
    ledger = tables["ledger"]
    sums = _sums(ledger)
    opening = _opening(tables["periods"])
    return {
        "entries": ledger.height,
        "jobs": ledger["job"].n_unique(),
        "opening": str(opening),
        "sums": sums,
        "left": str(opening + sum(map(int, sums.values()))),
        "expiry_findings": dict(sorted(Counter(tables["expiry_findings"]["kind"].to_list()).items())),
        "expiry_amounts": _sums(tables["expiry_findings"].filter(pl.col("kind") != DENIED_ON_PAPER)),
    }


def _opening(periods: pl.DataFrame) -> int:
    """Wei that all jobs together held as the replay began."""
    owner = [name for name in ("keep3r", "job") if name in periods.columns]
    first = periods.sort("begins_at", maintain_order=True).unique(owner, keep="first", maintain_order=True)
    return sum(first["opening"].cast(pl.Int128).to_list())


def _sums(table: pl.DataFrame) -> dict[str, str]:
    sums: Counter[str] = Counter()
    for kind, amount in zip(table["kind"].to_list(), table["amount"].cast(pl.Int128).to_list(), strict=True):
        sums[kind] += amount
    return {kind: str(amount) for kind, amount in sorted(sums.items())}
