"""What former results found in the part of a history that a resumed replay does not look at again."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.journal import NOTICE
from keep3r_replay.report.loaded import load_results

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def found_before(folder: Path, block: int) -> dict[str, Any]:
    """Of results in a folder: `blocks`, the first and last they tell of up to `block`, and `findings` in them by kind.

    Findings that follow from another are not counted, nor are notices. What the results were resumed from themselves
    counts as well.

    Raises:
        InputError: the results are damaged.
    """
    loaded = load_results(folder, frozenset({"findings"}))
    told = loaded.tables["findings"].filter(
        pl.col("cause").is_null() & (pl.col("severity") != NOTICE) & (pl.col("block_number") <= block)
    )
    earlier: Mapping[str, Any] = loaded.summary.get("before", {"blocks": loaded.summary["blocks"], "findings": {}})
    counts = Counter(told["kind"].to_list()) + Counter(earlier["findings"])
    return {"blocks": [earlier["blocks"][0], block], "findings": dict(sorted(counts.items()))}


def before_line(before: Mapping[str, Any]) -> str:
    """The same in one line of a summary."""
    first, last = before["blocks"]
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in before["findings"].items())
    return f"before    blocks {first:,} to {last:,}, as they were replayed then: {kinds or 'nothing found'}"
