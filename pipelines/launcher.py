"""`keep3r replay -m hydra/launcher=NAME`: a sweep's jobs through a launcher plugin of Hydra's, joblib's or another.

Each of Hydra's jobs is one scenario, by its name: settings were composed and checked before. What Hydra itself would
write goes into the sweep's own temporary folder.
"""

from __future__ import annotations

import os
import pickle
import signal
import time
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import parent_process
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from unittest import mock

from keep3r_replay.errors import UsageError
from keep3r_replay.what_if.sweep.children import Child, prepare_alone, running
from keep3r_replay.what_if.sweep.jobs import DIED, Ended, run_job
from keep3r_replay.what_if.sweep.scenarios import DONE, FAILED, kept_outcome

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from keep3r_replay.what_if.sweep.jobs import Engine, Job, Work

_GROUP = "hydra/launcher="
_SETTING = "hydra.launcher."
_PATIENCE = 5
"""Seconds that a launcher's processes have to end when they are told to."""
_EXTRAS = {"joblib": "pip install 'keep3r-replay[joblib]'"}


def split_launcher(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Take what is said to Hydra's launcher out of the arguments: the rest, and that.

    Raises:
        UsageError: something else is said to Hydra.
    """
    said = [argument for argument in argv if argument.startswith(("hydra/", "hydra."))]
    for argument in said:
        if not argument.startswith((_GROUP, _SETTING)):
            name = argument.partition("=")[0]
            raise UsageError(f"'{name}': of Hydra's own settings a sweep takes hydra/launcher and hydra.launcher.*")
    return [argument for argument in argv if argument not in said], said


def launcher_engine(overrides: list[str]) -> Engine:
    """An engine that runs a sweep's jobs through the launcher that the overrides say.

    Raises:
        UsageError: there is no such launcher, or it has no such setting.
    """
    with _composed(overrides, Path()) as (context, config):
        _launcher(context, config, _never)
    return partial(_run, overrides=overrides)


def _never(_config: Any) -> None:
    """The task of a launcher that is only tried."""


def _run(work: Work, *, overrides: list[str]) -> Generator[Ended, None, None]:
    waiting: list[str] = []
    for source, jobs in work.by_source().items():
        error = prepare_alone(work.sources[source], work.place / source)
        for job in jobs:
            if error:
                yield Ended(job.name, FAILED, error, {})
                continue
            waiting.append(job.name)
            _file(work.place, job.name).write_bytes(pickle.dumps(job))
    if not waiting:
        return
    ended, _ = _launched(work, overrides, waiting)
    yield from ended
    # A process that died took others' jobs along: alone each shows whether it was its own fault.
    done = {one.name for one in ended}
    for name in [name for name in waiting if name not in done]:
        alone, error = _launched(work, overrides, [name])
        yield alone[0] if alone else Ended(name, FAILED, error, {})


def _launched(work: Work, overrides: list[str], names: list[str]) -> tuple[list[Ended], str]:
    """Launch some jobs: those that ended, and why the others did not."""
    with _apart() as child:
        child.call(_launch, overrides, work.place, work.folder, names)
        try:
            ended, error = child.answer()
        except EOFError:
            ended, error = None, DIED
    if ended is None:
        outcomes = {name: kept_outcome(work.folder / name) for name in names}
        ended = [Ended(name, DONE, "", outcome) for name, outcome in outcomes.items() if outcome is not None]
    return ended, error


@contextmanager
def _apart() -> Iterator[Child]:
    """A process with a session of its own, which ends with all that a launcher starts in it.

    What Ctrl-C ends is ours to end then: launchers' processes would each tell of it.
    """
    # One thread each: the processes are many. What joblib's tracker cleans up after an interrupt is not worth a word.
    warnings = ",".join(filter(None, [os.environ.get("PYTHONWARNINGS"), "ignore:resource_tracker"]))
    with mock.patch.dict(os.environ, {"POLARS_MAX_THREADS": "1", "PYTHONWARNINGS": warnings}):
        child = Child(daemon=False)
    session = None
    try:
        child.call(_own_session)
        session = child.answer()
        yield child
    finally:
        if session is not None:
            os.killpg(session, signal.SIGTERM)
        child.close()
        if session is not None:
            _wait_for_end(session)


def _wait_for_end(session: int) -> None:
    """Wait until the processes of a session are gone; those that do not go are made to."""
    deadline = time.monotonic() + _PATIENCE
    while session in running().values():
        if time.monotonic() > deadline:
            os.killpg(session, signal.SIGKILL)
        time.sleep(0.01)


def _own_session() -> int:
    os.setsid()
    parent = parent_process()
    assert parent is not None

    def follow() -> None:
        wait([parent.sentinel])
        os.killpg(0, signal.SIGTERM)

    Thread(target=follow, daemon=True).start()
    return os.getpid()


def _launch(overrides: list[str], place: Path, folder: Path, names: list[str]) -> tuple[list[Ended] | None, str]:
    """In a process of its own: Hydra launches a job for each name; none if the launcher gives up, and why."""
    try:
        with _composed(overrides, place) as (context, config):
            launcher = _launcher(context, config, partial(_run_scenario, place=place, folder=folder))
            jobs = launcher.launch([[f"+what_if='{name}'"] for name in names], initial_job_idx=0)
            return [Ended(*job.return_value) for job in jobs], ""
    except BrokenExecutor:
        return None, DIED
    except Exception as error:  # noqa: BLE001 - launchers are other people's: whatever they raise is their jobs' outcome
        return None, f"the launcher failed: {type(error).__name__}: {' '.join(str(error).split())}"


def _file(place: Path, name: str) -> Path:
    return place / f"{name}.job"


def _run_scenario(config: Any, *, place: Path, folder: Path) -> Ended:
    """One of Hydra's jobs: the scenario that it names."""
    job: Job = pickle.loads(_file(place, config.what_if).read_bytes())  # noqa: S301 - we wrote it a moment ago
    return run_job(job, place / job.source, folder)


def _launcher(context: Any, config: Any, task: Any) -> Any:
    from hydra.core.plugins import Plugins

    return Plugins.instance().instantiate_launcher(hydra_context=context, task_function=task, config=config)


@contextmanager
def _composed(overrides: list[str], place: Path) -> Iterator[tuple[Any, Any]]:
    """Hydra's context and its own configuration, which makes it write nothing outside of `place`."""
    from hydra import initialize
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException
    from hydra.types import HydraContext, RunMode
    from omegaconf.errors import OmegaConfBaseException

    folder = str(place / "hydra").replace("'", "\\'")
    own = [f"hydra.sweep.dir='{folder}'", "hydra.output_subdir=null", "hydra.job.chdir=false"]
    own += ["hydra/hydra_logging=none", "hydra/job_logging=none"]
    GlobalHydra.instance().clear()
    with initialize(version_base="1.3", config_path=None, job_name="sweep"):
        hydra: Any = GlobalHydra.instance().hydra
        try:
            config = hydra.compose_config(None, [*overrides, *own], RunMode.MULTIRUN, from_shell=False)
        except (HydraException, OmegaConfBaseException):
            raise UsageError(_problem(overrides, hydra.config_loader)) from None
        from hydra._internal.callbacks import Callbacks

        yield HydraContext(config_loader=hydra.config_loader, callbacks=Callbacks(config)), config


def _problem(overrides: list[str], loader: Any) -> str:
    """Why Hydra does not take what is said to its launcher."""
    name = next((each.removeprefix(_GROUP) for each in overrides if each.startswith(_GROUP)), "basic")
    there = sorted(loader.get_group_options("hydra/launcher"))
    if name in there:
        return f"hydra/launcher={name}: it has no such setting, or no such value of it"
    if name in _EXTRAS:
        return f"hydra/launcher={name} comes with an extra: {_EXTRAS[name]}"
    return f"there is no launcher of that name installed; there are {', '.join(there)}"
