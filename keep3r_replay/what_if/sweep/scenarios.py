"""What a sweep is made of, and names of its folders: a finished scenario is known by its name, and never run again."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import keep3r_replay
from keep3r_replay.audit.results import MANIFEST, SUMMARY, lake_fingerprint
from keep3r_replay.what_if.other_market import market_inputs

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake

_NAME_LENGTH = 20

DONE, KEPT, FAILED = "done", "kept", "failed"


class Source(NamedTuple):
    """A history that scenarios start from: a lake, and what of it, as settings of `baselines` by name."""

    lake: Lake
    settings: dict[str, Any]


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
    """Name of a scenario's folder: a hash of the history, the overlay, what is kept and the code."""
    content = {**_source_content(scenario.source), "overlay": scenario.changes, **kept._asdict(), "code": code_hash()}
    return _name(content | market_inputs(scenario.changes))


def source_name(source: Source) -> str:
    """Name of a history: the same for all scenarios that start from it."""
    return _name(_source_content(source))


def _source_content(source: Source) -> dict[str, Any]:
    return {"inputs": lake_fingerprint(source.lake), **source.settings}


def _name(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_NAME_LENGTH]


@cache
def code_hash() -> str:
    """SHA-256 over the package's Python files."""
    root = Path(keep3r_replay.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def kept_outcome(folder: Path) -> dict[str, Any] | None:
    """The outcome that a finished scenario left; None if there is none. Amounts come as int."""
    try:
        if not (folder / MANIFEST).is_file():
            return None
        outcome: dict[str, Any] = json.loads((folder / SUMMARY).read_bytes())["outcome"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return {name: int(value) if isinstance(value, str) else value for name, value in outcome.items()}
