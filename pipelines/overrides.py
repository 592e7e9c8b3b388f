"""The overrides of a command line, as Hydra takes them: text in quotes, files as choices, mistakes named at once."""

from __future__ import annotations

import dataclasses
import difflib
import re
import types
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError

from .application import is_hydras
from .yaml_file import FILES, mapping_in

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_FROM_FILE = "from_file"


def checked_overrides(
    command: str, schema: type[Any], given: Sequence[str], *, swept: bool = False, unswept: Collection[str] = ()
) -> list[str]:
    """Overrides as Hydra takes them: text in quotes, files as choices.

    Args:
        command: the subcommand, for errors.
        schema: the settings.
        given: the command line.
        swept: whether several values are several runs.
        unswept: settings of which there is one value only.

    Raises:
        InputError: a file cannot be read.
        UsageError: an override is malformed, names no setting, or sweeps over one that is not swept over.
    """
    fields = {field.name: field for field in dataclasses.fields(schema)}
    checked = []
    for argument in _with_files(given, schema):
        several = swept and sweeps(argument)
        name = argument.partition("=")[0]
        if several and name in unswept:
            raise UsageError(f"{name} cannot be swept over: it changes no what-if; say one value (quoted, if it has ,)")
        checked.append(_checked_override(command, argument, fields, schema, several=several))
    return checked


def sweeps(override: str) -> bool:
    """Whether an override says several values, in Hydra's grammar."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        return bool(OverridesParser.create().parse_override(override).is_sweep_override())
    except HydraException:
        return False


def _checked_override(name: str, argument: str, fields: dict[str, Any], schema: type[Any], *, several: bool) -> str:
    key, equals, value = argument.partition("=")
    bare = key.lstrip("+~").split("@")[0]
    if is_hydras(argument) or (is_of_a_group(argument, schema) and "." not in argument.partition("=")[0]):
        return argument
    if argument.startswith("~") and bare and not equals:
        return argument
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
    if not several and bare == root and _is_text(annotation) and _needs_quotes(value, annotation):
        # Paths may hold characters of Hydra's grammar, and an address or a number must stay the text it is.
        # In Hydra's quotes a backslash is one, except before a quote.
        escaped = re.sub(r"(\\*)('|$)", lambda match: match[1] * 2 + ("\\'" if match[2] else ""), value)
        return f"{key}='{escaped}'"
    return argument


def is_of_a_group(override: str, schema: type[Any]) -> bool:
    """Whether an override adds what the settings do not have by themselves: `+experiment=NAME`, or another group."""
    key = override.partition("=")[0].partition("@")[0]
    return key.startswith("+") and key.lstrip("+") not in {each.name for each in dataclasses.fields(schema)}


def _is_text(annotation: Any) -> bool:
    members = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    return str in members and set(members) <= {str, type(None)}


def _needs_quotes(value: str, annotation: Any) -> bool:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    is_null = value == "null" and annotation is not str
    return not (quoted or is_null or not value or "${" in value)


def _with_files(given: Sequence[str], schema: type[Any]) -> list[str]:
    """The overrides, with `GROUP=FILE.yaml` as the choice of what the file holds."""
    groups = {name for name, hint in typing.get_type_hints(schema).items() if typing.get_origin(hint) is dict}
    overrides = []
    for argument in given:
        key, _, value = argument.partition("=")
        if key in groups and value.endswith(FILES):
            from hydra.core.config_store import ConfigStore

            ConfigStore.instance().store(group=key, name=_FROM_FILE, node=mapping_in(Path(value)))
            overrides.append(f"{key}={_FROM_FILE}")
        else:
            overrides.append(argument)
    return overrides
