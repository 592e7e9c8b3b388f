"""When a block was, and which block a time means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keep3r_replay.lake.reader import Lake


def times_of(lake: Lake, blocks: Iterable[int]) -> dict[int, int]:
    """The time of each block that the lake knows it of, in seconds, by number."""
    wanted = sorted({*blocks})
    if not wanted or not lake.has("blocks"):
        return {}
    known = lake.scan("blocks", ["number", "timestamp"], wanted[-1], wanted[0]).filter(pl.col("number").is_in(wanted))
    rows = known.drop_nulls().collect().rows()
    return {int(number): int(time) for number, time in rows}


def known_times(lake: Lake) -> tuple[int, int] | None:
    """The times of the first and the last block of which the lake knows it; None if there is none."""
    known = _known(lake)
    return (int(known["timestamp"][0]), int(known["timestamp"][-1])) if known.height else None


def block_at(lake: Lake, seconds: int) -> int | None:
    """The last block that is not after a time; None if the lake begins later or ends before it: nobody can tell then.

    Of blocks that left nothing in the lake it may not know the time; nothing happens in them, so that the state is
    the same after each.
    """
    known = _known(lake)
    before = known.filter(pl.col("timestamp") <= seconds)
    if before.is_empty() or seconds > int(known["timestamp"][-1]):
        return None
    return int(before["number"][-1])


def _known(lake: Lake) -> pl.DataFrame:
    """Numbers and times of the covered blocks whose time is known, in order."""
    coverage = lake.manifest.coverage
    if coverage is None or not lake.has("blocks"):
        return pl.DataFrame(schema={"number": pl.UInt32, "timestamp": pl.Int64})
    rows = lake.scan("blocks", ["number", "timestamp"], coverage.to_block, coverage.from_block)
    return rows.drop_nulls().sort("number").collect()
