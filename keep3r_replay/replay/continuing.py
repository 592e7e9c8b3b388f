"""Where a replay goes on from: what former results of the same lake hold, and whether that still holds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
from pyarrow.parquet import read_metadata

from keep3r_replay.journal import ERROR, Finding
from keep3r_replay.lake.reader import Lake
from keep3r_replay.lake.recent import RecentLake
from keep3r_replay.lake.shapes import parsed
from keep3r_replay.replay.accounts import count_on
from keep3r_replay.replay.code import code_hash
from keep3r_replay.replay.parts import SUFFIX, Kept, files_of
from keep3r_replay.replay.records import Records, until
from keep3r_replay.replay.rests_on import LakeFile, first_changed_block
from keep3r_replay.replay.results import KEPT, MANIFEST, SUMMARY, bears_mark, is_results, lake_fingerprint
from keep3r_replay.replay.snapshots import END, PROGRESS, SNAPSHOTS, progress_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from keep3r_replay.journal import Journal
    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.replay.parts import Part
    from keep3r_replay.replay.protocol import Protocol, Replay
    from keep3r_replay.replay.readings import Reconciliation
    from keep3r_replay.replay.snapshots import Progress, SnapshotRecorder

FINDINGS = "findings.parquet"
"""The table of findings, where it is no longer than a part."""
JOURNAL = "journal"
"""Table of what is kept of a run: what it noted on the way."""
NOTED = Records(Finding)
_FREE = frozenset({"until_block"})
"""Settings that may differ from those of the results that are gone on from."""
_BROKEN = (OSError, ValueError, KeyError, TypeError, AttributeError, pl.exceptions.PolarsError)


class RefusedError(Exception):
    """Former results are no place to go on from; the text says why, in a few words."""


@dataclass(frozen=True)
class Continued:
    """A snapshot of one contract in former results, with all that was written down before it: a `roots.Start`."""

    former: Former
    block: int
    state: str
    progress: Progress

    def restore(self, replay: Replay) -> None:
        """Put the model there, as the straight run stood there."""
        replay.restore(parsed(self.state), self.former)
        replay.recall(self.block, self.former)
        if self.progress.entered is not None:
            replay.begin_block(self.progress.entered)

    def take_over(self, journal: Journal, counted: Reconciliation | None, recorder: SnapshotRecorder | None) -> None:
        """Let a run's journal, its readings and its snapshots stand there as well."""
        journal.findings += self.former.noted(JOURNAL, self.block).get(JOURNAL, [])
        if counted is not None:
            counted.matched = self.progress.matched
            counted.undetermined = {(view, reason): count for view, reason, count in self.progress.undetermined}
        if recorder is not None:
            recorder.go_on(self.progress, *self._snapshots())

    def _snapshots(self) -> tuple[Kept, Kept]:
        """The snapshots so far, and the progress told of each; none is kept of where a run was told to stop."""
        taken, told = (self.former.until(name, self.block) for name in (SNAPSHOTS, PROGRESS))
        if taken.rows == told.rows:
            return taken, told
        on_the_way = taken.lazy().join(told.lazy(), on="block_number", how="semi", maintain_order="left")
        own = on_the_way.unique("block_number", keep="first", maintain_order=True).collect()
        return Kept(self.former.folder, (), own.height, own), told


@dataclass(frozen=True)
class Former:
    """Former results: their folder, the role and address of a contract of theirs, and the tables that they hold.

    `alone` says that they are of this contract only. `end` is the block that all of them end with, if that is where
    they are gone on from.
    """

    folder: Path
    role: str
    address: str
    files: Mapping[str, tuple[Part, ...]]
    alone: bool
    end: int | None = None

    def __call__(self, name: str) -> pl.LazyFrame:
        """A table, or one of those that were kept beside; its rows of this contract. Raises `KeyError` if none is."""
        return self.first(name).lazy()

    def first(self, name: str, rows: int | None = None) -> Kept:
        """The first rows of a table, or all. Raises `KeyError` if there is none."""
        parts = self.files[name]
        count = sum(each.rows for each in parts)
        if self.alone:
            return Kept(self.folder, parts, count if rows is None else rows)
        frame = Kept(self.folder, parts, count).lazy()
        if self.role in frame.collect_schema():
            frame = frame.filter(pl.col(self.role) == self.address)
        own = (frame if rows is None else frame.head(rows)).collect()
        return Kept(self.folder, (), own.height, own)

    def until(self, name: str, block: int) -> Kept:
        """The rows of a table in chain order up to a block. Raises `KeyError` if there is none."""
        whole = self.first(name)
        if not whole.rows or block == self.end:
            return whole
        rows = whole.lazy().filter(pl.col("block_number") <= block).select(pl.len()).collect().item()
        return whole if rows == whole.rows else self.first(name, rows)

    def noted(self, name: str, block: int) -> dict[str, list[Finding]]:
        """What a table of findings, by list, holds up to a block. Raises `KeyError` if there is none."""
        kept = self.first(name)
        # Its lists stand one after the other: they are in chain order, the table is not.
        return NOTED.lists(until(kept.lazy(), block)) if kept.rows else {}


