"""What is wrong with settings, in a line: setting, kind of value, choices. Values may be secret: none is repeated."""

from __future__ import annotations

import difflib
import re
import types
import typing
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text", type(None): "null"}
_KINDS = {**_WORDS, dict: "a mapping", list: "a list", tuple: "a list"}
_SEVERAL = re.compile(r"Ambiguous value for argument '\+*([\w.]+)=")


def first_cause(error: BaseException, schema: type[Any]) -> str:
    """Name the setting and the kind of the mistake, without the value."""
    cause = error.__cause__ or error
    text = str(error)
    if several := _SEVERAL.match(text):
        return (
            f"setting '{several[1]}' has several values: say -m to run each, [a,b] for a list, or quote the whole value"
        )
    if group := re.search(r"You must specify '(\w+)'", text):
        return f"missing setting '{group[1]}': say {group[1]}=NAME"
    if unknown := re.search(r"Could not find '([\w/]+)/([^'/]*)'", text):
        options = re.findall(r"^\s+([\w./-]+)$", text.partition("Available options")[2], re.MULTILINE)
        known = [option for option in options if option != "none"]
        return f"no {unknown[1]} of that name; there are {', '.join(known)}{nearest(unknown[2], known)}"
    if key := getattr(cause, "full_key", None) or getattr(cause, "key", None):
        return _wrong_value(str(key), getattr(cause, "value", None), schema, str(cause))
    if missing := re.search(r"Primary config module|Cannot find primary config '([^']*)'", text):
        return f"there is no configuration of the name '{missing[1]}' in the folders that are searched"
    if text.startswith("Additional config directory"):
        return "--config-dir: there is no such folder"
    if unread := re.match(r"Lexer\w+: \+*([\w.]+)=", text):
        return f"'{unread[1]}' has characters that are no plain value: put the value in quotes within quotes"
    lines = text.splitlines() or [type(error).__name__]
    return lines[0].split("'")[0].strip() if "=" in lines[0] else lines[0]


def nearest(value: str, choices: Iterable[str]) -> str:
    """`; did you mean 'x'?` of the choice that is nearest to a value, if one is near."""
    close = difflib.get_close_matches(value, list(choices), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def _wrong_value(key: str, value: Any, schema: type[Any], told: str) -> str:
    annotation = _annotation(key, schema)
    if annotation is None:
        return f"unknown setting '{key}'"
    if "interpolation" in told.lower():
        return f"setting '{key}' refers to something that is not there"
    kind = _KINDS.get(type(value), type(value).__name__) if value is not None else "null"
    wanted = " or ".join(_told(each) for each in _members(annotation))
    enum = next((each for each in _members(annotation) if isinstance(each, type) and issubclass(each, Enum)), None)
    if enum is not None:
        return f"setting '{key}' has a value of the wrong type: it is {wanted}{nearest(str(value), enum.__members__)}"
    return f"setting '{key}' has a value of the wrong type: {kind}, where {wanted} is expected"


def _annotation(key: str, schema: Any) -> Any:
    """The declared type of a setting, by its dotted name; None if there is none."""
    name, _, rest = key.partition(".")
    name = name.partition("[")[0]
    if not is_dataclass(schema) or name not in {each.name for each in fields(schema)}:
        return None
    hint = typing.get_type_hints(schema)[name]
    return _annotation(rest, hint) if rest and is_dataclass(hint) else hint


def _members(annotation: Any) -> tuple[Any, ...]:
    return typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)


def _told(kind: Any) -> str:
    """A declared type in words."""
    if kind in _WORDS:
        return _WORDS[kind]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return f"one of {', '.join(kind.__members__)}"
    return {list: "a list", dict: "settings as KEY.PART=VALUE"}.get(typing.get_origin(kind), "a group of settings")
