"""`keep3r replay -m overlay.CHANGE=A,B,...`: many what-ifs of one lake, in parallel, resumed where they were left."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.what_if.overlay import overlay_from
from pipelines.config import CONF
from pipelines.what_if import check_mode, read_overlay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.what_if.sweep import Finished, Scenario
    from pipelines.replay import ReplayConfig

FLAGS = ("-m", "--multirun")
_OVERLAY = "overlay"


def split_swept(argv: Sequence[str]) -> tuple[list[str], dict[str, list[Any]]]:
    """Take the overrides that sweep out of the arguments: the rest, and the values by name of the change.

    The grammar is Hydra's: `a,b,c`, `choice(a,b)`, `range(1,5)`. `overlay=a,b` sweeps over named overlays.

    Raises:
        UsageError: an override is malformed, or sweeps over something else than the overlay.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.override_parser.types import QuotedString
    from hydra.errors import HydraException

    rest: list[str] = []
    swept: dict[str, list[Any]] = {}
    parser = OverridesParser.create()
    for argument in argv:
        if argument in FLAGS:
            continue
        if not argument.startswith((f"{_OVERLAY}.", f"{_OVERLAY}=")) or argument.endswith((".yaml", ".yml")):
            rest.append(argument)
            continue
        try:
            override = parser.parse_override(argument)
        except HydraException:
            raise UsageError(f"'{argument.partition('=')[0]}' is no override that can be read") from None
        if not override.is_sweep_override():
            rest.append(argument)
            continue
        values = [value.text if isinstance(value, QuotedString) else value for value in override.sweep_iterator()]
        swept[override.key_or_group] = values
    return rest, swept


def scenarios(config: ReplayConfig, swept: dict[str, list[Any]]) -> list[Scenario]:
    """Every combination of the values, the last name's changing fastest. Raises `UsageError` for a bad value."""
    from keep3r_replay.what_if.sweep import Scenario

    made = []
    for values in product(*swept.values()):
        point = {name.removeprefix(f"{_OVERLAY}."): value for name, value in zip(swept, values, strict=True)}
        changes = dict(config.overlay.changes())
        if _OVERLAY in point:
            file = CONF / _OVERLAY / f"{point[_OVERLAY]}.yaml"
            if not file.is_file():
                raise UsageError(f"no overlay named '{point[_OVERLAY]}'")
            changes = {**read_overlay(file), **changes}
        changes |= {name: value for name, value in point.items() if name != _OVERLAY}
        made.append(Scenario(point, overlay_from(changes).changes()))
    return made


def sweep(config: ReplayConfig, swept: dict[str, list[Any]]) -> int:
    """Run the sweep, write table and chart, print the outcomes; return 1 if a scenario failed."""
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.lake.writer import write_bytes
    from keep3r_replay.report.sweep import sweep_chart, sweep_lines
    from keep3r_replay.what_if.sweep import DONE, FAILED, KEPT, Settings, run_sweep
    from keep3r_replay.what_if.sweep_table import OUTCOMES, sweep_table
    from pipelines.replay import SAMPLE

    check_mode(config)
    if config.chart not in OUTCOMES:
        raise UsageError(f"chart={config.chart}: no outcome; there are {', '.join(OUTCOMES)}")
    if config.workers is not None and config.workers < 1:
        raise UsageError(f"workers={config.workers}: no number of processes")
    folder = Path(config.results)
    _check_folder(folder)
    lake = Lake.open(config.lake or SAMPLE)
    lake.check_content()
    workers = config.workers or len(os.sched_getaffinity(0))
    settings = Settings(config.until_block, config.ledger, config.tables, workers)
    finished = run_sweep(lake, scenarios(config, swept), folder, settings, _Told())
    table = sweep_table(finished)
    folder.mkdir(parents=True, exist_ok=True)
    table.write_parquet(folder / _TABLE)
    write_bytes(folder / f"sweep-{config.chart}.svg", sweep_chart(table, config.chart))
    counts = {status: sum(one.status == status for one in finished) for status in (DONE, KEPT, FAILED)}
    print("\n".join(sweep_lines(table)))
    print(f"\nscenarios {counts[DONE]} run, {counts[KEPT]} from earlier runs, {counts[FAILED]} failed")
    print(f"results   {folder / _TABLE}")
    return 1 if counts[FAILED] else 0


_TABLE = "sweep.parquet"


class _Told:
    """Says how far the sweep is: one line that is written over where a person watches."""

    def __init__(self) -> None:
        self._bar = sys.stderr.isatty()

    def __call__(self, count: int, total: int, one: Finished) -> None:
        point = " ".join(f"{name}={value}" for name, value in one.scenario.point.items())
        line = f"{count} of {total}: {point} {one.status}{': ' if one.error else ''}{one.error}"
        end = "\r" if self._bar and count < total else "\n"
        print(f"\033[K{line}" if self._bar else line, end=end, file=sys.stderr, flush=True)


def _check_folder(folder: Path) -> None:
    """Refuse a folder that holds something other than a sweep."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"{folder}: is no folder; say results=FOLDER")
    from keep3r_replay.audit.results import is_results

    strange = [
        each.name
        for each in sorted(folder.iterdir())
        if not each.name.startswith((".", "sweep")) and not is_results(each)
    ]
    if strange or is_results(folder):
        raise UsageError(f"{folder}: holds something other than results of a sweep; choose another folder")


def main(argv: list[str]) -> int:
    """Sweep as the command line says; return the exit code."""
    from pipelines.config import load_config
    from pipelines.replay import SUMMARY, Mode, ReplayConfig
    from pipelines.what_if import split_file, with_file

    plain, file = split_file(argv)
    rest, swept = split_swept(plain)
    if not swept:
        raise UsageError("-m needs something to sweep over: overlay.CHANGE=A,B or overlay=NAME,NAME")
    config = load_config("replay", ReplayConfig, rest, summary=SUMMARY)
    return sweep(replace(config, mode=Mode.what_if, overlay=with_file(config.overlay, file)), swept)
