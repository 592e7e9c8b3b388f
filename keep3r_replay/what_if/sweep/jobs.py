"""What engines give to their workers: load a history, and run one scenario of it into a folder."""

from __future__ import annotations

import gc
import pickle
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.collector import no_collections
from keep3r_replay.errors import Keep3rReplayError
from keep3r_replay.what_if.history import numbers
from keep3r_replay.what_if.sweep.scenarios import DONE, FAILED, Kept

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from keep3r_replay.what_if.history import History, Source

DIED = "the process that ran it died"


class Job(NamedTuple):
    """A scenario as a worker needs it: name of its folder and of its history, the overlay, what is kept of it.

    `other_lakes` are the changes, if any, whose value is the folder of another lake.
    """

    name: str
    source: str
    changes: dict[str, Any]
    kept: Kept
    other_lakes: tuple[str, ...] = ()


class Ended(NamedTuple):
    """How a job ended; `status` is DONE or FAILED."""

    name: str
    status: str
    error: str
    outcome: dict[str, Any]


class Work(NamedTuple):
    """What an engine is given.

    Attributes:
        jobs: in the order in which they are best begun: those of one history stand together.
        sources: the histories by name.
        folder: of the results; a folder for each job is made in it.
        place: a folder for what is needed meanwhile; it is removed afterwards.
        workers: jobs at a time on this machine.
    """

    jobs: list[Job]
    sources: dict[str, Source]
    folder: Path
    place: Path
    workers: int

    def by_source(self) -> dict[str, list[Job]]:
        """The jobs of each history."""
        return {name: [job for job in self.jobs if job.source == name] for name in self.sources}


if TYPE_CHECKING:
    Engine = Callable[[Work], Generator[Ended, None, None]]


def prepare(source: Source, file: Path) -> str:
    """Load and measure a history, once for all its scenarios, into `file`; what went wrong is returned."""
    try:
        with no_collections():
            file.write_bytes(pickle.dumps(source.baseline(), protocol=pickle.HIGHEST_PROTOCOL))
    except Keep3rReplayError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - one history's failure must not stop the others
        return _unexpected(error)
    return ""


_LOADED: dict[str, History] = {}
"""In a worker: the history that it had to do with last."""


def loaded(source: str, content: Callable[[], bytes]) -> History:
    """A history that was prepared; `content` is read only if it is another than the last one."""
    if source not in _LOADED:
        gc.unfreeze()
        _LOADED.clear()
        _LOADED[source] = pickle.loads(content())  # noqa: S301 - our own process wrote it a moment ago
        # The history stays: a collection need not walk through it each time.
        gc.freeze()
    return _LOADED[source]


def run_job(job: Job, history: Path, folder: Path) -> Ended:
    """Run a scenario of the history in a file, and write its folder in `folder`. What goes wrong is its outcome."""
    return run_loaded(job, lambda: loaded(job.source, history.read_bytes), folder)


def run_loaded(job: Job, history: Callable[[], History], folder: Path) -> Ended:
    """Run a scenario and write its folder in `folder`. Whatever goes wrong is its outcome."""
    try:
        with no_collections():
            # What a power cut takes is run again: to wait for the disk at each scenario would cost more than most take.
            outcome = history().run(
                folder / job.name, job.changes, ledger=job.kept.ledger, tables=job.kept.tables, durable=False
            )
    except Keep3rReplayError as error:
        return Ended(job.name, FAILED, str(error), {})
    except Exception as error:  # noqa: BLE001 - one scenario's failure must not stop the others
        return Ended(job.name, FAILED, _unexpected(error), {})
    finally:
        gc.collect()
    return Ended(job.name, DONE, "", numbers(outcome.summary))


def _unexpected(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
