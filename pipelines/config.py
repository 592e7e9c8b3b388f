"""Command-line settings as typed objects, through Hydra's compose API.

How a pipeline reads its settings:

    @dataclass(frozen=True)
    class ReplayConfig:
        lake: str = setting("the lake to replay", default="data/sample")
        until_block: int | None = setting("stop after this block", default=None)

    def main(argv: list[str]) -> int:
        config = load_config("replay", ReplayConfig, argv, summary="re-execute a lake")
        ...

`conf/replay.yaml` starts with `defaults: [replay_schema, _self_]`; the schema is registered here under that name, so a
wrong key or a wrong type is refused with one line. `--help` prints every setting with its meaning and default.
Hydra's flags and its own settings work too (`application`); its output folders are made where they are asked for.
"""

from __future__ import annotations

import dataclasses
import sys
import typing
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from keep3r_replay import conf
from keep3r_replay.errors import UsageError, is_url

from .application import COMPLETION, MULTIRUN, application, is_hydras, refuse_multirun, split_flags
from .mistakes import first_cause, nearest
from .overrides import checked_overrides, is_of_a_group
from .staged import staged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Config = TypeVar("Config")

CONF = Path(conf.__path__[0])
"""The folder of the YAML files."""

_NO_PATHS = {"query", "scheduler"}
"""Settings of text that may hold a URL."""

_REQUIRED = "???"
"""OmegaConf's mark of a value that must be given."""


class Store(Enum):
    """What a setting that may name a place in an object store is: read there, or fetched, worked on and put back."""

    READ = "read"
    STAGED = "staged"


def setting(meaning: str, *, default: Any = _REQUIRED, store: Store | None = None) -> Any:
    """Declare one setting of a configuration dataclass: its meaning in one line, and its default (none: required).

    A setting that is a dataclass itself has no default: it is chosen from the group of YAML files of its name, or made
    of its own defaults.
    """
    if isinstance(default, (list, dict)):
        return dataclasses.field(default_factory=default.copy, metadata={"meaning": meaning})
    return dataclasses.field(default=default, metadata={"meaning": meaning, "store": store})


def load_config(
    name: str,
    schema: type[Config],
    argv: Sequence[str],
    *,
    summary: str,
    command: str | None = None,
) -> Config:
    """Compose `conf/<name>.yaml` with the overrides of the command line into a `schema` object.

    Args:
        name: the pipeline's subcommand and the stem of its YAML file.
        schema: a frozen dataclass whose fields are made with `setting`.
        argv: overrides in Hydra's grammar, `key=value`; `--help` prints the settings and ends the process with 0.
        summary: what the pipeline does, in one line, for the help.
        command: the subcommand, where several share one YAML file.

    Returns:
        The settings, checked for type; no field is missing.

    Raises:
        UsageError: an override is malformed, names no setting or has the wrong type, or a required value is missing.
            The text never repeats a value: it may be a secret.
    """
    fields = {field.name: field for field in dataclasses.fields(typing.cast("Any", schema))}
    command = command or name
    if any(argument in {"-h", "--help"} for argument in argv):
        print(_help(command, fields, summary))
        sys.exit(0)
    flags, given = split_flags(argv, command)
    asks = any(flag in COMPLETION for flag in flags)
    overrides = given if asks else checked_overrides(command, schema, given)
    if any(flag in MULTIRUN for flag in flags):
        raise refuse_multirun(command)
    # Hydra takes a fifth of a second to import: --help and plain mistakes need not wait for it.
    with mistakes_told(schema, command):
        config = typing.cast("Config", _composed(name, schema, flags, overrides))
    for field in sorted(fields):
        value = getattr(config, field)
        if field not in _NO_PATHS and isinstance(value, str) and is_url(value):
            changed = {field: _in_store(fields[field], value)}
            config = dataclasses.replace(config, **changed)  # type: ignore[type-var] # `Config` is any dataclass
    return config


def _in_store(field: dataclasses.Field[Any], value: str) -> str:
    """The place in an object store that a setting names; results are worked on here. Raises `UsageError`."""
    from keep3r_replay.lake.bucket import in_bucket, location

    store = field.metadata.get("store")
    if store is None or not in_bucket(value):
        raise UsageError(f"{field.name} is a URL: only files and folders of this machine can be read and written")
    place = location(value)
    return str(place) if store is Store.READ else staged(place)


