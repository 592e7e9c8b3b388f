"""A lake's events in memory, loaded once for any number of replays, and the loop over them."""

from __future__ import annotations

import sys
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.protocols.keep3r_v2.replay.protocol import HANDLERS
from keep3r_replay.replay.engine import Blocks, fold
from keep3r_replay.replay.timeline import WHOLE, Slice, Span, slices

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext
    from keep3r_replay.replay.engine import Folding
    from keep3r_replay.replay.protocol import Row

TABLES = tuple(HANDLERS)
"""Event tables in the order of their handlers; an event names its own by the place in it."""


class Change(NamedTuple):
    """Something that the history does not hold, and that happens before the events of `block`, or after them."""

    block: int
    after_events: bool
    order: int
    """Among the changes of one place, the smallest first."""
    apply: Callable[[], None]


class History(NamedTuple):
    """Events in chain order, as columns, and what is known of their blocks."""

    blocks: list[int]
    transactions: list[int]
    tables: list[int]
    rows: list[tuple[Any, ...]]
    facts: Blocks
    last_block: int
    """Where the replay stands at its end: the block of the last event or of the last readings."""

    def time_from(self, block: int | None) -> int:
        """When the first block with an event from `block` on is; the last block's time if there is none."""
        if block is None:
            return 0
        place = bisect_left(self.blocks, block)
        return self.facts[self.blocks[place] if place < len(self.blocks) else self.last_block].timestamp

    def pools_begin(self) -> dict[str, int]:
        """When each pool that the history initializes begins."""
        wanted = TABLES.index("uniswap_v3_pool.Initialize")
        return {
            self.rows[place][1]: self.facts[self.blocks[place]].timestamp
            for place, table in enumerate(self.tables)
            if table == wanted
        }


def load_history(lake: Lake, contract: Contract, span: Span = WHOLE) -> History:
    """Everything that a replay of one contract goes through. Raises `InputError` as the engine does."""
    columns = {name: handler.columns for name, handler in HANDLERS.items()}
    keep3rs = sum(each.role == contract.role for each in lake.deployment.contracts)
    emitters = {contract.role: [contract.address]} if keep3rs > 1 else {}
    blocks: list[int] = []
    transactions: list[int] = []
    tables: list[int] = []
    rows: list[tuple[Any, ...]] = []
    for part in slices(lake, columns, span, emitters):
        blocks.extend(part.blocks)
        transactions.extend(part.transactions)
        tables.extend(part.tables)
        rows.extend(next(part.rows[table]) for table in part.tables)
    last_block = max([*blocks[-1:], *_last_reading(lake, span)], default=0)
    known = lake.scan("blocks").filter(pl.col("timestamp").is_not_null()).select(pl.col("number").alias("block_number"))
    return History(blocks, transactions, tables, rows, Blocks(lake, known, span), last_block)


def _last_reading(lake: Lake, span: Span) -> list[int]:
    if not lake.has("readings"):
        return []
    readings = lake.scan("readings", columns=["block_number"], from_block=span.first, until_block=span.until)
    last = readings.max().collect().item()
    return [] if last is None else [last]


class _Changes:
    """An agenda of changes.

    A change of a block without events happens where the chain next has one; what comes after the last event happens at
    the last block.
    """

    def __init__(self, changes: Sequence[Change]) -> None:
        # They wait in reverse, the next one last; a block's first ones stand before it, its last ones after.
        self._waiting = sorted(
            changes, key=lambda change: (change.block, change.after_events, change.order), reverse=True
        )

    def leave(self, present: int, coming: int) -> None:
        """Changes up to the end of `present`; all that are left where nothing comes."""
        until = coming if coming == sys.maxsize else present
        while self._waiting and self._waiting[-1].block <= until:
            self._waiting.pop().apply()

    def entered(self, block: int) -> None:
        """Changes before the events of `block`."""
        while self._waiting and self._waiting[-1][:2] <= (block, False):
            self._waiting.pop().apply()


def replay(
    history: History,
    model: Folding,
    handlers: Sequence[Callable[[CallContext, Row], None]],
    changes: Sequence[Change] = (),
) -> None:
    """Take the model through the history, with `changes` at their places; it ends at the history's last block."""
    rows: list[list[tuple[Any, ...]]] = [[] for _ in handlers]
    for table, row in zip(history.tables, history.rows, strict=True):
        rows[table].append(row)
    numbers = range(1, len(history.blocks) + 1)
    last = len(history.blocks)
    part = Slice(history.blocks, history.transactions, history.tables, numbers, last, [iter(each) for each in rows])
    fold([part], model, handlers, history.facts, _Changes(changes))
    if history.last_block > max(history.blocks[-1:], default=-1) and history.last_block in history.facts:
        model.begin_block(history.facts[history.last_block])
