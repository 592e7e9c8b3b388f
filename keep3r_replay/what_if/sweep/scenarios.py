"""What a sweep is made of, and names of its folders: a finished scenario is known by its name, and never run again."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.replay.code import code_hash
from keep3r_replay.replay.results import MANIFEST, SUMMARY, lake_fingerprint
from keep3r_replay.what_if.history import as_json, numbers

if TYPE_CHECKING:
    from pathlib import Path

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.what_if.history import Source

_NAME_LENGTH = 20
_SHELF = 2
"""Letters of a name that its shelf is called by."""

DONE, KEPT, FAILED = "done", "kept", "failed"


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

    Folders that begin alike stand together, so that none has more than some hundreds beside it: `ab/abcdef...`.

    Raises:
        LakeError: another lake that the overlay names is missing.
    """
    changes = scenario.source.what_ifs.identity(scenario.changes)
    name = _name({**scenario.source.content(), **changes, **kept._asdict(), "code": code_hash()})
    return f"{name[:_SHELF]}/{name}"


def is_shelf(folder: Path) -> bool:
    """Whether a folder is one of those that scenarios' folders stand in, and holds nothing else."""
    shelf = folder.name
    return (
        re.fullmatch(rf"[0-9a-f]{{{_SHELF}}}", shelf) is not None
        and folder.is_dir()
        and all(each.name.startswith((".", shelf)) and len(each.name) >= _NAME_LENGTH for each in folder.iterdir())
    )


def source_name(source: Source) -> str:
    """Name of a history: the same for all scenarios that start from it."""
    return _name(source.content())


def lake_name(lake: Lake) -> str:
    """Name of a lake, wherever it lies."""
    return _name(lake_fingerprint(lake))


def _name(content: dict[str, Any]) -> str:
    text = json.dumps(as_json(content), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_NAME_LENGTH]


def kept_outcome(folder: Path) -> dict[str, Any] | None:
    """The outcome that a finished scenario left; None if there is none. Amounts come as int."""
    try:
        if not json.loads((folder / MANIFEST).read_bytes())["files"]:
            return None
        return numbers(json.loads((folder / SUMMARY).read_bytes())["outcome"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
