"""Snapshots of the model on the way through a history: kept with the results, and taken up again by a later run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.lake.shapes import parsed
from keep3r_replay.replay.code import code_hash
from keep3r_replay.replay.results import MANIFEST, is_results, lake_fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import Replay

EVERY = 8_192
"""Events between two snapshots: few enough to replay while a person waits for the state at a block."""

SNAPSHOTS = "snapshots"


class SnapshotRecorder:
    """Takes a snapshot at the end of a block, every so many events, and where a run stops; a run's `Checkpoints`."""

    def __init__(self, replay: Replay, role: str, address: str, every: int = EVERY) -> None:
        self.every = every
        self._replay = replay
        self._role = role
        self._address = address
        self._taken: list[tuple[str, int, str]] = []

    def take(self, block: int) -> None:
        """Keep the model's state at the end of `block`."""
        state = json.dumps(self._replay.snapshot(), sort_keys=True, separators=(",", ":"))
        self._taken.append((self._address, block, state))

    def tables(self) -> dict[str, pl.DataFrame]:
        """The snapshots (contract, block, state as JSON), and the append-only tables that they count on."""
        kept = self._replay.kept()
        return {
            SNAPSHOTS: pl.DataFrame(
                self._taken, schema={self._role: pl.String, "block_number": pl.UInt32, "state": pl.String}, orient="row"
            ),
            **(kept if self._taken else {name: frame.clear() for name, frame in kept.items()}),
        }


@dataclass(frozen=True)
class Snapshot:
    """The model at the end of `block`; `kept` gives the append-only tables that its state counts on."""

    block: int
    state: dict[str, Any]
    kept: Callable[[str], pl.LazyFrame]

    def restore(self, replay: Replay) -> None:
        """Put the model there."""
        replay.restore(self.state, self.kept)


def load_snapshot(results: Path, lake: Lake, role: str, address: str, at_most: int | None) -> Snapshot | None:
    """The last snapshot of a contract up to block `at_most` (None: the last) that holds for the lake as it is.

    A snapshot rests on the lake's files up to its block: where one of them is another now, no snapshot from its first
    block on is taken. None where there is none.

    Raises:
        UsageError: the folder holds no results, those of another lake, or those of other code.
        InputError: its tables are damaged.
    """
    manifest = _manifest(results, lake)
    changed = _first_changed_block(manifest, lake)
    last = at_most if changed is None else min(changed - 1, changed - 1 if at_most is None else at_most)
    try:
        for name, facts in manifest["files"].items():
            if name == f"{SNAPSHOTS}.parquet":
                _check_digest(results / name, facts["sha256"])
        frame = pl.scan_parquet(results / f"{SNAPSHOTS}.parquet").filter(pl.col(role) == address)
        if last is not None:
            frame = frame.filter(pl.col("block_number") <= last)
        found = frame.sort("block_number").last().collect()
        if not found.height:
            return None
        return Snapshot(
            found["block_number"][0], parsed(found["state"][0]), partial(_kept_table, results, manifest["files"])
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, pl.exceptions.PolarsError) as error:
        raise InputError(results, f"the snapshots cannot be read: {error}", remedy="replay the lake again") from None


def has_snapshots(results: Path, role: str, address: str) -> bool:
    """Whether results that `load_snapshot` has read hold any snapshot of a contract, whatever it rests on."""
    return bool(
        pl.scan_parquet(results / f"{SNAPSHOTS}.parquet").filter(pl.col(role) == address).head(1).collect().height
    )


def _kept_table(results: Path, files: dict[str, Any], name: str) -> pl.LazyFrame:
    """A table that snapshots count on. Raises `InputError` where its bytes are not those that were written."""
    file = f"{name}.parquet"
    try:
        _check_digest(results / file, files[file]["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(results, f"the snapshots cannot be read: {error}", remedy="replay the lake again") from None
    return pl.scan_parquet(results / file)


def _check_digest(file: Path, digest: str) -> None:
    if hashlib.sha256(file.read_bytes()).hexdigest() != digest:
        raise ValueError(f"{file.name} holds something other than was written")


def _manifest(results: Path, lake: Lake) -> dict[str, Any]:
    if not is_results(results):
        raise UsageError(f"{results}: holds no results of a replay; make some with keep3r replay")
    manifest: dict[str, Any] = parsed((results / MANIFEST).read_bytes())
    if manifest["inputs"]["deployment.json"] != lake_fingerprint(lake)["deployment.json"]:
        raise UsageError(f"{results}: these are results of another lake than {lake.path}")
    if manifest.get("code") != code_hash():
        raise UsageError(f"{results}: these results were made by another version of the code; replay the lake again")
    return manifest


def _first_changed_block(manifest: dict[str, Any], lake: Lake) -> int | None:
    """First block of the lake's files that are others than the results were made of; None if all are the same.

    Files of readings only bear on findings, which no snapshot holds.
    """
    former = {path: (first, digest) for path, first, _, digest in manifest.get("lake_files", ())}
    present = {entry.path: (entry.from_block, entry.sha256) for entry in lake.manifest.files}
    firsts = [
        first
        for path, (first, _) in {**former, **present}.items()
        if former.get(path) != present.get(path) and not path.startswith("readings")
    ]
    return min(firsts, default=None)
