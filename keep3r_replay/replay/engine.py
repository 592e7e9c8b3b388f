"""The loop: every transaction and event of a history, in chain order, to a replay; what stands between blocks, too."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from keep3r_replay.errors import InputError
from keep3r_replay.replay.protocol import Block
from keep3r_replay.replay.timeline import WHOLE, Span, slices

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import EventHandler, Place, Row, Transaction
    from keep3r_replay.replay.runs import Run, Runs
    from keep3r_replay.replay.timeline import Slice


class Folding(Protocol):
    """What the loop needs of a replay; see `replay.protocol.Replay`."""

    @property
    def context(self) -> Any:
        """First argument of every handler."""

    def begin_block(self, block: Block) -> None:
        """Enter a block."""

    def begin_transaction(self, place: Place, transaction: Transaction | None) -> None:
        """Enter a transaction of the present block."""

    def end_transaction(self) -> None:
        """Leave the present transaction."""


class Watched(Folding, Protocol):
    """What a run over a lake needs of a replay."""

    @property
    def handlers(self) -> Mapping[str, EventHandler]:
        """Handlers by table."""

    @property
    def transactions(self) -> pl.Expr | None:
        """Which of the lake's transactions are handed to it; None: none."""


class Checkpoints(Protocol):
    """Who keeps the model's state on the way.

    Where the checkpoints are depends on the history alone, not on where runs ended that went through it.
    """

    every: int
    """Events between two checkpoints; 0: none on the way."""
    left: int
    """Events until the next checkpoint is due: known when a run begins, told when it ends."""
    entered: Block | None
    """The last block that the model has entered, told when a run ends."""

    def take(self, block: Block) -> int:
        """Keep the state: the model stands at the end of `block`; give the events until the next checkpoint."""


class Agenda(Protocol):
    """What happens between blocks, beside the history's own."""

    def leave(self, present: int, coming: int) -> None:
        """The model stands at the end of block `present` (-1: nowhere yet), the next one with events is `coming`."""

    def entered(self, block: int) -> None:
        """The model has entered `block`; none of its events has been handled."""


class Readings:
    """An agenda of blocks with readings: the model stands at the end of each as `on_readings` is called.

    Args:
        blocks: ascending.
        on_readings: gets the block's number.
        enter: takes the model into a block without events.
    """

    def __init__(self, blocks: Sequence[int], on_readings: Callable[[int], None], enter: Callable[[int], None]) -> None:
        self._waiting = list(blocks[::-1])
        self._on_readings = on_readings
        self._enter = enter

    def leave(self, present: int, coming: int) -> None:
        """Come to the blocks with readings before `coming`."""
        while self._waiting and self._waiting[-1] < coming:
            block = self._waiting.pop()
            if block != present:
                self._enter(block)
            self._on_readings(block)

    def entered(self, block: int) -> None:
        """Readings are taken at the end of blocks only."""


def run(
    lake: Lake,
    replay: Watched,
    *,
    reading_blocks: Sequence[int] = (),
    on_readings: Callable[[int], None] | None = None,
    span: Span = WHOLE,
    emitters: Mapping[str, Collection[str]] | None = None,
    checkpoints: Checkpoints | None = None,
    runs: Runs | None = None,
) -> None:
    """Replay a lake.

    Args:
        lake: the history.
        replay: the contract under replay.
        reading_blocks: blocks after which `on_readings` is called, ascending; with the model at that block's end.
        on_readings: gets the block's number.
        span: the part of the history to replay.
        emitters: for roles of which the lake holds several contracts, those to replay.
        checkpoints: gets the model at the end of a block, every so many events.
        runs: takes plain events many at a time; None: each goes to its handler.

    Raises:
        InputError: a block that carries events or readings is not in the lake.
    """
    handlers = replay.handlers
    columns = {name: handler.columns for name, handler in handlers.items()}
    chosen = replay.transactions
    blocks = Blocks(lake, blocks_with(lake, columns, reading_blocks, span, chosen), span)
    agenda = Readings(reading_blocks, on_readings or _ignore, lambda block: replay.begin_block(blocks[block]))
    fold(
        slices(lake, columns, span, emitters or {}, chosen, runs),
        replay,
        [handler.handle for handler in handlers.values()],
        blocks,
        agenda,
        checkpoints,
        runs.take if runs is not None else None,
    )
    if checkpoints is not None and blocks.entered is not None:
        checkpoints.entered = blocks.entered


