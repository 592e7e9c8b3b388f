"""How the table `readings` writes a value: text that says everything and loses nothing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEX = re.compile(r"0x(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{64})")


def value_text(value: object) -> str:
    """Write a value as `readings` holds it.

    A decimal integer, `true` or `false`, an address or a word of 32 bytes in lower-case hex, or compact JSON of a list
    of those as text.

    Raises:
        ValueError: the value is nothing of this.
    """
    if isinstance(value, list):
        return json.dumps([_nested(item) for item in value], separators=(",", ":"))
    return _scalar(value)


def answer_text(values: Sequence[Any]) -> str:
    """Write what a view answered as `readings` holds it: one value plain, several as a list."""
    return value_text(_plain(values[0] if len(values) == 1 else values))


def _plain(value: Any) -> Any:
    return [_plain(each) for each in value] if isinstance(value, (tuple, list)) else value


def _nested(value: object) -> object:
    return [_nested(item) for item in value] if isinstance(value, list) else _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, str):
        # Several times as fast as a pattern; only ASCII digits are digits here.
        if value.removeprefix("-").isdigit() and value.isascii():
            return value
        if _HEX.fullmatch(value):
            return value.lower()
    elif isinstance(value, bool):
        return "true" if value else "false"
    elif isinstance(value, int):
        return str(value)
    raise ValueError(f"{str(value)[:80]!r} is no integer, address, word, truth value or list of those")
