"""Accounts of a lake: since when each has signed transactions, and since when transactions have called it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import polars as pl

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import KeptTables

TABLE = "first_transactions"
"""Table of what is kept of a run: these."""
ACCOUNTS = pl.Schema({"address": pl.String(), "signed_since": pl.UInt32(), "called_since": pl.UInt32()})
"""By address, the block of the first transaction that it signed, and of the first successful one that calls it."""

_known: WeakKeyDictionary[Lake, pl.DataFrame] = WeakKeyDictionary()


def accounts_of(lake: Lake) -> pl.DataFrame:
    """`ACCOUNTS` of all of a lake's transactions, by address; counted once."""
    found = _known.get(lake)
    if found is None:
        found = _known[lake] = _counted(lake, None, None)
    return found


def count_on(lake: Lake, block: int, former: KeptTables) -> None:
    """Count a lake's accounts from those of a former run, up to the end of `block`, on.

    Raises:
        KeyError: none were kept.
    """
    _known[lake] = _counted(lake, block, former(TABLE))


def _counted(lake: Lake, block: int | None, former: pl.LazyFrame | None) -> pl.DataFrame:
    parts: list[pl.LazyFrame] = []
    if lake.has("transactions"):
        scan = lake.scan("transactions", from_block=None if block is None else block + 1)
        parts += [
            scan.group_by(pl.col("from").alias("address"))
            .agg(pl.col("block_number").min().alias("signed_since"))
            .with_columns(pl.lit(None, pl.UInt32).alias("called_since")),
            scan.filter((pl.col("status") == 1) & pl.col("to").is_not_null())
            .group_by(pl.col("to").alias("address"))
            .agg(pl.col("block_number").min().alias("called_since"))
            .select("address", pl.lit(None, pl.UInt32).alias("signed_since"), "called_since"),
        ]
    if former is not None:
        # What it counted beyond the block is counted again.
        known = (pl.when(pl.col(name) <= block).then(pl.col(name)) for name in ("signed_since", "called_since"))
        parts.append(former.select("address", *known))
    if not parts:
        return pl.DataFrame(schema=ACCOUNTS)
    firsts = pl.concat(parts).group_by("address").agg(pl.col("signed_since").min(), pl.col("called_since").min())
    is_known = pl.any_horizontal(pl.col("signed_since", "called_since").is_not_null())
    return firsts.filter(is_known).sort("address").select(ACCOUNTS.names()).cast(ACCOUNTS).collect()
