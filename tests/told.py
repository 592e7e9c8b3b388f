"""Lakes of which one table is told otherwise, without a file being changed."""

from __future__ import annotations

from keep3r_replay.lake.reader import Lake


class Told(Lake):
    """A lake of which one table's rows are told otherwise."""

    def __init__(self, lake, table, change) -> None:
        super().__init__(lake.path, lake.deployment, lake.manifest)
        self._lake = lake
        self._table, self._change = table, change

    def scan(self, table, columns=None, until_block=None, from_block=None):
        """The table, changed if it is the one."""
        frame = self._lake.scan(table, None, until_block, from_block)
        if table == self._table:
            frame = self._change(frame)
        return frame if columns is None else frame.select(columns)