def continued(
    lake: Lake,
    protocol: Protocol,
    roots: Sequence[Contract],
    results: Path,
    configuration: Mapping[str, Any],
    until_block: int | None,
) -> dict[str, Continued]:
    """Where each root contract goes on from, by address.

    Args:
        lake: the history.
        protocol: whose contracts are replayed.
        roots: those contracts.
        results: folder of former results.
        configuration: that of the run to come.
        until_block: its last block; None: all.

    Raises:
        RefusedError: it has to begin at the beginning, and why.
    """
    try:
        manifest = _manifest(results)
        _check_origin(lake, manifest, configuration)
        changed = first_changed_block(map(_file, manifest["lake_files"]), lake)
        files = files_of(results, manifest)
        _check_files(results, manifest)
        _check_findings(results, manifest)
        last = _last_block(lake, changed, until_block)
        tables = {name.removeprefix(KEPT): parts for name, parts in files.items()}
        alone = len(roots) == 1
        return {
            root.address: _snapshot(Former(results, protocol.root, root.address, tables, alone), last) for root in roots
        }
    except _BROKEN as error:
        raise RefusedError(f"the former results are damaged ({error})") from None


def recent(lake: Lake, starts: Sequence[object]) -> Lake:
    """The lake as replays see it that go on from former results: what came since is read once (`lake.recent`).

    It is the lake itself if one of them begins elsewhere, or if the lake is not as it lies there.
    """
    gone_on = [each for each in starts if isinstance(each, Continued)]
    if not gone_on or len(gone_on) < len(starts) or type(lake) is not Lake:
        return lake
    first = min(gone_on, key=lambda each: each.block)
    found = RecentLake(lake, first.block)
    count_on(found, first.block, first.former)
    return found


def known_files(results: Path) -> frozenset[tuple[str, str]]:
    """Path and SHA-256 of the lake's files that former results were made of; none where there are no such results."""
    try:
        return frozenset((each.path, each.sha256) for each in map(_file, _manifest(results)["lake_files"]))
    except (RefusedError, *_BROKEN):
        return frozenset()


def _file(told: Sequence[Any]) -> LakeFile:
    return LakeFile(*told)


def _manifest(results: Path) -> dict[str, Any]:
    if not is_results(results):
        raise RefusedError("their manifest is damaged" if bears_mark(results) else "there are no results yet")
    manifest: dict[str, Any] = parsed((results / MANIFEST).read_bytes())
    if "files" not in manifest:
        raise RefusedError("a run ended as it wrote its results")
    return manifest


def _check_origin(lake: Lake, manifest: Mapping[str, Any], configuration: Mapping[str, Any]) -> None:
    """Refuse results of something else than this lake, this code and this configuration."""
    mine = made_of(lake)
    if manifest.get("protocol", "") != mine["protocol"] or manifest["inputs"]["deployment.json"] != mine["deployment"]:
        raise RefusedError("the lake's deployment is another one")
    if manifest.get("code") != code_hash():
        raise RefusedError("the code is another one")
    former, present = manifest["configuration"], dict(configuration)
    differing = [name for name in {**present, **former} if name not in _FREE and former.get(name) != present.get(name)]
    if differing:
        raise RefusedError(f"the configuration is another one: {', '.join(differing)}")


def made_of(lake: Lake) -> dict[str, str]:
    """What results rest on beside the lake's files."""
    return {"protocol": lake.deployment.protocol or "", "deployment": lake_fingerprint(lake)["deployment.json"]}


def _check_files(results: Path, manifest: Mapping[str, Any]) -> None:
    """Hold every file of results against their manifest: what is gone on from gets a manifest of today.

    Raises `ValueError` where one holds something other than was written or no such table, `OSError` where one is
    missing.
    """
    for name, facts in manifest["files"].items():
        content = (results / name).read_bytes()
        if hashlib.sha256(content).hexdigest() != facts["sha256"]:
            raise ValueError(f"{name} holds something other than was written")
        # A manifest may be made to fit anything, but a replay ends with a verdict even so.
        if name.endswith(SUFFIX) and read_metadata(pa.BufferReader(content)).num_rows != facts["rows"]:
            raise ValueError(f"{name} holds other rows than its manifest tells of")


def _check_findings(results: Path, manifest: Mapping[str, Any]) -> None:
    findings = manifest["files"].get(FINDINGS)
    if SUMMARY not in manifest["files"] or findings is None or findings["rows"]:
        found = pl.scan_parquet(results / FINDINGS).filter(pl.col("severity") == ERROR).head(1).collect()
        if SUMMARY in manifest["files"] and not found.height:
            return
        raise RefusedError("there are findings, whose causes are looked for in the whole history")


def _last_block(lake: Lake, changed: int | None, until_block: int | None) -> int:
    """The last block whose snapshot holds. Raises `RefusedError` if there is none."""
    coverage = lake.manifest.coverage
    if coverage is None:
        raise RefusedError("the lake covers no block")
    ends = [coverage.to_block, *(each for each in (until_block,) if each is not None)]
    ends += [changed - 1] if changed is not None else []
    if min(ends) < coverage.from_block:
        raise RefusedError("the lake has changed from its beginning on")
    return min(ends)


def _snapshot(former: Former, last: int) -> Continued:
    """The last snapshot of a contract up to a block. Raises `RefusedError` if there is none."""
    ends = until(former(END), last)
    if ends.height:
        block, state, told = ends.select("block_number", "state", "progress").row(-1)
        return Continued(replace(former, end=block), block, state, progress_of(told))
    progress = until(former(PROGRESS), last)
    if not progress.height:
        raise RefusedError(f"no snapshot up to block {last:,}, where this run ends or the lake has changed")
    block, told = progress.select("block_number", "progress").row(-1)
    states = former(SNAPSHOTS).filter(pl.col("block_number") == block).collect()
    return Continued(former, block, states["state"][0], progress_of(told))
