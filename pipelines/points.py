"""What a sweep goes over: overrides with several values, in Hydra's grammar, and every combination of them."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.errors import UsageError

from .config import CONF, typed_value
from .replay_config import ReplayConfig
from .yaml_file import FILES, mapping_in

if TYPE_CHECKING:
    from collections.abc import Sequence

FLAGS = ("-m", "--multirun")
OVERLAY = "overlay"
_CHANGE = f"{OVERLAY}."

NOT_SWEPT = frozenset(
    {
        *("mode", "results", "engine", "scheduler", "workers", "columns"),  # how the sweep is run
        *("tables", "ledger", "chart", "snapshot_every", "names", "export"),  # what is kept or shown of it
    }
)
"""Settings that leave what would have happened as it is. A sweep goes over every other one."""


class Point(NamedTuple):
    """One combination: the values swept over, by name, and the whole configuration that they make."""

    values: dict[str, Any]
    config: ReplayConfig


def split_swept(argv: Sequence[str]) -> tuple[list[str], dict[str, list[Any]]]:
    """Take the overrides that sweep out of the arguments: the rest, and the values by name of the setting.

    The grammar is Hydra's: `a,b,c`, `choice(a,b)`, `range(1,5)`; `overlay=a,b` sweeps over overlays, by name or file.

    Raises:
        UsageError: an override is malformed, or sweeps over what changes no what-if.
    """
    rest: list[str] = []
    swept: dict[str, list[Any]] = {}
    for argument in argv:
        if argument in FLAGS:
            continue
        name, equals, _ = argument.partition("=")
        values = _values(name, argument) if equals and _is_setting(name) else None
        if values is None:
            rest.append(argument)
        elif name in NOT_SWEPT:
            raise UsageError(f"{name} cannot be swept over: it changes no what-if; say one value (quoted, if it has ,)")
        else:
            swept[name] = values
    return rest, swept


def _is_setting(name: str) -> bool:
    return name.startswith(_CHANGE) or name in {each.name for each in fields(ReplayConfig)}


def _values(name: str, argument: str) -> list[Any] | None:
    """The values that an override sweeps over; None if it says one."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.override_parser.types import Glob
    from hydra.errors import HydraException

    try:
        override = OverridesParser.create().parse_override(argument)
    except HydraException:
        if name.startswith(_CHANGE):
            raise UsageError(f"'{name}' is no override that can be read") from None
        # A path may hold anything; what else is wrong is told when the settings are read.
        return None
    if not override.is_sweep_override():
        return None
    choice: Any = override.value()
    if name == OVERLAY and isinstance(choice, Glob):
        return list(choice.filter(sorted(path.stem for path in (CONF / OVERLAY).glob("*.yaml"))))
    try:
        return [plain(value) for value in override.sweep_iterator()]
    except HydraException:
        raise UsageError(f"{name} sweeps over a,b,c or choice(...) or range(...) only") from None


def plain(value: Any) -> Any:
    """A value without the quotes that it was written in."""
    from hydra.core.override_parser.types import QuotedString

    if isinstance(value, QuotedString):
        return value.text
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {plain(key): plain(each) for key, each in value.items()}
    return value


def points(config: ReplayConfig, swept: dict[str, list[Any]]) -> list[Point]:
    """Every combination of the values, the last name's changing fastest.

    Raises:
        InputError: the file of an overlay cannot be read.
        UsageError: a value of a setting is of the wrong type; changes are checked with the history.
    """
    choices = [[_choice(config, name, value) for value in values] for name, values in swept.items()]
    return [_point(config, dict(zip(swept, values, strict=True))) for values in product(*choices)]


def _choice(config: ReplayConfig, name: str, value: Any) -> Any:
    """A value, of its setting's type; the overlay checks its own."""
    return value if name == OVERLAY or name.startswith(_CHANGE) else typed_value(type(config), name, value)


def _point(config: ReplayConfig, values: dict[str, Any]) -> Point:
    changes = dict(config.overlay)
    if OVERLAY in values:
        changes = {**mapping_in(_overlay_file(str(values[OVERLAY]))), **changes}
    changes |= {name.removeprefix(_CHANGE): value for name, value in values.items() if name.startswith(_CHANGE)}
    plain = {name: value for name, value in values.items() if name != OVERLAY and not name.startswith(_CHANGE)}
    return Point(values, replace(config, **plain, overlay=changes))


def _overlay_file(name: str) -> Path:
    if name.endswith(FILES):
        return Path(name)
    file = CONF / OVERLAY / f"{name}.yaml"
    if not file.is_file():
        raise UsageError(f"no overlay named '{name}'")
    return file