def fold(
    parts: Iterable[Slice],
    replay: Folding,
    handlers: Sequence[Callable[[Any, Row], None]],
    blocks: Mapping[int, Block],
    agenda: Agenda,
    checkpoints: Checkpoints | None = None,
    take_run: Callable[[Any, Run], None] | None = None,
) -> None:
    """Take a replay through parts of a history, with as few look-ups an event as there can be.

    `handlers` stand in the order of the parts' tables; the place after the last one is that of transactions, the one
    after that of runs, which go to `take_run`.
    """
    context = replay.context
    begin_transaction, end_transaction = replay.begin_transaction, replay.end_transaction
    transaction_table = len(handlers)
    handle: list[Any] = [*handlers, None, take_run]
    present_block = present_transaction = -1
    number = 0
    due = checkpoints.left if checkpoints and checkpoints.every else sys.maxsize
    for part in parts:
        rows = part.rows
        for block, transaction, table, number in zip(
            part.blocks, part.transactions, part.tables, part.numbers, strict=True
        ):
            if block != present_block or transaction != present_transaction:
                end_transaction()
                if block != present_block:
                    if number > due and checkpoints and present_block >= 0:
                        due = _check(checkpoints, agenda, blocks[present_block], number - 1)
                    agenda.leave(present_block, block)
                    replay.begin_block(blocks[block])
                    present_block = block
                    agenda.entered(block)
                present_transaction = transaction
                if table == transaction_table:
                    begin_transaction((block, transaction), next(rows[table]))
                    continue
                begin_transaction((block, transaction), None)
            handle[table](context, next(rows[table]))
        number = part.last
    end_transaction()
    if number >= due and checkpoints and present_block >= 0:
        due = _check(checkpoints, agenda, blocks[present_block], number)
    agenda.leave(present_block, sys.maxsize)
    if checkpoints and checkpoints.every:
        checkpoints.left = due - number


def _check(checkpoints: Checkpoints, agenda: Agenda, block: Block, done: int) -> int:
    """Take a checkpoint at the end of a block, what is due at its end included; returns when the next one is due."""
    agenda.leave(block.number, block.number + 1)
    return done + checkpoints.take(block)


class Blocks(Mapping[int, Block]):
    """The blocks of a lake by number: those that a replay goes through. The rest of a long history stays on disk."""

    def __init__(self, lake: Lake, needed: pl.LazyFrame, span: Span) -> None:
        self._source = lake.path
        scan = lake.scan(
            "blocks",
            columns=["number", "timestamp", "base_fee_per_gas", "gas_limit"],
            from_block=span.first,
            until_block=span.until,
        )
        frame = scan.join(needed, left_on="number", right_on="block_number", how="semi").collect()
        missing = frame.filter(pl.col("timestamp").is_null())
        if missing.height:
            raise InputError(lake.path, "block without a timestamp", place=f"block {missing['number'][0]}")
        self._blocks: dict[int, Block] = dict(zip(frame["number"].to_list(), _rows(frame), strict=True))
        self.entered: Block | None = None
        """The block that was asked for last, which is the one that the model has entered."""

    def __getitem__(self, number: int) -> Block:
        """The block of that number. Raises `InputError` if the lake does not hold it."""
        found = self._blocks.get(number)
        if found is None:
            raise InputError(self._source, "the lake does not hold this block", place=f"block {number}")
        self.entered = found
        return found

    def __contains__(self, number: object) -> bool:
        """Whether the lake holds the block and the replay goes through it."""
        return number in self._blocks

    def __iter__(self) -> Iterator[int]:
        return iter(self._blocks)

    def __len__(self) -> int:
        return len(self._blocks)


def blocks_with(
    lake: Lake,
    tables: Iterable[str],
    reading_blocks: Sequence[int],
    span: Span,
    chosen: pl.Expr | None = None,
) -> pl.LazyFrame:
    """Numbers (column `block_number`, each once) of blocks with events of `tables`, readings or chosen transactions."""
    parts = [
        lake.scan(f"events/{name}", columns=["block_number"], from_block=span.first, until_block=span.until)
        for name in tables
        if lake.reaches(f"events/{name}", span.first, span.until)
    ]
    if chosen is not None and lake.has("transactions"):
        transactions = lake.scan("transactions", from_block=span.first, until_block=span.until)
        parts.append(transactions.filter(chosen).select("block_number"))
    parts.append(pl.LazyFrame({"block_number": list(reading_blocks)}, schema={"block_number": pl.UInt32}))
    return pl.concat(parts).unique()


def _rows(frame: pl.DataFrame) -> Iterable[Block]:
    values = zip(
        frame["number"].to_list(),
        frame["timestamp"].to_list(),
        frame["base_fee_per_gas"].cast(pl.Int128).to_list(),
        frame["gas_limit"].to_list(),
        strict=True,
    )
    return map(Block._make, values)


def _ignore(_block: int) -> None:
    """No readings are asked for."""
