"""A scenario's content, by its name, by its file, or as it is given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError  # type: ignore[import-untyped] # PyYAML comes without types

from keep3r_replay.errors import UsageError
from keep3r_replay.replay.arguments import path_named

if TYPE_CHECKING:
    from collections.abc import Sequence

FILES = (".yaml", ".yml")
"""How the name of a scenario's file ends."""


def script_of(scenario: str | Path | Mapping[str, Any], conf: Path) -> tuple[dict[str, Any], str]:
    """A scenario's content, and what to call it in an error.

    Args:
        scenario: one in `conf/scenario`, by name; a YAML file; or the content of one.
        conf: the folder of named settings.

    Raises:
        UsageError: there is no such scenario, or it is no mapping.
    """
    if isinstance(scenario, Mapping):
        return {str(key): value for key, value in scenario.items()}, "the scenario"
    named = path_named("scenario", scenario)
    if str(named).endswith(FILES):
        return script_in(Path(named)), str(named)
    names = sorted(path.stem for path in (conf / "scenario").glob("*.yaml"))
    if str(named) not in names:
        raise UsageError(f"no scenario named '{named}'; there are {', '.join(names)}")
    with initialize_config_dir(version_base="1.3", config_dir=str(conf)):
        composed = compose(config_name=None, overrides=[f"+scenario={named}"])
    content: Any = OmegaConf.to_container(composed.scenario, resolve=True)
    return {str(key): value for key, value in content.items()}, str(named)


def script_in(path: Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The mapping of a scenario's file, with `scenario.PART=VALUE` overrides in Hydra's grammar.

    Raises:
        UsageError: there is no such file, it is no YAML mapping, or an override is none.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such file; say scenario=NAME for one that comes with the project")
    try:
        content = OmegaConf.load(path)
        for override in OverridesParser.create().parse_overrides(list(overrides)):
            key = str(override.key_or_group).removeprefix("scenario.")
            OmegaConf.update(content, key, override.value(), force_add=True)
        found = OmegaConf.to_container(content, resolve=True)
    except HydraException as error:
        raise UsageError(f"{str(error).splitlines()[0]}; say scenario.PART=VALUE") from None
    except (YAMLError, UnicodeDecodeError, OmegaConfBaseException, OSError) as error:
        raise UsageError(f"{path}: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict):
        raise UsageError(f"{path}: a scenario is a mapping, with name, setup and script")
    if "defaults" in found:
        raise UsageError(f"{path}: 'defaults' are for scenarios in conf/scenario; say here what they stand for")
    return {str(key): value for key, value in found.items()}
