"""A lake of which a former run has looked at all up to a block: what came since is read once, and stays in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.lake.reader import BLOCK_COLUMN, Lake

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

MOST_ROWS = 1_000_000
"""Rows in files that reach beyond the block, of all tables, up to which what came is held in memory."""


class RecentLake(Lake):
    """A lake whose tables after a block are asked often: only `scan` differs, which gives the same rows.

    Attributes:
        whole: the lake.
        after: the block.
    """

    def __init__(self, whole: Lake, after: int) -> None:
        super().__init__(whole.path, whole.deployment, whole.manifest, part=whole.part)
        self.whole = whole
        self.after = after
        self._first = after + 1
        recent = [entry for entry in whole.manifest.files if entry.to_block > after]
        self._is_held = sum(entry.rows for entry in recent) <= MOST_ROWS
        self._last = max((entry.to_block for entry in recent), default=after)
        self._came = frozenset(entry.table for entry in recent)
        self._frames: dict[str, pl.DataFrame] = {}

    def scan(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        until_block: int | None = None,
        from_block: int | None = None,
    ) -> pl.LazyFrame:
        """The rows of a table; see `Lake.scan`. From the first block that is new on they are in memory."""
        if not self._is_held or from_block is None or from_block < self._first or not self.has(table):
            return self.whole.scan(table, columns, until_block, from_block)
        import polars as pl  # noqa: PLC0415  (opening a lake needs no polars)

        frame = self._held(table).lazy()
        if from_block > self._first or (until_block is not None and until_block < self._last):
            high = self._last if until_block is None else until_block
            frame = frame.filter(pl.col(BLOCK_COLUMN.get(table, "block_number")).is_between(from_block, high))
        return frame if columns is None else frame.select(columns)

    def _held(self, table: str) -> pl.DataFrame:
        """What came of a table; all tables of which something did are read at once."""
        import polars as pl  # noqa: PLC0415  (opening a lake needs no polars)

        if not self._frames:
            scans = {name: self.whole.scan(name, from_block=self._first) for name in sorted(self._came)}
            self._frames = dict(zip(scans, pl.collect_all(list(scans.values())), strict=True))
        if table not in self._frames:
            self._frames[table] = pl.DataFrame(schema=self.whole.scan(table).collect_schema())
        return self._frames[table]
