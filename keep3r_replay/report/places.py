"""When a history's blocks were: dates beside every block that a page names, as far as results and lake tell them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.replay.moments import times_of
from keep3r_replay.report.html import place, when

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from keep3r_replay.lake.reader import Lake

_COLUMNS = ("block_number", "timestamp")
_NO_LOG = 2**31
"""Log indices from here on are of calls that the history does not hold."""


def block_times(blocks: Iterable[int], tables: Iterable[pl.DataFrame], lake: Lake | None) -> dict[int, int]:
    """The times of blocks, in seconds, by number: those that a table tells, and with the lake all that it knows.

    Args:
        blocks: which.
        tables: any; those with both `block_number` and `timestamp` tell times.
        lake: what the tables were made from, where it is at hand.
    """
    wanted = sorted({*blocks})
    timed = [frame.select(_COLUMNS) for frame in tables if {*_COLUMNS} <= {*frame.columns}]
    known = [frame.filter(pl.col("block_number").is_in(wanted)).drop_nulls().unique() for frame in timed]
    told = {int(block): int(time) for frame in known for block, time in frame.iter_rows()}
    return told if lake is None else told | times_of(lake, wanted)


class Calendar(NamedTuple):
    """Dates of the blocks of a page.

    Attributes:
        times: of blocks, in seconds, by number, as far as they are known.
    """

    times: Mapping[int, int]

    @classmethod
    def of(cls, tables: Iterable[pl.DataFrame], lake: Lake | None, more: Iterable[int | None] = ()) -> Calendar:
        """The calendar of all blocks that tables name in a column `block_number`, and of some more."""
        frames = list(tables)
        named = {block for frame in frames if "block_number" in frame.columns for block in frame["block_number"]}
        return cls(block_times({*named, *more} - {None}, frames, lake))

    def at(self, block: int | None, log_index: int | None = None) -> str:
        """A place, as markup: date, block, and log where it is one's; empty where there is no block."""
        if block is None:
            return ""
        return place(self.times.get(block), block, None if log_index is None or log_index >= _NO_LOG else log_index)

    def span(self, first: int, last: int) -> str:
        """A range of blocks with the dates that are known in it: `blocks 0 to 15, 2022-02-26 11:58 to ... UTC`."""
        inside = [time for block, time in self.times.items() if first <= block <= last]
        dates = f", {when(min(inside))} to {when(max(inside))} UTC" if inside else ""
        return f"blocks {first:,} to {last:,}{dates}"


def ends_of(lake: Lake | None, first: int, last: int) -> list[int]:
    """The first and the last block in a range of which the lake knows the time; none without one."""
    if lake is None or not lake.has("blocks"):
        return []
    numbers = lake.scan("blocks", ["number", "timestamp"], last, first).drop_nulls()
    found = numbers.select(pl.col("number").min().alias("first"), pl.col("number").max().alias("last")).collect().row(0)
    return [] if found[0] is None else [*map(int, found)]
