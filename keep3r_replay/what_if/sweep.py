"""Many what-ifs of one lake: each in a folder named by its content, so that a finished one is never run again."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import pickle
import shutil
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

import keep3r_replay
from keep3r_replay.audit.results import MANIFEST, SUMMARY, lake_fingerprint
from keep3r_replay.errors import Keep3rReplayError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.what_if.overlay import overlay_from
from keep3r_replay.what_if.results import as_json, baselines, make_what_if, write_what_if

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_ATTEMPTS = 2
"""Times that a scenario is begun whose process dies under it."""
_NAME_LENGTH = 20
_WORKPLACE = ".sweep-"

DONE, KEPT, FAILED = "done", "kept", "failed"


class Scenario(NamedTuple):
    """One what-if of a sweep.

    Attributes:
        point: what is swept over, with this scenario's values, by name of the change.
        changes: the whole overlay, as plain values.
    """

    point: dict[str, Any]
    changes: dict[str, Any]


class Finished(NamedTuple):
    """A scenario with its folder's name; `status` is one of DONE (now), KEPT (from an earlier run), FAILED."""

    scenario: Scenario
    name: str
    status: str
    error: str
    outcome: dict[str, Any]


class Settings(NamedTuple):
    """What all scenarios of a sweep share. `tables`: keep every table of each, not only the sums by job and keeper."""

    until_block: int | None
    ledger: bool
    tables: bool
    workers: int


def run_sweep(
    lake: Lake,
    scenarios: Sequence[Scenario],
    folder: Path,
    settings: Settings,
    progress: Callable[[int, int, Finished], None],
) -> list[Finished]:
    """Run what has no results in `folder` yet, in parallel; one that fails does not stop the others.

    Args:
        lake: the history, which is loaded once.
        scenarios: in the order in which they are returned.
        folder: gets a folder for each.
        settings: what all share.
        progress: is told how many of how many are finished, and the last one.

    Raises:
        Keep3rReplayError: the lake lacks what the replay needs.
    """
    names = [scenario_name(lake, scenario.changes, settings) for scenario in scenarios]
    finished: dict[str, Finished] = {}
    todo: dict[str, Scenario] = {}
    for name, scenario in zip(names, scenarios, strict=True):
        outcome = kept_outcome(folder / name)
        if outcome is None:
            todo[name] = scenario
        elif name not in finished:
            finished[name] = Finished(scenario, name, KEPT, "", outcome)
            progress(len(finished), len(set(names)), finished[name])
    if todo:
        folder.mkdir(parents=True, exist_ok=True)
        for one in _run_all(lake, todo, folder, settings):
            finished[one.name] = one
            progress(len(finished), len(set(names)), one)
    return [finished[name]._replace(scenario=scenario) for name, scenario in zip(names, scenarios, strict=True)]


def scenario_name(lake: Lake, changes: dict[str, Any], settings: Settings) -> str:
    """Name of a scenario's folder: a hash of the lake, the overlay, the settings that matter and the code."""
    content = {
        "inputs": lake_fingerprint(lake),
        "overlay": changes,
        "until_block": settings.until_block,
        "ledger": settings.ledger,
        "tables": settings.tables,
        "code": code_hash(),
    }
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


def _run_all(lake: Lake, todo: dict[str, Scenario], folder: Path, settings: Settings) -> Iterator[Finished]:
    """Give every scenario as it is finished. A process that dies takes its scenarios back to the start, once."""
    _clear_away(folder)
    with tempfile.TemporaryDirectory(prefix=f"{_WORKPLACE}{os.getpid()}-", dir=folder) as place:
        history = Path(place) / "history"
        # The parent stays small: what loading takes goes with the process that loads.
        with ProcessPoolExecutor(1, get_context("spawn")) as loader:
            error = loader.submit(_prepare, str(lake.path), settings.until_block, str(history)).result()
        if error:
            raise Keep3rReplayError(error)
        waiting = dict(todo)
        for _ in range(_ATTEMPTS):
            for one in _run_in_pool(waiting, history, folder, settings):
                del waiting[one.name]
                yield one
            if not waiting:
                return
    for name, scenario in waiting.items():
        yield Finished(scenario, name, FAILED, "the process that ran it died", {})


def _clear_away(folder: Path) -> None:
    """Remove what sweeps left behind whose process is no more."""
    for place in folder.glob(f"{_WORKPLACE}*"):
        process = place.name.removeprefix(_WORKPLACE).partition("-")[0]
        if not Path("/proc/self").exists() or Path("/proc", process).exists():
            continue
        shutil.rmtree(place, ignore_errors=True)


def _run_in_pool(waiting: dict[str, Scenario], history: Path, folder: Path, settings: Settings) -> Iterator[Finished]:
    # Fresh processes: a forked one would inherit locks of polars' threads. One thread each: the processes are many.
    with mock.patch.dict(os.environ, {"POLARS_MAX_THREADS": "1"}):
        workers = max(1, min(settings.workers, len(waiting)))
        with ProcessPoolExecutor(workers, get_context("spawn"), _load, (str(history),)) as pool:
            work = {
                pool.submit(_run_one, name, scenario.changes, str(folder), settings): name
                for name, scenario in waiting.items()
            }
            for future in as_completed(work):
                name = work[future]
                try:
                    status, error, outcome = future.result()
                except BrokenProcessPool:
                    continue
                yield Finished(waiting[name], name, status, error, outcome)


_LOADED: list[Any] = []
"""In a worker: the baselines, loaded once."""


def _prepare(lake: str, until_block: int | None, history: str) -> str:
    """In a process of its own: load and measure the lake, once for all workers; what went wrong is returned."""
    try:
        content = pickle.dumps(baselines(Lake.open(lake), until_block), protocol=pickle.HIGHEST_PROTOCOL)
    except Keep3rReplayError as error:
        return str(error)
    Path(history).write_bytes(content)
    return ""


def _load(history: str) -> None:
    gc.disable()
    _LOADED[:] = pickle.loads(Path(history).read_bytes())  # noqa: S301 - our own process wrote it a moment ago
    gc.freeze()


def _run_one(name: str, changes: dict[str, Any], folder: str, settings: Settings) -> tuple[str, str, dict[str, Any]]:
    """In a worker: run a scenario and write its folder. Whatever goes wrong is its outcome."""
    try:
        overlay = overlay_from(changes)
        summary, tables = make_what_if(_LOADED, overlay, ledger=settings.ledger, tables=settings.tables)
        configuration = {
            "mode": "what_if",
            "until_block": settings.until_block,
            "ledger": settings.ledger,
            "overlay": as_json(overlay.changes()),
        }
        write_what_if(Path(folder) / name, _LOADED[0].lake, summary, tables, configuration)
    except Keep3rReplayError as error:
        return FAILED, str(error), {}
    except Exception as error:  # noqa: BLE001 - one scenario's failure must not stop the others
        return FAILED, f"{type(error).__name__}: {' '.join(str(error).split())}", {}
    finally:
        gc.collect()
    return DONE, "", summary["outcome"]
