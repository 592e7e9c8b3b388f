"""`keep3r simulate`: a scripted history into a lake."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.registry import KEEP3R_V2
from pipelines.config import load_config, setting
from pipelines.foreign import say_foreign

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.scenario.simulator import Simulation

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
    """Simulate one scenario; return the exit code."""
    config = read_config(argv)
    name = config.scenario.get("protocol")
    if name is not None and name != KEEP3R_V2:
        return _simulate_of(str(name), config)
    from keep3r_replay.protocols.keep3r_v2.scenario.script import scenario_from
    from keep3r_replay.protocols.keep3r_v2.scenario.simulator import simulate
    from keep3r_replay.protocols.keep3r_v2.scenario.writer import check_target, write_lake

    lake = Path(config.lake)
    check_target(lake)
    scenario = scenario_from(config.scenario)
    if config.draw is not None and not scenario.views_every and not scenario.given:
        raise UsageError("draw: the scenario reads no views to draw; say scenario.views_every=4h")
    simulation = simulate(scenario)
    write_lake(simulation, lake)
    _tell(simulation)
    print(f"lake      {lake}")
    say_foreign(lake)
    _write_extras(simulation, config)
    return 0


def _simulate_of(name: str, config: SimulateConfig) -> int:
    """Simulate a scenario of another protocol, which its script names; return the exit code."""
    from keep3r_replay.protocols.registry import protocol_named

    scenarios = protocol_named(name).scenarios
    if scenarios is None:
        raise UsageError(f"there are no scenarios of {name}")
    if config.trace is not None or config.draw is not None:
        raise UsageError(f"trace and draw are of scenarios of {KEEP3R_V2}; replay the lake instead")
    script = {key: value for key, value in config.scenario.items() if key != "protocol"}
    scenarios.simulate(script, "scenario", Path(config.lake))
    print(f"lake      {config.lake}")
    say_foreign(Path(config.lake))
    return 0


def read_config(argv: list[str]) -> SimulateConfig:
    """The settings of a command line, with the scenario of the file that it names, if it does.

    Raises:
        UsageError: a setting is wrong, or the file can not be read.
    """
    files = [argument for argument in argv if argument.startswith("scenario=") and argument.endswith((".yaml", ".yml"))]
    if not files:
        # A part of the scenario may be one that its file does not name, which Hydra marks with ++.
        overrides = [f"++{argument}" if argument.startswith("scenario.") else argument for argument in argv]
        return load_config("simulate", SimulateConfig, overrides, summary=SUMMARY)
    parts = [argument for argument in argv if argument.startswith("scenario.")]
    others = [argument for argument in argv if argument not in {*files, *parts}]
    config = load_config("simulate", SimulateConfig, [*others, "scenario=none"], summary=SUMMARY)
    return replace(config, scenario=_scenario_of(Path(files[-1].partition("=")[2]), parts))


def _scenario_of(path: Path, overrides: list[str]) -> dict[str, Any]:
    """The mapping of a scenario's file, with `scenario.PART=VALUE` overrides in Hydra's grammar."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError  # type: ignore[import-untyped] # PyYAML comes without types

    if not path.is_file():
        raise UsageError(f"{path}: no such file; say scenario=NAME for one that comes with the project")
    try:
        content = OmegaConf.load(path)
        for override in OverridesParser.create().parse_overrides(overrides):
            key = str(override.key_or_group).removeprefix("scenario.")
            OmegaConf.update(content, key, override.value(), force_add=True)
        found = OmegaConf.to_container(content, resolve=True)
    except HydraException as error:
        raise UsageError(f"{str(error).splitlines()[0]}; say scenario.PART=VALUE") from None
    except (YAMLError, UnicodeDecodeError, OmegaConfBaseException) as error:
        raise UsageError(f"{path}: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict):
        raise UsageError(f"{path}: a scenario is a mapping, with name, setup and script")
    if "defaults" in found:
        raise UsageError(f"{path}: 'defaults' are for scenarios in conf/scenario; say here what they stand for")
    return {str(key): value for key, value in found.items()}


def _tell(simulation: Simulation) -> None:
    chain = simulation.chain
    print(
        f"simulated {simulation.scenario.name} (Keep3r {simulation.scenario.version}): {len(chain.blocks)} blocks, "
        f"{len(chain.logs)} logs, {len(chain.transactions)} transactions, {len(simulation.readings)} readings"
    )
    reverted = Counter((attempt.call, attempt.revert) for attempt in simulation.reverted)
    for (call, revert), count in sorted(reverted.items()):
        print(f"reverted  {count} of {call} with {revert}")


def _write_extras(simulation: Simulation, config: SimulateConfig) -> None:
    from keep3r_replay.protocols.keep3r_v2.scenario.trace import draw_jobs, write_trace

    if config.trace is not None:
        for path in write_trace(simulation, Path(config.trace)):
            print(f"trace     {path}")
    if config.draw is not None:
        for path in draw_jobs(simulation, Path(config.draw)):
            print(f"chart     {path}")
