"""A what-if's outcome for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.counts import counted
from keep3r_replay.report.amounts import tokens
from keep3r_replay.report.columns import aligned

if TYPE_CHECKING:
    import polars as pl

_SHOWN = 5
SIDES = ("baseline", "what_if")
SUMS = ("paid", "minted", "expired", "capped", "credits")


def what_if_lines(summary: dict[str, Any], tables: dict[str, pl.DataFrame]) -> list[str]:
    """Lines of text: the changes, both sides' sums in KP3R, where they part, and the first works that revert."""
    outcome, (first, last) = summary["outcome"], summary["blocks"]
    changes = ", ".join(f"{name}={value}" for name, value in summary["overlay"].items()) or "none"
    first = summary.get("started_after", first - 1) + 1
    lines = [
        f"WHAT-IF  {summary['deployment']}  Keep3r {summary['version']}  blocks {first:,} to {last:,}",
        f"changes   {changes}",
        "",
        (
            f"works     {outcome['paid']:,} paid, {outcome['reverted']:,} reverted, {outcome['dropped']:,} dropped, "
            f"{outcome['added']:,} added; {outcome['reverted_calls']:,} other calls reverted"
        ),
    ]
    sums = [("KP3R", "baseline", "what-if", "difference")]
    for name in SUMS:
        before, after = (outcome[f"{name}_{side}"] for side in SIDES)
        sums.append((name, tokens(before, 6), tokens(after, 6), tokens(after - before, 6)))
    lines += aligned(sums, (10, 20, 20, 20))
    block = outcome["parts_at_block"]
    lines.append("parts     nowhere" if block is None else f"parts     first at block {block:,}")
    if summary["baseline_findings"]:
        lines.append(f"baseline  has {counted(summary['baseline_findings'], 'finding')}: keep3r replay tells more")
    lines += [f"state     {summary['state_hash'][:16]}", *_reverted(tables)]
    return lines


def _reverted(tables: dict[str, pl.DataFrame]) -> list[str]:
    lines = []
    if "works" in tables:
        works = tables["works"]
        lines += [
            f"  block {row['block_number']} log {row['log_index']}  work of {row['job']}: {row['error']}"
            for row in works.filter(works["error"] != "").head(_SHOWN).iter_rows(named=True)
        ]
    if "reverted_calls" in tables:
        for row in tables["reverted_calls"].head(_SHOWN).iter_rows(named=True):
            place = f"block {row['block_number']} log {row['log_index']}"
            lines.append(f"  {place}  {row['call']} of {row['subject']}: {row['error']}")
    return lines
