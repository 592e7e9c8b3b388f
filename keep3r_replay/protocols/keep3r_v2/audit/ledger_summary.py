"""The ledger's part of `summary.json`: counts, and sums by kind as decimal text of wei."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping


def ledger_summary(tables: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Entries, jobs, sums by kind of entry; and of expiry findings, number and sum by kind."""
    ledger = tables["ledger"]
    return {
        "entries": ledger.height,
        "jobs": ledger["job"].n_unique(),
        "sums": _sums(ledger),
        "expiry_findings": dict(sorted(Counter(tables["expiry_findings"]["kind"].to_list()).items())),
        "expiry_amounts": _sums(tables["expiry_findings"]),
    }


def _sums(table: pl.DataFrame) -> dict[str, str]:
    sums: Counter[str] = Counter()
    for kind, amount in zip(table["kind"].to_list(), table["amount"].cast(pl.Int128).to_list(), strict=True):
        sums[kind] += amount
    return {kind: str(amount) for kind, amount in sorted(sums.items())}
