"""One trial: a changed copy of a recording is imported and audited, and the findings are held against the change."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import polars as pl
import pyarrow.parquet as pq
from audits import audit
from histories import place

from keep3r_replay.errors import Keep3rReplayError
from keep3r_replay.journal import NOTICE
from keep3r_replay.lake.reader import Lake
from keep3r_replay.lake.writer import write_manifest, write_table
from keep3r_replay.protocols.registry import protocol_recorded
from keep3r_replay.recording.importer import import_recording
from mutations.verdicts import AT_PLACE, EARLY, LATE, MISSED, REFUSED

if TYPE_CHECKING:
    from pathlib import Path

    from histories import History

    from keep3r_replay.journal import Finding
    from mutations.kinds import Mutation

WINDOW = 25
"""Blocks after a change whose readings are kept: the rest would only cost time."""


@dataclass(frozen=True)
class Outcome:
    """What became of one change."""

    mutation: Mutation
    verdict: str
    first: Finding | None
    roots: int
    accused: int
    """Payments that the change did not touch and that are called wrong."""
    remark: str = ""


class _Extent(NamedTuple):
    """The logs of the changed transaction, by block and index; and the block's."""

    first: int
    last: int


def trial(history: History, mutation: Mutation, folder: Path) -> tuple[Outcome, Outcome]:
    """Change a copy, import it in `folder`, which is emptied, and audit it: with the readings, and without any."""
    shutil.rmtree(folder, ignore_errors=True)
    changed = history.copy()
    mutation.apply(changed)
    changed.readings = range(mutation.block - 2, mutation.block + WINDOW)
    try:
        import_recording(changed.write(folder / "recording"), folder / "lake", protocol_recorded)
    except Keep3rReplayError as error:
        refused = Outcome(mutation, REFUSED, None, 1, 0, str(error).splitlines()[0])
        return refused, refused
    with_readings = _outcome(folder / "lake", changed, mutation)
    if with_readings.verdict == REFUSED:
        return with_readings, with_readings
    _drop_readings(folder / "lake")
    return with_readings, _outcome(folder / "lake", changed, mutation)


def _drop_readings(folder: Path) -> None:
    """Leave the lake a table of readings without a row, as an import of no readings does."""
    manifest = Lake.open(folder).manifest
    (entry,) = manifest.of_table("readings")
    none = pq.read_table(folder / entry.path).slice(0, 0)
    emptied = write_table(folder, "readings", none, entry.from_block, entry.to_block)
    files = tuple(emptied if each == entry else each for each in manifest.files)
    write_manifest(folder, replace(manifest, files=files))


def _outcome(lake: Path, changed: History, mutation: Mutation) -> Outcome:
    try:
        audited = audit(Lake.open(lake), snapshot_every=0)
    except Keep3rReplayError as error:
        return Outcome(mutation, REFUSED, None, 1, 0, str(error).splitlines()[0])
    findings = [finding for finding in audited.findings if finding.severity != NOTICE]
    if not findings:
        return Outcome(mutation, MISSED, None, 0, 0)
    extent = _extent(changed, mutation)
    wrong = audited.tables["works"].filter(pl.col("class") == "mismatch").select("block_number", "log_index")
    accused = sum(
        block != mutation.block or not (extent.first <= index <= extent.last or mutation.kind.startswith("block:"))
        for block, index in wrong.iter_rows()
    )
    found = [finding for finding in audited.roots if finding.severity != NOTICE]
    roots, first = len(found), found[0]
    verdict = LATE if first.block_number >= mutation.block else EARLY
    if _is_here(first, mutation, extent):
        verdict = AT_PLACE
    return Outcome(mutation, verdict, first, roots, accused)


def _extent(history: History, mutation: Mutation) -> _Extent:
    indices = [place(log)[1] for log in history.logs if log["transactionHash"] == mutation.transaction]
    if mutation.log_index is not None:
        indices.append(mutation.log_index)
    return _Extent(min(indices, default=0), max(indices, default=0))


def _is_here(finding: Finding, mutation: Mutation, extent: _Extent) -> bool:
    """Whether a finding stands in the changed transaction; or in its block, where one of the two has no log."""
    if finding.block_number != mutation.block:
        return False
    if finding.log_index is None or finding.transaction_hash == mutation.transaction:
        return True
    return extent.first <= finding.log_index <= extent.last or mutation.kind.startswith("block:")
