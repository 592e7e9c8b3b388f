"""The overrides of a command line, as Hydra takes them: text in quotes, files of one's own as choices."""

from __future__ import annotations

import dataclasses
import re
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

MISSING = "???"
"""OmegaConf's mark of a value that must be given."""
FILES = (".yaml", ".yml")
"""How the name of a file of one's own ends."""


def as_taken(words: Sequence[str], schema: type[Any]) -> list[str]:
    """The words of a command line as Hydra takes them.

    Raises:
        InputError: a file holds no settings.
        UsageError: a value has no name.
    """
    hints = typing.get_type_hints(schema)
    chosen = {each.name for each in dataclasses.fields(schema) if each.default == MISSING}
    groups = tuple(f"{name}." for name in sorted(chosen) if typing.get_origin(hints[name]) is dict)
    # The file that is chosen of a group need not name all of its settings: a part of it may be new there.
    return [f"++{each}" if each.startswith(groups) else _taken(each, hints) for each in words]


def _taken(word: str, hints: dict[str, Any]) -> str:
    key, _, value = word.partition("=")
    if not key:
        raise UsageError("a value without a setting: say SETTING=VALUE")
    hint = hints.get(key)
    if typing.get_origin(hint) is dict and value.endswith(FILES):
        from hydra.core.config_store import ConfigStore

        name = f"file_{value.encode().hex()}"
        ConfigStore.instance().store(group=key, name=name, node=_mapping_in(Path(value)))
        return f"{key}={name}"
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    is_null = value == "null" and hint is not str
    if hint not in (str, str | None) or is_quoted or is_null or not value or "${" in value:
        return word
    # Paths may hold characters of Hydra's grammar, and an address or a number must stay the text it is.
    # In Hydra's quotes a backslash is one, except before a quote.
    escaped = re.sub(r"(\\*)('|$)", lambda match: match[1] * 2 + ("\\'" if match[2] else ""), value)
    return f"{key}='{escaped}'"


def _mapping_in(path: Path) -> dict[str, Any]:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError  # type: ignore[import-untyped] # PyYAML comes without types

    try:
        values = OmegaConf.to_container(OmegaConf.load(path))
    except OSError as error:
        raise InputError(path, f"cannot be read: {error.strerror}") from None
    except (ValueError, OmegaConfBaseException, YAMLError) as error:
        raise InputError(path, f"is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        remedy = "docs/what-if.md lists the names of changes"
        raise InputError(path, "holds no settings: lines of NAME: VALUE", remedy=remedy)
    return {str(name): value for name, value in values.items()}


def sweeps(word: str) -> bool:
    """Whether an override says several values, in Hydra's grammar."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        return bool(OverridesParser.create().parse_override(word).is_sweep_override())
    except HydraException:
        return False
