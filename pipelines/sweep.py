"""Many what-ifs, in parallel, resumed where they were left: from combinations of settings to table and chart."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.errors import UsageError
from keep3r_replay.extras import CHARTS, SWEEPS, lacks, need

from .named import book_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.replay.rooms import WhatIfs
    from keep3r_replay.what_if.sweep.jobs import Engine as RunJobs
    from keep3r_replay.what_if.sweep.scenarios import Finished, Scenario

    from .replay_config import ReplayConfig

_TABLE, _CSV, _PAGE = "sweep.parquet", "sweep.csv", "sweep.html"
_SWEEPERS = ("multirun.yaml", "optimization_results.yaml")
"""What Hydra's sweepers write."""


class Point(NamedTuple):
    """One combination: the values swept over, by name, and the whole configuration that they make."""

    values: dict[str, Any]
    config: ReplayConfig


def scenarios(wanted: Sequence[Point]) -> list[Scenario]:
    """The what-if of each point; every lake is opened and checked once.

    Raises:
        LakeError: a lake is missing or damaged.
        UsageError: a change makes no sense, or the lakes are of several protocols.
    """
    from keep3r_replay.api import open_lake
    from keep3r_replay.protocols.registry import protocol_of
    from keep3r_replay.what_if.history import Source
    from keep3r_replay.what_if.sweep.scenarios import Scenario

    lakes = {path: open_lake(path) for path in dict.fromkeys(map(_lake, wanted))}
    protocols = {path: protocol_of(lake) for path, lake in lakes.items()}
    if len({protocol.name for protocol in protocols.values()}) > 1:
        titles = " and ".join(sorted({protocol.title for protocol in protocols.values()}))
        raise UsageError(f"lake: a sweep is of one protocol, these are of {titles}")
    books = {path: book_of(lake, wanted[0].config.names) for path, lake in lakes.items()}
    changes = [books[_lake(point)].resolved(point.config.overlay, "overlay") for point in wanted]
    for path, lake in lakes.items():
        overlays = [overlay for point, overlay in zip(wanted, changes, strict=True) if _lake(point) == path]
        Source(protocols[path], lake).check(overlays)
    return [
        Scenario(
            point.values,
            overlay,
            Source(
                protocols[_lake(point)],
                lakes[_lake(point)],
                *(getattr(point.config, name) for name in Source._fields[2:]),
            ),
        )
        for point, overlay in zip(wanted, changes, strict=True)
    ]


def _lake(point: Point) -> str:
    from keep3r_replay.api import SAMPLE

    return point.config.lake or str(SAMPLE)


def told(config: ReplayConfig, finished: Sequence[Finished]) -> int:
    """Write table and chart of what was run, print the outcomes; return 1 if a scenario failed."""
    from keep3r_replay.lake.writer import write_bytes
    from keep3r_replay.report.export import export_table
    from keep3r_replay.report.sweep import sweep_lines
    from keep3r_replay.what_if.sweep.scenarios import DONE, FAILED, KEPT
    from keep3r_replay.what_if.sweep.table import sweep_table

    what_ifs = finished[0].scenario.source.what_ifs
    chart = outcome_of(config, what_ifs)
    folder = Path(config.results)
    table = sweep_table(finished, what_ifs.measured)
    folder.mkdir(parents=True, exist_ok=True)
    table.write_parquet(folder / _TABLE)
    export_table(table, folder / _CSV)
    if config.export is not None:
        export_table(table, Path(config.export))
    if lacks(CHARTS):
        print("no chart: it needs an extra, pip install 'keep3r-replay[charts]'", file=sys.stderr)
    else:
        from keep3r_replay.report.sweep_chart import sweep_chart
        from keep3r_replay.report.sweep_page import sweep_page

        write_bytes(folder / f"sweep-{chart}.svg", sweep_chart(table, chart, what_ifs))
        write_bytes(folder / _PAGE, sweep_page(table, what_ifs, (_CSV, _TABLE)).encode())
    counts = {status: sum(one.status == status for one in finished) for status in (DONE, KEPT, FAILED)}
    print("\n".join(sweep_lines(table, what_ifs)))
    print(f"\nscenarios {counts[DONE]} run, {counts[KEPT]} from earlier runs, {counts[FAILED]} failed")
    print(f"results   {folder / _TABLE}")
    return 1 if counts[FAILED] else 0


