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
Hydra's own log and output folders are never made: compose() writes nothing.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import sys
import types
import typing
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from keep3r_replay import conf
from keep3r_replay.errors import UsageError, is_url

if TYPE_CHECKING:
    from collections.abc import Sequence

Config = TypeVar("Config")

CONF = Path(conf.__path__[0])
"""The folder of the YAML files."""

_NO_PATHS = {"query", "scheduler"}
"""Settings of text that may hold a URL."""

_REQUIRED = "???"
"""OmegaConf's mark of a value that must be given."""


def setting(meaning: str, *, default: Any = _REQUIRED) -> Any:
    """Declare one setting of a configuration dataclass: its meaning in one line, and its default (none: required).

    A setting that is a dataclass itself has no default: it is chosen from the group of YAML files of its name, or made
    of its own defaults.
    """
    if isinstance(default, (list, dict)):
        return dataclasses.field(default_factory=default.copy, metadata={"meaning": meaning})
    return dataclasses.field(default=default, metadata={"meaning": meaning})


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
    overrides = [_checked_override(command, argument, fields, schema) for argument in argv]
    # Hydra takes a fifth of a second to import: --help and plain mistakes need not wait for it.
    from hydra import compose, initialize_config_dir
    from hydra.core.config_store import ConfigStore
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

    ConfigStore.instance().store(name=f"{name}_schema", node=_settings(schema))
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
            composed = compose(config_name=name, overrides=overrides)
        config = typing.cast("Config", OmegaConf.to_object(composed))
    except MissingMandatoryValue as error:
        missing = str(error.full_key or error.key)
        raise UsageError(f"missing setting '{missing}': say {missing}=VALUE (keep3r {command} --help)") from None
    except (HydraException, OmegaConfBaseException) as error:
        raise UsageError(f"{_first_cause(error)} (keep3r {command} --help)") from None
    for field in sorted(fields):
        value = getattr(config, field)
        if field not in _NO_PATHS and isinstance(value, str) and is_url(value):
            raise UsageError(f"{field} is a URL: only files and folders of this machine can be read and written")
    return config


def typed_value(schema: type[Any], name: str, value: Any) -> Any:
    """Return a value as the setting `name` of `schema` holds it. Raises `UsageError` if it is of another type."""
    from omegaconf.errors import OmegaConfBaseException

    settings = _settings(schema)
    try:
        settings[name] = value
        return settings[name]
    except OmegaConfBaseException as error:
        raise UsageError(_first_cause(error)) from None


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


def _checked_override(name: str, argument: str, fields: dict[str, Any], schema: type[Any]) -> str:
    key, equals, value = argument.partition("=")
    bare = key.lstrip("+~").split("@")[0]
    if not equals or not bare:
        shown = argument if argument.startswith("-") or not equals else bare
        raise UsageError(f"'{shown}' is not of the form key=value (keep3r {name} --help)")
    root = bare.split(".")[0].split("/")[0]
    if root not in fields:
        close = difflib.get_close_matches(root, fields, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"settings are {', '.join(fields)}"
        raise UsageError(f"unknown setting '{root}'; {hint} (keep3r {name} --help)")
    annotation = typing.get_type_hints(schema)[root]
    if bare != root and typing.get_origin(annotation) is dict and argument[0] not in "+~":
        # Which settings such a group has is for its reader to say: its files need not name all of them.
        return f"++{argument}"
    if bare == root and _is_text(annotation) and _needs_quotes(value, annotation):
        # Paths may hold characters of Hydra's grammar, and an address or a number must stay the text it is.
        # In Hydra's quotes a backslash is one, except before a quote.
        escaped = re.sub(r"(\\*)('|$)", lambda match: match[1] * 2 + ("\\'" if match[2] else ""), value)
        return f"{key}='{escaped}'"
    return argument


def _is_text(annotation: Any) -> bool:
    members = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    return str in members and set(members) <= {str, type(None)}


def _needs_quotes(value: str, annotation: Any) -> bool:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    is_null = value == "null" and annotation is not str
    return not (quoted or is_null or not value or "${" in value)


def _first_cause(error: BaseException) -> str:
    """Name the setting and the kind of the mistake, without the value."""
    cause = error.__cause__ or error
    key = getattr(cause, "full_key", None) or getattr(cause, "key", None)
    expected = getattr(cause, "ref_type_str", None)
    if key:
        wanted = f", expected {expected}" if expected else ""
        return f"setting '{key}' has a value of the wrong type{wanted}"
    text = str(error)
    if group := re.search(r"You must specify '(\w+)'", text):
        return f"missing setting '{group.group(1)}': say {group.group(1)}=NAME"
    if unknown := re.search(r"Could not find '(\w+)/([^']*)'", text):
        return f"no {unknown.group(1)} of that name; there are {', '.join(_choices(unknown.group(1)))}"
    if unread := re.match(r"Lexer\w+: \+*([\w.]+)=", text):
        return f"'{unread.group(1)}' has characters that are no plain value: put the value in quotes within quotes"
    lines = text.splitlines() or [type(error).__name__]
    return lines[0].split("'")[0].strip() if "=" in lines[0] else lines[0]


def _help(name: str, fields: dict[str, Any], summary: str) -> str:
    width = max(len(field) for field in fields)
    lines = []
    for key, field in fields.items():
        default = "required" if field.default == _REQUIRED else f"default {_shown(_default(field))}"
        choices = _choices(key)
        if choices:
            default += f"; one of {', '.join(choices)}"
        lines.append(f"  {key:<{width}}  {field.metadata['meaning']} ({default})")
    return "\n".join([f"usage: keep3r {name} key=value ...", "", summary, "", *lines])


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
