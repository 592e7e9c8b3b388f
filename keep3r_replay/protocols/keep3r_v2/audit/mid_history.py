"""A start in mid-history: the contract's state from readings at a block, the pools' from their own events before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.replay.from_readings import Readings
from keep3r_replay.protocols.keep3r_v2.replay.protocol import HANDLERS
from keep3r_replay.replay.engine import run
from keep3r_replay.replay.timeline import Span

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2

_WITHOUT_VIEW = ("uniswap_v3_pool.", "keep3r_helper.OracleSet")
"""Events whose effect no reading tells in full: they are replayed from the beginning."""


@dataclass(frozen=True)
class ReadingsStart:
    """The state that readings tell after `block`."""

    lake: Lake
    block: int
    readings: Readings

    def restore(self, protocol: Keep3rV2) -> None:
        """Put the model there: pools by replaying their events, everything else from the readings."""
        handlers = {name: handler for name, handler in HANDLERS.items() if name.startswith(_WITHOUT_VIEW)}
        run(
            self.lake,
            protocol,
            {name: handler.columns for name, handler in handlers.items()},
            [handler.handle for handler in handlers.values()],
            [],
            _ignore,
            Span(None, self.block),
        )
        protocol.start_from(self.readings)


def readings_start(lake: Lake, block: int) -> ReadingsStart:
    """The start from the readings after `block`.

    Raises:
        UsageError: the lake has no readings after that block.
    """
    blocks = lake.scan("readings", columns=["block_number"]).unique().collect() if lake.has("readings") else None
    present = [] if blocks is None else sorted(blocks["block_number"].to_list())
    if block not in present:
        near = max((other for other in present if other < block), default=None)
        hint = f"the last before it are at block {near}" if near is not None else "the lake has none before it"
        raise UsageError(f"start_block={block}: no readings after this block; {hint}")
    rows = lake.scan(
        "readings", columns=["contract", "view", "arguments", "value"], from_block=block, until_block=block
    )
    values = {
        (contract, view, arguments): value
        for contract, view, arguments, value in rows.filter(pl.col("value").is_not_null()).collect().iter_rows()
    }
    return ReadingsStart(lake, block, Readings(values))


def _ignore(block: int) -> None:
    """No readings are compared on the way to the start."""
