"""The transactions of a history, for a replay that goes without where there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.timeline import Span

_AMOUNT = pl.Decimal(38, 0)
SENT = pl.Schema(
    {
        "block_number": pl.UInt32(),
        "transaction_index": pl.UInt32(),
        "hash": pl.String(),
        "from": pl.String(),
        "to": pl.String(),
        "input": pl.Binary(),
        "gas": pl.Int64(),
        "gas_used": pl.Int64(),
        "effective_gas_price": _AMOUNT,
        "status": pl.Int8(),
    }
)
"""Columns of the lake's table `transactions`; the price in wei."""


def sent(lake: Lake, span: Span) -> pl.LazyFrame:
    """The transactions of a part of the history; none where the lake has no such table, or it is left aside."""
    if not lake.has("transactions"):
        return pl.LazyFrame(schema=SENT)
    return lake.scan("transactions", from_block=span.first, until_block=span.until)
