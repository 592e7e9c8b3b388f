"""A lake's events in memory, loaded once for any number of replays, and the loop over them."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.errors import InputError
from keep3r_replay.protocols.keep3r_v2.replay.protocol import HANDLERS
from keep3r_replay.replay.contract import emitters
from keep3r_replay.replay.engine import facts_by_block
from keep3r_replay.replay.timeline import WHOLE, Span, slices

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext, Row
    from keep3r_replay.replay.engine import BlockFacts, Model

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
    facts: dict[int, BlockFacts]
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
    facts = _facts(lake, span)
    blocks: list[int] = []
    transactions: list[int] = []
    tables: list[int] = []
    rows: list[tuple[Any, ...]] = []
    for part in slices(lake, columns, span, emitters(lake, contract)):
        blocks.extend(part.blocks)
        transactions.extend(part.transactions)
        tables.extend(part.tables)
        rows.extend(next(part.rows[table]) for table in part.tables)
    missing = next((block for block in blocks if block not in facts), None)
    if missing is not None:
        raise InputError(lake.path, "block without timestamp, base fee or gas limit", place=f"block {missing}")
    last_block = max([*blocks[-1:], *_last_reading(lake, span)], default=0)
    return History(blocks, transactions, tables, rows, facts, last_block)


def _facts(lake: Lake, span: Span) -> dict[int, BlockFacts]:
    columns = ["number", "timestamp", "base_fee_per_gas", "gas_limit"]
    blocks = lake.scan("blocks", columns=columns, from_block=span.first, until_block=span.until)
    frame = blocks.drop_nulls().collect()
    return facts_by_block(frame)


def _last_reading(lake: Lake, span: Span) -> list[int]:
    if not lake.has("readings"):
        return []
    readings = lake.scan("readings", columns=["block_number"], from_block=span.first, until_block=span.until)
    last = readings.max().collect().item()
    return [] if last is None else [last]


def replay(
    history: History,
    model: Model,
    handlers: Sequence[Callable[[CallContext, Row], None]],
    changes: Sequence[Change] = (),
) -> None:
    """Take the model through the history, with `changes` at their places.

    A change of a block without events happens where the chain next has one; what comes after the last event happens at
    the last block.
    """
    # Changes wait in reverse, the next one last; a block's first ones stand before it, its last ones after.
    waiting = sorted(changes, key=lambda change: (change.block, change.after_events, change.order), reverse=True)
    context = model.context
    begin_transaction, end_transaction = model.begin_transaction, model.end_transaction
    facts = history.facts
    present_block = present_transaction = -1
    for block, transaction, table, row in zip(
        history.blocks, history.transactions, history.tables, history.rows, strict=True
    ):
        if block != present_block:
            end_transaction()
            while waiting and waiting[-1].block <= present_block:
                waiting.pop().apply()
            model.begin_block(block, *facts[block])
            present_block, present_transaction = block, transaction
            while waiting and waiting[-1][:2] <= (block, False):
                waiting.pop().apply()
            begin_transaction((block, transaction))
        elif transaction != present_transaction:
            end_transaction()
            present_transaction = transaction
            begin_transaction((block, transaction))
        handlers[table](context, row)
    end_transaction()
    while waiting:
        waiting.pop().apply()
    if history.last_block > present_block and history.last_block in facts:
        model.begin_block(history.last_block, *facts[history.last_block])
