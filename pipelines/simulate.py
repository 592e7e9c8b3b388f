"""`keep3r simulate`: a scripted history into a lake."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from keep3r_replay.errors import UsageError
from pipelines.config import load_config, setting
from pipelines.foreign import say_foreign

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
    from keep3r_replay.protocols.registry import protocol_of_script
    from keep3r_replay.replay.rooms import Extras

    protocol, script = protocol_of_script(config.scenario)
    scenarios = protocol.scenarios
    if scenarios is None:
        raise UsageError(f"there are no scenarios of {protocol.title}")
    trace, draw = (None if folder is None else Path(folder) for folder in (config.trace, config.draw))
    if (trace or draw) and not scenarios.has_extras:
        raise UsageError(f"scenarios of {protocol.title} have no trace and nothing to draw; replay the lake instead")
    lake = Path(config.lake)
    simulated = scenarios.simulate(script, "scenario", lake, Extras(trace, draw))
    say_foreign(lake)
    print("\n".join([*simulated.lines, f"lake      {lake}"]))
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
