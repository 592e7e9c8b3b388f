"""Snapshots of the model on the way through a history: kept with the results, and taken up again by a later run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from typing import Protocol as Interface

import polars as pl

from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.lake.shapes import parsed
from keep3r_replay.replay.code import code_hash
from keep3r_replay.replay.history import Block
from keep3r_replay.replay.parts import files_of, frame_of
from keep3r_replay.replay.results import MANIFEST, is_results, lake_fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.parts import Kept, Table
    from keep3r_replay.replay.protocol import Replay

EVERY = 8_192
"""Events between two snapshots: few enough to replay while a person waits for the state at a block."""
_CHARACTERS_AN_EVENT = 16
"""Of a state, in what a replay of an event costs twenty times: some 100 ns a character, 40 us an event."""

SNAPSHOTS = "snapshots"


class Counted(Interface):
    """What the readings of a run have come to so far; see `readings.Reconciliation`."""

    matched: int
    undetermined: dict[tuple[str, str], int]


END = "end"
"""Table of what is kept of a run: the model where it ended, and how far it had come."""
PROGRESS = "progress"
"""Table of what is kept of a run: how far it had come at each of its `snapshots`."""


class Progress(NamedTuple):
    """How far a run has come at a snapshot, beside the model's state.

    Attributes:
        left: events until the next snapshot is due.
        entered: the block that the model has entered last: its fields; None before the first.
        matched: readings that agreed so far.
        undetermined: view, reason and number of the readings that nothing decides.
    """

    left: int
    entered: Block | None
    matched: int = 0
    undetermined: tuple[tuple[str, str, int], ...] = ()

    def to_json(self) -> str:
        """The text that stands in a table."""
        return json.dumps(self, separators=(",", ":"))


def progress_of(text: str) -> Progress:
    """Read a `Progress` back. Raises `ValueError` or `TypeError` for what is none."""
    left, entered, matched, undetermined = parsed(text)
    block = None if entered is None else Block(*entered)
    return Progress(left, block, matched, tuple((view, reason, count) for view, reason, count in undetermined))


class SnapshotRecorder:
    """Takes a snapshot at the end of a block, every so many events, and where a run stops; a run's `Checkpoints`.

    Args:
        replay: whose state is kept.
        role, address: of the contract under replay.
        every: events between two snapshots; 0: none on the way.
        counted: what the readings so far came to, if they are compared.
    """

    def __init__(
        self, replay: Replay, role: str, address: str, every: int = EVERY, counted: Counted | None = None
    ) -> None:
        self.every = self.left = every
        self.entered: Block | None = None
        self._replay = replay
        self._role = role
        self._address = address
        self._counted = counted
        self._taken: list[tuple[str, int, str]] = []
        self._progress: list[tuple[str, int, str]] = []
        self._end: list[tuple[str, int, str, str]] = []
        self._former: dict[str, Kept] = {}

    def go_on(self, progress: Progress, snapshots: Kept, told: Kept) -> None:
        """Take over from a former run: how far it had come, its snapshots so far, and the progress told of each."""
        self.left, self.entered = progress.left, progress.entered
        self._former = {SNAPSHOTS: snapshots, PROGRESS: told}

    def take(self, block: Block) -> int:
        """Keep the model's state at the end of `block`; give the events until the next time.

        They are `every`, or more where that is not close and the state is large: what is kept would else cost more
        than the replay between. The length of the state decides, so that all runs keep it at the same places.
        """
        state = self._state()
        far = self.every >= EVERY
        left = max(self.every, len(state) // _CHARACTERS_AN_EVENT if far else 0) + 1
        self._taken.append((self._address, block.number, state))
        self._progress.append((self._address, block.number, self._told(left, block)))
        return left

    def end(self, block: int, *, stopped: bool) -> None:
        """The run is over, up to the end of `block`; `stopped` says that the history was not, as far as was asked."""
        state = self._state()
        self._end.append((self._address, block, state, self._told(self.left, self.entered)))
        if stopped:
            self._taken.append((self._address, block, state))

    def _state(self) -> str:
        return json.dumps(self._replay.snapshot(), sort_keys=True, separators=(",", ":"))

    def _told(self, left: int, entered: Block | None) -> str:
        counted = self._counted
        if counted is None:
            return Progress(left, entered).to_json()
        undetermined = tuple((*name, count) for name, count in counted.undetermined.items())
        return Progress(left, entered, counted.matched, undetermined).to_json()

    def tables(self) -> dict[str, Table]:
        """The snapshots (contract, block, state as JSON), and the append-only tables that they count on."""
        kept = self._replay.kept()
        return {
            SNAPSHOTS: self._grown(SNAPSHOTS, self._table(self._taken, "state")),
            **(kept if self._taken or self._end else {name: frame_of(each).clear() for name, each in kept.items()}),
        }

    def progress(self) -> dict[str, Table]:
        """What a later run needs to go on from the snapshots, and from the end."""
        told = self._grown(PROGRESS, self._table(self._progress, "progress"))
        return {END: self._table(self._end, "state", "progress"), PROGRESS: told}

    def _grown(self, name: str, new: pl.DataFrame) -> Table:
        """A table of the run: what it took over, and what it wrote itself."""
        former = self._former.get(name)
        return new if former is None else former.grown(new)

    def _table(self, rows: Sequence[tuple[Any, ...]], *texts: str) -> pl.DataFrame:
        schema = {self._role: pl.String(), "block_number": pl.UInt32(), **dict.fromkeys(texts, pl.String())}
        return pl.DataFrame(rows, schema=schema, orient="row")


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
    try:
        parts = files_of(results, {"files": files})[name]
        for each in parts:
            _check_digest(results / each.file, each.sha256)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(results, f"the snapshots cannot be read: {error}", remedy="replay the lake again") from None
    return pl.scan_parquet([results / each.file for each in parts], glob=False)


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
