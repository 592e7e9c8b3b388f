"""What a sweep is made of, and names of its folders: a finished scenario is known by its name, and never run again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.replay.code import code_hash
from keep3r_replay.replay.results import MANIFEST, SUMMARY, lake_fingerprint

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.rooms import Sweeps

_NAME_LENGTH = 20

DONE, KEPT, FAILED = "done", "kept", "failed"


class Source(NamedTuple):
    """A history that scenarios start from: a lake, and what of it, by the names of the command's settings.

    `sweeps` is what the lake's protocol offers.
    """

    sweeps: Sweeps
    lake: Lake
    until_block: int | None = None
    start_block: int | None = None
    resume: str | None = None
    resume_block: int | None = None

    def baseline(self) -> Any:
        """The history, loaded and measured. Raises `Keep3rReplayError` if there is none."""
        return self.sweeps.baseline(self.lake, self.until_block, self.start_block, self.resume, self.resume_block)

    def content(self) -> dict[str, Any]:
        """What decides it, wherever it lies."""
        settings = {name: value for name, value in self._asdict().items() if name not in {"sweeps", "lake"}}
        return {**settings, "resume": _fingerprint(self.resume), "inputs": lake_fingerprint(self.lake)}


def _fingerprint(results: str | None) -> str | None:
    """SHA-256 of the manifest of results, which holds those of their files; none where there are no results."""
    manifest = Path(results or "", MANIFEST)
    return hashlib.sha256(manifest.read_bytes()).hexdigest() if results and manifest.is_file() else None


class Scenario(NamedTuple):
    """One what-if of a sweep.

    Attributes:
        point: what is swept over, with this scenario's values, by name of the setting.
        changes: the whole overlay, as plain values.
        source: the history that is changed.
    """

    point: dict[str, Any]
    changes: dict[str, Any]
    source: Source


class Kept(NamedTuple):
    """What is kept of each scenario: with `tables` every table, not only the sums by job and keeper."""

    ledger: bool = False
    tables: bool = False


class Finished(NamedTuple):
    """A scenario with its folder's name; `status` is one of DONE (now), KEPT (from an earlier run), FAILED."""

    scenario: Scenario
    name: str
    status: str
    error: str
    outcome: dict[str, Any]


def scenario_name(scenario: Scenario, kept: Kept) -> str:
    """Name of a scenario's folder: a hash of the history, the overlay, what is kept and the code.

    Raises:
        LakeError: there is no such lake as the overlay takes its market from.
    """
    changes = scenario.source.sweeps.identity(scenario.changes)
    return _name({**scenario.source.content(), **changes, **kept._asdict(), "code": code_hash()})


def source_name(source: Source) -> str:
    """Name of a history: the same for all scenarios that start from it."""
    return _name(source.content())


def lake_name(lake: Lake) -> str:
    """Name of a lake, wherever it lies."""
    return _name(lake_fingerprint(lake))


def _name(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_NAME_LENGTH]


def kept_outcome(folder: Path) -> dict[str, Any] | None:
    """The outcome that a finished scenario left; None if there is none. Amounts come as int."""
    try:
        if not json.loads((folder / MANIFEST).read_bytes())["files"]:
            return None
        outcome: dict[str, Any] = json.loads((folder / SUMMARY).read_bytes())["outcome"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return {name: int(value) if isinstance(value, str) else value for name, value in outcome.items()}
