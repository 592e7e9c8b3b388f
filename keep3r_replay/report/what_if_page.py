"""The report of a what-if: one self-contained page, baseline beside what-if."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.report.html import code, page, table, text
from keep3r_replay.report.results import amounts
from keep3r_replay.report.what_if import SIDES, SUMS

if TYPE_CHECKING:
    from pathlib import Path

_SHOWN = 50
_STATUSES = ("paid", "reverted", "dropped", "added")


def what_if_summary(results: Path) -> dict[str, Any] | None:
    """The summary of a what-if's results; None if the folder holds something else."""
    try:
        summary: dict[str, Any] = json.loads((results / "summary.json").read_bytes())
    except (OSError, ValueError):
        return None
    return summary if isinstance(summary, dict) and summary.get("verdict") == "what-if" else None


def make_what_if_report(results: Path, summary: dict[str, Any]) -> str:
    """The page: what is changed, sums of both sides, jobs, keepers, and the works that would have reverted."""
    outcome = summary["outcome"]
    changes = [(text(name), text(value)) for name, value in summary["overlay"].items()]
    parts_at = outcome["parts_at_block"]
    sums = [
        (text(name), *map(text, amounts((before, after, after - before))))
        for name in SUMS
        for before, after in [[int(outcome[f"{name}_{side}"]) for side in SIDES]]
    ]
    first, last = summary["blocks"]
    span = f"Keep3r {text(summary['version'])}, blocks {first:,} to {last:,}"
    counts = ", ".join(f"{outcome[status]:,} works {status}" for status in _STATUSES)
    place = "The two part nowhere." if parts_at is None else f"The two part first at block {parts_at:,}."
    parts = [
        f"<header><h1>What if: {text(summary['deployment'])}</h1><p>{span}</p></header>",
        "<h2>Changes</h2>",
        table(("change", "value"), changes) if changes else "<p>None: the what-if is the audit.</p>",
        "<h2>Outcome</h2>",
        f"<p>{counts}; {outcome['reverted_calls']:,} other calls reverted. {place}</p>",
        table(("KP3R", "baseline", "what-if", "difference"), sums, frozenset({1, 2, 3})),
        *_compared(results, "job"),
        *_compared(results, "keeper"),
        *_reverted(results),
    ]
    return page(f"What if: {summary['deployment']}", "\n".join(parts))


def _compared(results: Path, of: str) -> list[str]:
    frame = pl.read_parquet(results / f"compared_{of}s.parquet").with_columns(pl.col(pl.Decimal).cast(pl.Int128))
    sums = ("paid", "expired") if of == "job" else ("paid", "bonds")
    rows = [
        (
            code(row[of]),
            *(f"{row[status]:,}" for status in _STATUSES),
            *(each for name in sums for each in map(text, amounts([row[f"{name}_{side}"] for side in SIDES]))),
            "" if row["parts_at_block"] is None else f"{row['parts_at_block']:,}",
        )
        for row in frame.iter_rows(named=True)
    ]
    sides = [f"{name}, {side}" for name in sums for side in ("baseline", "what-if")]
    headers = (of, *_STATUSES, *sides, "parts at block")
    return [f"<h2>{of.capitalize()}s</h2>", table(headers, rows, frozenset(range(1, len(headers))))]


def _reverted(results: Path) -> list[str]:
    file = results / "compared_works.parquet"
    if not file.exists():
        return []
    frame = pl.read_parquet(file).filter(pl.col("status") == "reverted")
    rows = [
        (f"{row['block_number']} / {row['log_index']}", code(row["job"]), code(row["keeper"]), text(row["error"]))
        for row in frame.head(_SHOWN).iter_rows(named=True)
    ]
    more = f"<p>The first {len(rows)} of {frame.height:,}.</p>" if frame.height > len(rows) else ""
    if not rows:
        return ["<h2>Works that would have reverted</h2><p>None.</p>"]
    return ["<h2>Works that would have reverted</h2>", table(("block / log", "job", "keeper", "error"), rows), more]
