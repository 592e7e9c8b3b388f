"""A sweep from its scenarios to their folders, by whichever engine."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from keep3r_replay.what_if.sweep.children import running
from keep3r_replay.what_if.sweep.jobs import Job, Work
from keep3r_replay.what_if.sweep.processes import run_in_processes
from keep3r_replay.what_if.sweep.scenarios import KEPT, Finished, kept_outcome, scenario_name, source_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keep3r_replay.what_if.sweep.jobs import Engine
    from keep3r_replay.what_if.sweep.scenarios import Kept, Scenario

_WORKPLACE = ".sweep-"
_LEFT = re.compile(r"\.(?:sweep|[0-9a-f]+\.(?:building|former))-(\d+)(?:-.*)?")
"""Our workplaces, and folders before they take their place, each with the process that made it."""


def run_sweep(
    scenarios: Sequence[Scenario],
    folder: Path,
    kept: Kept,
    workers: int,
    progress: Callable[[int, int, Finished], None],
    engine: Engine = run_in_processes,
) -> list[Finished]:
    """Run what has no results in `folder` yet, in parallel; one that fails does not stop the others.

    Args:
        scenarios: in the order in which they are returned.
        folder: gets a folder for each.
        kept: what is kept of each.
        workers: how many run at a time on this machine.
        progress: is told how many of how many are finished, and the last one.
        engine: who runs them; it makes no difference to what comes out.

    Raises:
        Keep3rReplayError: the engine cannot begin.
    """
    names = [scenario_name(scenario, kept) for scenario in scenarios]
    finished: dict[str, Finished] = {}
    todo: dict[str, Scenario] = {}
    for name, scenario in zip(names, scenarios, strict=True):
        outcome = kept_outcome(folder / name)
        if outcome is None:
            todo.setdefault(name, scenario)
        elif name not in finished:
            finished[name] = Finished(scenario, name, KEPT, "", outcome)
            progress(len(finished), len(set(names)), finished[name])
    if todo:
        folder.mkdir(parents=True, exist_ok=True)
        _clear_away(folder)
        try:
            with (
                tempfile.TemporaryDirectory(prefix=f"{_WORKPLACE}{os.getpid()}-", dir=folder) as place,
                closing(engine(_work(todo, folder, Path(place), kept, workers))) as endings,
            ):
                for ended in endings:
                    one = Finished(todo[ended.name], *ended)
                    finished[one.name] = one
                    progress(len(finished), len(set(names)), one)
        finally:
            _clear_away(folder)
    return [finished[name]._replace(scenario=scenario) for name, scenario in zip(names, scenarios, strict=True)]


def _work(todo: dict[str, Scenario], folder: Path, place: Path, kept: Kept, workers: int) -> Work:
    sources = {source_name(scenario.source): scenario.source for scenario in todo.values()}
    jobs = [
        Job(name, source_name(scenario.source), scenario.changes, kept, tuple(scenario.source.what_ifs.other_lakes))
        for name, scenario in todo.items()
    ]
    order = {name: place for place, name in enumerate(sources)}
    return Work(sorted(jobs, key=lambda job: order[job.source]), sources, folder.absolute(), place.absolute(), workers)


def _clear_away(folder: Path) -> None:
    """Remove what processes left behind half-made that are no more."""
    alive = running()
    for place in (*folder.glob(".*"), *folder.glob("??/.*")):
        left = _LEFT.fullmatch(place.name)
        if alive and left and int(left[1]) not in alive:
            shutil.rmtree(place, ignore_errors=True)
