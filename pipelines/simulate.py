"""`keep3r simulate`: a scripted history into a lake."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.extras import CHARTS, need

from .config import load_config, setting
from .foreign import say_foreign
from .progress import Counting

if TYPE_CHECKING:
    from keep3r_replay.replay.protocol import Protocol
    from keep3r_replay.replay.rooms import Scenarios

SUMMARY = "Play a scripted history against the model, and write the lake that the contracts would have left."


@dataclass(frozen=True)
class SimulateConfig:
    """Settings of `keep3r simulate`."""

    lake: str | None = setting(
        "folder of the lake: absent, empty, or a former simulation, which is replaced; required without seeds",
        default=None,
    )
    scenario: dict[str, Any] = setting(
        "the scenario: a name, or a YAML file; any part of it can be overridden, as scenario.fees.base_fee=N"
    )
    trace: str | None = setting("also write tables of views, events and periods (CSV) to this folder", default=None)
    seeds: int | None = setting(
        "play it so many times, the random paths drawn anew each time, and tell how the outcomes lie", default=None
    )
    workers: int | None = setting("with seeds: processes; all cores if none is said", default=None)
    export: str | None = setting(
        "with seeds: each one's outcome to this file: .csv, .json, .parquet, .xlsx", default=None
    )
    draw: str | None = setting("also draw a chart of each job's credits (SVG) to this folder", default=None)


def main(argv: list[str]) -> int:
    """Simulate one scenario; return the exit code. Raises `UsageError` for a protocol without scenarios or drawings."""
    config = read_config(argv)
    from keep3r_replay.protocols.registry import scenarios_of
    from keep3r_replay.replay.rooms import Extras
    from keep3r_replay.scenario.actors import write_names

    protocol, scenarios, script = scenarios_of(config.scenario)
    trace, draw = (None if folder is None else Path(folder) for folder in (config.trace, config.draw))
    if draw:
        need(CHARTS, "draw")
    if (trace or draw) and not scenarios.has_extras:
        raise UsageError(f"scenarios of {protocol.title} have no trace and nothing to draw; replay the lake instead")
    if config.seeds is not None:
        return _play_seeds(config, config.seeds, protocol, scenarios, script)
    if config.lake is None:
        raise UsageError("missing setting 'lake': say lake=FOLDER, or seeds=NUMBER (keep3r simulate --help)")
    lake = Path(config.lake)
    simulated = scenarios.simulate(script, "scenario", lake, Extras(trace, draw))
    write_names(simulated.names, lake)
    say_foreign(lake)
    print("\n".join([*simulated.lines, f"lake      {lake}"]))
    return 0


def _play_seeds(config: SimulateConfig, seeds: int, protocol: Protocol, scenarios: Scenarios, script: Any) -> int:
    """Play a scenario many times and print how its outcomes lie; return the exit code.

    Raises `UsageError` for a protocol of whose scenarios nothing is measured, or a setting of a single run.
    """
    if scenarios.measure is None:
        raise UsageError(f"seeds: nothing is measured of scenarios of {protocol.title}; simulate and replay them")
    if config.lake is not None or config.trace is not None or config.draw is not None:
        raise UsageError("seeds: many runs leave no lake, trace or drawing; play one of them by its seeds for these")
    if config.export is not None:
        from keep3r_replay.report.export import check_export

        check_export(Path(config.export))
    from keep3r_replay.report.export import export_table
    from keep3r_replay.report.seeds import seeds_lines
    from keep3r_replay.scenario.seeds import outcomes, seeds_table, spreads

    counting = Counting("run")
    workers = config.workers or len(os.sched_getaffinity(0))
    found = outcomes(script, seeds, scenarios.measure, workers, counting.update)
    counting.done()
    print("\n".join(seeds_lines(str(script.get("name", "scenario")), seeds, spreads(found))))
    if config.export is not None:
        export_table(seeds_table(found), Path(config.export))
        print(f"table     {config.export}")
    return 0


def read_config(argv: list[str]) -> SimulateConfig:
    """The settings of a command line, with the scenario of the file that it names, if it does.

    Raises:
        UsageError: a setting is wrong, or the file can not be read.
    """
    from keep3r_replay.scenario.named import FILES, script_in

    files = [argument for argument in argv if argument.startswith("scenario=") and argument.endswith(FILES)]
    if not files:
        # A part of the scenario may be one that its file does not name, which Hydra marks with ++.
        overrides = [f"++{argument}" if argument.startswith("scenario.") else argument for argument in argv]
        return load_config("simulate", SimulateConfig, overrides, summary=SUMMARY)
    parts = [argument for argument in argv if argument.startswith("scenario.")]
    others = [argument for argument in argv if argument not in {*files, *parts}]
    config = load_config("simulate", SimulateConfig, [*others, "scenario=none"], summary=SUMMARY)
    return replace(config, scenario=script_in(Path(files[-1].partition("=")[2]), parts))
