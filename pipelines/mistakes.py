"""What is wrong with settings, in a line: setting, kind of value, choices. Values may be secret: none is repeated."""

from __future__ import annotations

import difflib
import re
import types
import typing
from contextlib import contextmanager
from dataclasses import fields
from enum import Enum
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text", type(None): "null"}
_KINDS = {**_WORDS, dict: "a mapping", list: "a list", tuple: "a list"}


@contextmanager
def mistakes_told(schema: type[Any], command: str) -> Iterator[None]:
    """Within the block what Hydra says of settings is one line. Raises `UsageError`."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        raise UsageError(f"{_told(error, schema)} (keep3r {command} --help)") from None


def unknown(name: str, schema: type[Any]) -> str:
    """A setting that there is none of, with the nearest."""
    known = [each.name for each in fields(schema)]
    near = nearest(name.split(".", maxsplit=1)[0], known) or f"; settings are {', '.join(known)}"
    return f"unknown setting '{name}'{near}"


def nearest(value: str, choices: Iterable[str]) -> str:
    """`; did you mean 'x'?` of the choice that is nearest to a value, if one is near."""
    close = difflib.get_close_matches(value, list(choices), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def _told(error: Any, schema: type[Any]) -> str:
    cause = error.__cause__ or error
    text = str(error)
    if several := re.match(r"Ambiguous value for argument '\+*([\w.]+)=", text):
        name = several[1]
        return f"setting '{name}' has several values: say -m to run each, [a,b] for a list, or quote the whole value"
    if group := re.search(r"You must specify '(\w+)'", text):
        return f"missing setting '{group[1]}': say {group[1]}=NAME"
    if other := re.search(r"Could not find '([\w/]+)/([^'/]*)'", text):
        options = re.findall(r"^\s+([\w./-]+)$", text.partition("Available options")[2], re.MULTILINE)
        known = [option for option in options if option != "none" and not option.startswith("file_")]
        return f"no {other[1]} of that name; there are {', '.join(known)}{nearest(other[2], known)}"
    override, equals, _ = getattr(error, "override", "").lstrip("+~").partition("=")
    if override and not equals:
        return f"'{override}' is not of the form key=value, nor a flag of Hydra's"
    key = override or str(getattr(cause, "full_key", None) or getattr(cause, "key", None) or "")
    hint = typing.get_type_hints(schema).get(re.split(r"[.\[/@]", key)[0])
    if key and hint is None and not key.startswith("hydra"):
        return unknown(key, schema)
    if override:
        return f"'{key}' has characters that are no plain value: put the value in quotes within quotes"
    if type(cause).__name__ == "MissingMandatoryValue":
        return f"missing setting '{key}': say {key}=VALUE"
    if hint is not None:
        return _wrong_value(key, getattr(cause, "value", None), hint, str(cause))
    line = (text.splitlines() or [type(error).__name__])[0]
    return line.split("'", maxsplit=1)[0].strip() if "=" in line else line


def _wrong_value(key: str, value: Any, annotation: Any, told: str) -> str:
    if "interpolation" in told.lower():
        return f"setting '{key}' refers to something that is not there"
    members = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    for each in members:
        if isinstance(each, type) and issubclass(each, Enum):
            choices = ", ".join(each.__members__)
            near = nearest(str(value), each.__members__)
            return f"setting '{key}' has a value of the wrong type: it is one of {choices}{near}"
    kind = _KINDS.get(type(value), type(value).__name__)
    others = {list: "a list", dict: "settings as KEY.PART=VALUE"}
    wanted = " or ".join(_WORDS.get(each) or others.get(typing.get_origin(each), "a group") for each in members)
    return f"setting '{key}' has a value of the wrong type: {kind}, where {wanted} is expected"
