"""Where a transaction stands that a person names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.errors import UsageError

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake


def transaction_at(lake: Lake, place: tuple[int, int | None, str]) -> tuple[int, int]:
    """Block and index of the transaction at a place: block, log index (None: the hash tells), transaction hash.

    Raises:
        UsageError: the lake holds no such transaction, or no such log.
    """
    block, log_index, digest = place
    if digest:
        bare = digest.lower().removeprefix("0x")
        # A lake may hold logs without their transactions, and failed transactions have no logs.
        wanted = {
            "transactions": pl.col("hash") == f"0x{bare}",
            "logs": pl.col("transaction_hash").bin.encode("hex") == bare,
        }
    else:
        wanted = {"logs": (pl.col("block_number") == block) & (pl.col("log_index") == log_index)}
    for table, is_meant in wanted.items():
        if lake.has(table):
            found = lake.scan(table).filter(is_meant).select("block_number", "transaction_index").head(1).collect()
            if found.height:
                return int(found["block_number"].item()), int(found["transaction_index"].item())
    raise UsageError(f"{digest[:80] or f'block {block} log {log_index}'}: the lake holds no such transaction")
