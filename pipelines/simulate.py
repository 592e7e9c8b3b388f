"""`keep3r simulate`: a scripted history into a lake."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from keep3r_replay.errors import UsageError
from keep3r_replay.extras import CHARTS, need

from .config import load_config, setting
from .foreign import say_foreign

SUMMARY = "Play a scripted history against the model, and write the lake that the contracts would have left."


@dataclass(frozen=True)
class SimulateConfig:
    """Settings of `keep3r simulate`."""

    lake: str = setting("folder of the lake: absent, empty, or a former simulation, which is replaced")
    scenario: dict[str, Any] = setting(
        "the scenario: a name, or a YAML file; any part of it can be overridden, as scenario.fees.base_fee=N"
    )
    trace: str | None = setting("also write tables of views, events and periods (CSV) to this folder", default=None)
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
    lake = Path(config.lake)
    simulated = scenarios.simulate(script, "scenario", lake, Extras(trace, draw))
    write_names(simulated.names, lake)
    say_foreign(lake)
    print("\n".join([*simulated.lines, f"lake      {lake}"]))
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