def _composed(name: str, schema: type[Any], flags: Sequence[str], overrides: Sequence[str]) -> Any:
    """The settings; if flags only show something, the process ends with 0."""
    store_schema(name, schema)
    if flags or any(is_hydras(override) or is_of_a_group(override, schema) for override in overrides):
        found = application(name, str(CONF), flags, overrides, lambda settings: typed(settings, schema))
        if not found:
            sys.exit(0)
        return found[0]
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    GlobalHydra.instance().clear()
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        try:
            composed = compose(config_name=name, overrides=list(overrides))
        except ValueError as error:
            raise UsageError(" ".join(str(error).split())) from None
    return typed(composed, schema)


def typed(settings: Any, schema: type[Config]) -> Config:
    """Composed settings as an object of their schema. Raises `UsageError` for one that the schema does not have."""
    from omegaconf import OmegaConf

    known = [each.name for each in dataclasses.fields(typing.cast("Any", schema))]
    for name in map(str, settings):
        if name not in known:
            raise UsageError(f"unknown setting '{name}'{nearest(name, known)}")
    return typing.cast("Config", OmegaConf.to_object(settings))


def store_schema(name: str, schema: type[Any]) -> None:
    """Make a schema known to Hydra, under the name that `conf/<name>.yaml` begins with."""
    from hydra.core.config_store import ConfigStore

    ConfigStore.instance().store(name=f"{name}_schema", node=_settings(schema))


@contextmanager
def mistakes_told(schema: type[Any], command: str) -> Iterator[None]:
    """Within the block what Hydra says of settings is one line. Raises `UsageError`."""
    from hydra.errors import HydraException
    from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

    try:
        yield
    except MissingMandatoryValue as error:
        missing = str(error.full_key or error.key)
        raise UsageError(f"missing setting '{missing}': say {missing}=VALUE (keep3r {command} --help)") from None
    except (HydraException, OmegaConfBaseException) as error:
        raise UsageError(f"{first_cause(error, schema)} (keep3r {command} --help)") from None


def typed_value(schema: type[Any], name: str, value: Any) -> Any:
    """Return a value as the setting `name` of `schema` holds it. Raises `UsageError` if it is of another type."""
    from omegaconf.errors import OmegaConfBaseException

    settings = _settings(schema)
    try:
        settings[name] = value
        return settings[name]
    except OmegaConfBaseException as error:
        raise UsageError(first_cause(error, schema)) from None


def _settings(schema: Any) -> Any:
    """The settings of a schema, open to overrides: OmegaConf takes a frozen dataclass for one without any."""
    from omegaconf import OmegaConf

    settings = OmegaConf.structured(schema)
    OmegaConf.set_readonly(settings, None)
    hints = typing.get_type_hints(schema if isinstance(schema, type) else type(schema))
    for field in dataclasses.fields(schema):
        hint = hints[field.name]
        if dataclasses.is_dataclass(hint):
            settings[field.name] = _settings(
                hint if field.default in (_REQUIRED, dataclasses.MISSING) else field.default
            )
    return settings


def _help(name: str, fields: dict[str, Any], summary: str) -> str:
    width = max(len(field) for field in fields)
    lines = []
    for key, field in fields.items():
        is_required = field.default == _REQUIRED and not _has_default(name, key)
        default = (
            "required"
            if is_required
            else f"default {_shown(_default(field)) if field.default != _REQUIRED else 'none'}"
        )
        choices = _choices(key)
        if choices:
            default += f"; one of {', '.join(choices)}"
        lines.append(f"  {key:<{width}}  {field.metadata['meaning']} ({default})")
    return "\n".join([f"usage: keep3r {name} key=value ...", "", summary, "", *lines])


def _has_default(name: str, group: str) -> bool:
    """Whether the YAML file of a command chooses none of a group by itself, so that nobody has to say one."""
    file = CONF / f"{name}.yaml"
    return file.is_file() and f"- {group}: none" in file.read_text("utf-8")


def _choices(group: str) -> list[str]:
    """Return the names of a group's YAML files; none if the setting is no group."""
    return sorted(path.stem for path in (CONF / group).glob("*.yaml") if path.stem != "none")


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default


def _shown(value: Any) -> str:
    if value is None or value in ([], {}) or dataclasses.is_dataclass(value):
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return value.name
    return str(value) or "empty"
