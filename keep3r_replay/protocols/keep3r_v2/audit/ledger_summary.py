"""The ledger's part of `summary.json`: counts, and sums by kind as decimal text of wei."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.protocols.keep3r_v2.audit.expiry_findings import DENIED_ON_PAPER
from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import (
    ADOPTED,
    CAPPED,
    EXPIRED,
    FORCED,
    MINTED,
    REMOVED,
    REPRICED,
    SPENT,
)
from keep3r_replay.replay.parts import lazily
from keep3r_replay.report.amounts import tokens

if TYPE_CHECKING:
    from collections.abc import Mapping


def ledger_summary(tables: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Entries, jobs, sums by kind of entry, what jobs held before and hold after; expiry findings by kind.

    Opening and sums make up what is left. Amounts of `denied_on_paper` are states at times and have no sum.
    """
    ledger = lazily(tables, "ledger")
    entries, jobs = ledger.select(pl.len(), pl.col("job").n_unique()).collect().row(0)
    sums = _sums(ledger)
    opening = _opening(tables["periods"])
    return {
        "entries": entries,
        "jobs": jobs,
        "opening": str(opening),
        "sums": sums,
        "left": str(opening + sum(map(int, sums.values()))),
        "expiry_findings": dict(sorted(Counter(tables["expiry_findings"]["kind"].to_list()).items())),
        "expiry_amounts": _sums(lazily(tables, "expiry_findings").filter(pl.col("kind") != DENIED_ON_PAPER)),
    }


def _opening(periods: pl.DataFrame) -> int:
    """Wei that all jobs together held as the replay began."""
    owner = [name for name in ("keep3r", "job") if name in periods.columns]
    first = periods.sort("begins_at", maintain_order=True).unique(owner, keep="first", maintain_order=True)
    return sum(first["opening"].cast(pl.Int128).to_list())


def _sums(table: pl.LazyFrame) -> dict[str, str]:
    """Sums by kind, in two halves that no number of rows overflows."""
    amount = pl.col("amount").cast(pl.Int128)
    halves = table.group_by("kind").agg((amount // _HALF).sum().alias("high"), (amount % _HALF).sum().alias("low"))
    return {kind: str(high * _HALF + low) for kind, high, low in sorted(halves.collect().iter_rows())}


_HALF = 10**19

_WORDS: tuple[tuple[str, tuple[str, ...], bool], ...] = (
    ("at the start", ("opening",), False),
    ("minted", MINTED, True),
    ("forced", (FORCED,), False),
    ("by new quotes", (REPRICED,), False),
    ("taken over", (ADOPTED,), False),
    ("spent", (SPENT,), True),
    ("expired", (EXPIRED,), True),
    ("capped", (CAPPED,), True),
    ("removed", (REMOVED,), False),
)
"""Kinds of entries by their word, and whether a sum of nothing is shown too."""
_LEAVES = frozenset({"spent", "expired", "capped", "removed"})


def ledger_words(ledger: Mapping[str, Any]) -> str:
    """Where credits came from and went, in whole KP3R, by the ledger's part of `summary.json`; they add up.

    What moves from one job to another is left out, for it sums to nothing. Results older than the sum of what is left
    have no such words.
    """
    if "left" not in ledger:
        return ""
    sums = {kind: int(amount) for kind, amount in ledger["sums"].items()} | {"opening": int(ledger["opening"])}
    told = [(sum(sums.get(kind, 0) for kind in kinds), word, always) for word, kinds, always in _WORDS]
    words = [
        f"{tokens(-amount if word in _LEAVES else amount)} {word}" for amount, word, always in told if amount or always
    ]
    return f"KP3R {', '.join(words)}, {tokens(int(ledger['left']))} left"
