"""Pools on their own: their rings of observations as a table, and a replay of nothing but them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.replay.parts import Kept, Table
    from keep3r_replay.replay.protocol import Block, EventHandler, Place, Transaction
    from keep3r_replay.uniswap_v3.oracle import Pool

OBSERVATIONS = pl.Schema(
    {
        "pool": pl.String,
        "position": pl.Int64,
        "timestamp": pl.Int64,
        "tick_cumulative": pl.Int64,
        "seconds_per_liquidity": pl.String,
    }
)
"""Table `observations`: the pools' rings, by time. A cumulative per liquidity has 160 bits: it is hexadecimal text."""

_ORDER = ("timestamp", "pool", "position")

_WITHOUT_VIEW = ("uniswap_v3_pool.", "keep3r_helper.OracleSet", "sidechain_oracle.", "oracle_factory.")
"""Events whose effect no reading tells in full: they are replayed from the beginning."""


class Entering(Protocol):
    """What a replay of pools takes over from that of the contract."""

    @property
    def context(self) -> Any:
        """First argument of every handler."""

    def begin_block(self, block: Block) -> None:
        """Enter a block."""

    def begin_transaction(self, place: Place, transaction: Transaction | None) -> None:
        """Enter a transaction."""


class FormerObservations(NamedTuple):
    """Those of a run that went before, and how many of each pool there were where this one went on."""

    kept: Kept
    counts: Mapping[str, int]


def observations(pools: Mapping[str, Pool], former: FormerObservations | None = None) -> Table:
    """The pools' observations by time, which snapshots count on; `former` are those of a run that went before."""
    counts = {} if former is None else former.counts
    rows: dict[str, list[Any]] = {name: [] for name in OBSERVATIONS}
    for address, pool in sorted(pools.items()):
        known = max(counts.get(address, 0) - pool.forgotten, 0)
        rows["pool"] += [address] * (len(pool.times) - known)
        rows["position"] += range(pool.forgotten + known, pool.forgotten + len(pool.times))
        rows["timestamp"] += pool.times[known:]
        rows["tick_cumulative"] += pool.tick_cumulatives[known:]
        rows["seconds_per_liquidity"] += map(hex, pool.per_liquidity[known:])
    new = pl.DataFrame(rows, schema=OBSERVATIONS)
    if former is None:
        return new.sort(_ORDER)
    before = former.kept.lazy()
    last = before.group_by("pool").agg(pl.col("position").max()).collect()
    if any(position >= counts.get(address, 0) for address, position in last.iter_rows()):
        # The run goes on from before the end of the former one.
        known_counts = pl.LazyFrame(list(counts.items()), schema={"pool": pl.String, "known": pl.Int64}, orient="row")
        known_rows = before.join(known_counts, on="pool").filter(pl.col("position") < pl.col("known"))
        return pl.concat([known_rows.select(OBSERVATIONS.names()).collect(), new]).sort(_ORDER)
    if not new.height:
        return former.kept.grown(new)
    # What came is later than all there was, but for a few: two pools in one second, an oracle that is told late.
    same = before.filter(pl.col("timestamp") < new["timestamp"].min()).select(pl.len()).collect().item()
    late = before.slice(same).collect()
    return former.kept.grown(pl.concat([late, new]).sort(_ORDER), same)


class OfPools:
    """A replay of what no reading tells: pools, and which of them a sidechain's helper asks."""

    transactions = None

    def __init__(self, replay: Entering, handlers: Mapping[str, EventHandler]) -> None:
        self.context = replay.context
        self.handlers = {name: handler for name, handler in handlers.items() if name.startswith(_WITHOUT_VIEW)}
        self.begin_block = replay.begin_block
        self.begin_transaction = replay.begin_transaction

    def end_transaction(self) -> None:
        """Leave a transaction: no event of a pair manager is replayed, so mints are not held against them."""
        self.context.pool_mints.clear()


def rings(pools: Mapping[str, Mapping[str, int]], table: pl.LazyFrame) -> dict[str, list[list[int]]]:
    """Observations in each pool's ring at a snapshot: time, tick cumulative, seconds per liquidity."""
    wanted = {
        address: (pl.col("pool") == address)
        & pl.col("position").is_between(pool["observed"] - pool["stored"], pool["observed"], closed="left")
        for address, pool in pools.items()
    }
    # Asked once: a query costs more than its rows.
    found = table.filter(pl.any_horizontal(pl.lit(value=False), *wanted.values())).collect()
    return {
        address: [
            [time, cumulative, int(per_liquidity, 16)]
            for time, cumulative, per_liquidity in found.filter(is_of)
            .sort("position")
            .select("timestamp", "tick_cumulative", "seconds_per_liquidity")
            .iter_rows()
        ]
        for address, is_of in wanted.items()
    }
