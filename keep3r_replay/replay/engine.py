"""The loop: every event of a lake, in chain order, to its handler; every block with readings to the reader of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import polars as pl

from keep3r_replay.errors import InputError
from keep3r_replay.replay.timeline import WHOLE, Span, slices

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake

Handle = Callable[[Any, tuple[Any, ...]], None]


class Model(Protocol):
    """What the engine needs of a protocol under replay."""

    @property
    def context(self) -> Any:
        """First argument of every handler."""

    def begin_block(self, number: int, timestamp: int, base_fee: int, gas_limit: int) -> None:
        """Enter a block: its time in seconds, base fee in wei, gas limit in gas."""

    def begin_transaction(self, transaction: tuple[int, int]) -> None:
        """Enter the transaction (block number, index) of the present block."""

    def end_transaction(self) -> None:
        """Leave the present transaction."""


class BlockFacts(NamedTuple):
    """What the model is told of a block: seconds, wei, gas."""

    timestamp: int
    base_fee: int
    gas_limit: int


class Checkpoints(Protocol):
    """Who keeps the model's state on the way."""

    every: int
    """Events between two checkpoints."""

    def take(self, block: int) -> None:
        """Keep the state: the model stands at the end of `block`."""


def run(
    lake: Lake,
    model: Model,
    columns: Mapping[str, Sequence[str]],
    handlers: Sequence[Handle],
    reading_blocks: Sequence[int],
    on_readings: Callable[[int], None],
    span: Span = WHOLE,
    emitters: Mapping[str, str] = MappingProxyType({}),
    checkpoints: Checkpoints | None = None,
) -> None:
    """Replay a lake.

    Args:
        lake: the history.
        model: the protocol under replay.
        columns: for each event table the columns its handler reads, in the order of `handlers`.
        handlers: one per table.
        reading_blocks: blocks after which `on_readings` is called, ascending; with the model at that block's end.
        on_readings: gets the block's number.
        span: the part of the history to replay.
        emitters: for roles of which the lake holds several contracts, the one to replay.
        checkpoints: gets the model at the end of a block, every so many events.

    Raises:
        InputError: a block that carries events or readings is not in the lake.
    """
    blocks_ahead = _Blocks(lake, model, columns, [block for block in reading_blocks if span.holds(block)], span)

    # THE LOOP, with as few look-ups an event as there can be
    context = model.context
    begin_transaction, end_transaction = model.begin_transaction, model.end_transaction
    present_block = present_transaction = -1
    numbers = count(1)
    due = checkpoints.every if checkpoints else sys.maxsize
    for blocks, transactions, tables, rows in slices(lake, columns, span, emitters):
        for block, transaction, table, number in zip(blocks, transactions, tables, numbers, strict=False):
            if block != present_block:
                end_transaction()
                if number > due and checkpoints:
                    checkpoints.take(present_block)
                    due = number + checkpoints.every
                blocks_ahead.read_before(block, on_readings)
                blocks_ahead.enter(block)
                present_block, present_transaction = block, transaction
                begin_transaction((block, transaction))
            elif transaction != present_transaction:
                end_transaction()
                present_transaction = transaction
                begin_transaction((block, transaction))
            handlers[table](context, next(rows[table]))
    end_transaction()
    blocks_ahead.read_before(sys.maxsize, on_readings)


class _Blocks:
    """The blocks of a run: what the model is told as it enters one, and which of them have readings to come to."""

    def __init__(
        self, lake: Lake, model: Model, columns: Mapping[str, Sequence[str]], reading_blocks: list[int], span: Span
    ) -> None:
        self._place = lake.path
        self._model = model
        self._facts = _block_facts(lake, reading_blocks, columns, span)
        self._waiting = reading_blocks[::-1]

    def enter(self, block: int) -> None:
        """Take the model into a block. Raises `InputError` if the lake does not hold it."""
        try:
            fact = self._facts[block]
        except KeyError:
            raise InputError(self._place, "the lake does not hold this block", place=f"block {block}") from None
        self._model.begin_block(block, *fact)

    def read_before(self, block: int, on_readings: Callable[[int], None]) -> None:
        """Come to the blocks with readings before `block`, the model standing at the end of each."""
        while self._waiting and self._waiting[-1] < block:
            reading = self._waiting.pop()
            self.enter(reading)
            on_readings(reading)


def _block_facts(
    lake: Lake, reading_blocks: Sequence[int], columns: Mapping[str, Sequence[str]], span: Span
) -> dict[int, BlockFacts]:
    """The blocks that carry events or readings. The rest of a long history stays on disk."""
    needed = pl.concat(
        [
            *(
                lake.scan(f"events/{name}", columns=["block_number"], from_block=span.first, until_block=span.until)
                for name in columns
                if lake.has(f"events/{name}")
            ),
            pl.LazyFrame({"block_number": reading_blocks}, schema={"block_number": pl.UInt32}),
        ]
    ).unique()
    blocks = lake.scan(
        "blocks",
        columns=["number", "timestamp", "base_fee_per_gas", "gas_limit"],
        from_block=span.first,
        until_block=span.until,
    )
    frame = blocks.join(needed, left_on="number", right_on="block_number", how="semi").collect()
    missing = frame.filter(pl.any_horizontal(pl.all().is_null()))
    if missing.height:
        raise InputError(
            lake.path, "block without timestamp, base fee or gas limit", place=f"block {missing['number'][0]}"
        )
    return facts_by_block(frame)


def facts_by_block(blocks: pl.DataFrame) -> dict[int, BlockFacts]:
    """Facts by number of the block, from rows of the lake's table `blocks` without a null."""
    values = zip(
        blocks["timestamp"].to_list(),
        blocks["base_fee_per_gas"].cast(pl.Int128).to_list(),
        blocks["gas_limit"].to_list(),
        strict=True,
    )
    return dict(zip(blocks["number"].to_list(), map(BlockFacts._make, values), strict=True))