def run(config: ReplayConfig, wanted: Sequence[Point]) -> list[Finished]:
    """Run what has no results in the sweep's folder yet.

    Raises:
        LakeError: a lake is missing or damaged.
        UsageError: an outcome that is not measured, no processes, a folder that holds something else.
    """
    from keep3r_replay.what_if.sweep.run import run_sweep
    from keep3r_replay.what_if.sweep.scenarios import Kept

    if config.workers is not None and config.workers < 1:
        raise UsageError(f"workers={config.workers}: no number of processes")
    folder = Path(config.results)
    check_folder(folder)
    if config.export is not None:
        from keep3r_replay.report.export import check_export

        check_export(Path(config.export))
    engine = _engine(config)
    workers = config.workers or len(os.sched_getaffinity(0))
    each = scenarios(wanted)
    outcome_of(config, each[0].source.what_ifs)
    return run_sweep(each, folder, Kept(config.ledger, config.tables), workers, _Told(), engine)


def outcome_of(config: ReplayConfig, what_ifs: WhatIfs) -> str:
    """The outcome that is drawn, and that a sweeper searches by. Raises `UsageError` if nothing of it is measured."""
    measured = what_ifs.measured
    chart = config.chart or next(name for name in what_ifs.told if measured[name].is_decimal())
    if chart not in measured:
        raise UsageError(f"chart={chart}: no outcome; there are {', '.join(measured)}")
    return chart


def _engine(config: ReplayConfig) -> RunJobs:
    """Who runs the scenarios. Raises `UsageError` if that is not installed, or nothing that there could be."""
    from keep3r_replay.what_if.sweep.processes import run_in_processes

    from .replay_config import Engine

    if config.engine is Engine.processes:
        if config.scheduler:
            raise UsageError("scheduler is Dask's: say engine=dask")
        return run_in_processes
    need(SWEEPS, "engine=dask")
    import dask

    from keep3r_replay.what_if.sweep.dask_cluster import run_with_dask

    # DASK_SCHEDULER_ADDRESS, or Dask's own configuration file, says where if the command line does not.
    return partial(run_with_dask, scheduler=config.scheduler or dask.config.get("scheduler-address", None))


class _Told:
    """Says how far the sweep is: one line that is written over where a person watches."""

    def __init__(self) -> None:
        self._bar = sys.stderr.isatty()

    def __call__(self, count: int, total: int, one: Finished) -> None:
        from keep3r_replay.what_if.sweep.table import shown

        from .terminal import printable, unfiltered

        values = one.scenario.point.items()
        point = " ".join(f"{name.removeprefix('overlay.')}={shown(value)}" for name, value in values)
        line = f"{count} of {total}: {point} {one.status}{': ' if one.error else ''}{one.error}"
        end = "\r" if self._bar and count < total else "\n"
        shown_line = f"\033[K{printable(line)}" if self._bar else printable(line)
        print(shown_line, end=end, file=unfiltered(sys.stderr), flush=True)


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds something other than a sweep. Raises `UsageError`."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"{folder}: is no folder; say results=FOLDER")
    from keep3r_replay.replay.results import is_results
    from keep3r_replay.what_if.sweep.scenarios import is_shelf

    strange = [
        each.name
        for each in sorted(folder.iterdir())
        if not each.name.startswith((".", "sweep", *_SWEEPERS)) and not is_shelf(each) and not is_results(each)
    ]
    if strange or is_results(folder):
        raise UsageError(f"{folder}: holds something other than results of a sweep; choose another folder")
