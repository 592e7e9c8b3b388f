"""Snapshots of the model on the way through a history: kept with the results, and taken up again by a later run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.replay.results import MANIFEST, is_results, lake_fingerprint

if TYPE_CHECKING:
    from pathlib import Path

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2

EVERY = 8_192
"""Events between two snapshots: few enough to replay while a person waits for the state at a block."""

SNAPSHOTS = "snapshots"
OBSERVATIONS = "observations"


class SnapshotRecorder:
    """Takes a snapshot at the end of a block, every so many events; a run's `Checkpoints`."""

    def __init__(self, protocol: Keep3rV2, every: int = EVERY) -> None:
        self.every = every
        self._protocol = protocol
        self._taken: list[tuple[str, int, str]] = []

    def take(self, block: int) -> None:
        """Keep the model's state at the end of `block`."""
        state = json.dumps(self._protocol.snapshot(), sort_keys=True, separators=(",", ":"))
        self._taken.append((self._protocol.keep3r.address, block, state))

    def tables(self) -> dict[str, pl.DataFrame]:
        """The snapshots (contract, block, state as JSON), and the pools' observations that they count on.

        An observation's cumulative per liquidity has 160 bits, and stands as hexadecimal text.
        """
        rows: dict[str, list[Any]] = {
            "pool": [],
            "position": [],
            "timestamp": [],
            "tick_cumulative": [],
            "seconds_per_liquidity": [],
        }
        if self._taken:
            for address, pool in sorted(self._protocol.keep3r.pools.items()):
                rows["pool"] += [address] * len(pool.times)
                rows["position"] += range(pool.forgotten, pool.forgotten + len(pool.times))
                rows["timestamp"] += pool.times
                rows["tick_cumulative"] += pool.tick_cumulatives
                rows["seconds_per_liquidity"] += map(hex, pool.per_liquidity)
        return {
            SNAPSHOTS: pl.DataFrame(
                self._taken, schema={"keep3r": pl.String, "block_number": pl.UInt32, "state": pl.String}, orient="row"
            ),
            OBSERVATIONS: pl.DataFrame(
                rows,
                schema={
                    "pool": pl.String,
                    "position": pl.Int64,
                    "timestamp": pl.Int64,
                    "tick_cumulative": pl.Int64,
                    "seconds_per_liquidity": pl.String,
                },
            ),
        }


@dataclass(frozen=True)
class Snapshot:
    """The model at the end of `block`, with the observations that were in the pools' rings."""

    block: int
    state: dict[str, Any]
    observations: dict[str, list[list[int]]]

    def restore(self, protocol: Keep3rV2) -> None:
        """Put the model there."""
        protocol.restore(self.state, self.observations)


def load_snapshot(results: Path, lake: Lake, keep3r: str, at_most: int | None) -> Snapshot | None:
    """The last snapshot of a contract up to block `at_most` (None: the last); None where there is none.

    Raises:
        UsageError: the folder holds no results, or those of another lake.
        InputError: its tables are damaged.
    """
    _check_lake(results, lake)
    try:
        frame = pl.scan_parquet(results / f"{SNAPSHOTS}.parquet").filter(pl.col("keep3r") == keep3r)
        if at_most is not None:
            frame = frame.filter(pl.col("block_number") <= at_most)
        found = frame.sort("block_number").last().collect()
        if not found.height:
            return None
        state = json.loads(found["state"][0])
        return Snapshot(found["block_number"][0], state, _observations(results, state))
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise InputError(results, f"the snapshots cannot be read: {error}", remedy="replay the lake again") from None


def _observations(results: Path, state: dict[str, Any]) -> dict[str, list[list[int]]]:
    table = pl.scan_parquet(results / f"{OBSERVATIONS}.parquet")
    wanted = [
        table.filter(
            (pl.col("pool") == address)
            & pl.col("position").is_between(pool["observed"] - pool["stored"], pool["observed"], closed="left")
        ).sort("position")
        for address, pool in state["pools"].items()
    ]
    return {
        address: [
            [time, cumulative, int(per_liquidity, 16)]
            for time, cumulative, per_liquidity in frame.select(
                "timestamp", "tick_cumulative", "seconds_per_liquidity"
            ).iter_rows()
        ]
        for address, frame in zip(state["pools"], pl.collect_all(wanted), strict=True)
    }


def _check_lake(results: Path, lake: Lake) -> None:
    if not is_results(results):
        raise UsageError(f"{results}: holds no results of a replay; make some with keep3r replay")
    inputs = json.loads((results / MANIFEST).read_bytes())["inputs"]
    if inputs["deployment.json"] != lake_fingerprint(lake)["deployment.json"]:
        raise UsageError(f"{results}: these are results of another lake than {lake.path}")
