"""A what-if's outcome for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.counts import counted
from keep3r_replay.protocols.keep3r_v2.what_if.calls import SYNTHETIC
from keep3r_replay.report.amounts import tokens
from keep3r_replay.report.columns import aligned
from keep3r_replay.report.times import moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from keep3r_replay.replay.history import Block

_SHOWN = 5
SIDES = ("baseline", "what_if")
SUMS = ("paid", "minted", "expired", "capped", "credits")


def what_if_lines(
    summary: dict[str, Any], tables: dict[str, pl.DataFrame], blocks: Sequence[Mapping[int, Block]] = ()
) -> list[str]:
    """Lines of text: the changes, both sides' sums in KP3R, where they part, and the first works that revert.

    Args:
        summary: of the what-if.
        tables: its tables, or some.
        blocks: those of each contract's history, which tell when they were.
    """
    outcome, (first, last) = summary["outcome"], summary["blocks"]
    changes = ", ".join(f"{name}={value}" for name, value in summary["overlay"].items()) or "none"
    first = summary.get("started_after", first - 1) + 1
    lines = [
        f"WHAT-IF  {summary['deployment']}  Keep3r {summary['version']}  blocks {first:,} to {last:,}",
        f"changes   {changes}",
        "",
        (
            f"works     {outcome['paid']:,} paid, {outcome['reverted']:,} reverted, {outcome['dropped']:,} dropped, "
            f"{outcome['added']:,} added; {counted(outcome['reverted_calls'], 'other call')} reverted"
        ),
    ]
    sums = [("KP3R", "baseline", "what-if", "difference")]
    for name in SUMS:
        before, after = (outcome[f"{name}_{side}"] for side in SIDES)
        sums.append((name, tokens(before, 6), tokens(after, 6), tokens(after - before, 6)))
    lines += aligned(sums, (10, 20, 20, 20))
    block = outcome["parts_at_block"]
    lines.append("parts     nowhere" if block is None else f"parts     first at {_place(blocks, block)}")
    if summary["baseline_findings"]:
        lines.append(f"baseline  has {counted(summary['baseline_findings'], 'finding')}: keep3r replay tells more")
    lines += [f"state     {summary['state_hash'][:16]}", *_reverted(tables, blocks)]
    return lines


def _reverted(tables: dict[str, pl.DataFrame], blocks: Sequence[Mapping[int, Block]]) -> list[str]:
    lines = []
    if "works" in tables:
        works = tables["works"]
        lines += [
            f"  {_place(blocks, row['block_number'], row['log_index'])}  work of {row['job']}: {row['error']}"
            for row in works.filter(works["error"] != "").head(_SHOWN).iter_rows(named=True)
        ]
    if "reverted_calls" in tables:
        for row in tables["reverted_calls"].head(_SHOWN).iter_rows(named=True):
            place = _place(blocks, row["block_number"], row["log_index"])
            lines.append(f"  {place}  {row['call']} of {row['subject']}: {row['error']}")
    return lines


def _place(blocks: Sequence[Mapping[int, Block]], block: int, log_index: int = SYNTHETIC) -> str:
    """Block, its log where the history holds it, and when it was, as far as that is known."""
    known = next((each[block].timestamp for each in blocks if block in each), None)
    log = "" if log_index >= SYNTHETIC else f" log {log_index:,}"
    return f"block {block:,}{log}{'' if known is None else f', {moment(known)}'}"
