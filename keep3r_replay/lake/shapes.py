"""Shapes of what a lake's JSON says: a file from anywhere must not be able to say what no code expects."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

_ADDRESS = re.compile(r"0x[0-9a-f]{40}", re.ASCII)
_HASH = re.compile(r"0x[0-9a-f]{64}", re.ASCII)
_SHOWN = 60
_MOST = 2**63 - 1
_DEEPEST = 1_000
"""Python's own limit: a library that raises it lets the parser run out of its stack, which ends the process."""


def parsed(content: bytes | str) -> Any:
    """Return what a JSON text says.

    Raises:
        ValueError: it is no JSON, or nested deeper than a parser follows.
    """
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(min(limit, _DEEPEST))
        return json.loads(content)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    finally:
        sys.setrecursionlimit(limit)


def whole(value: Any, name: str, least: int = 0) -> int:
    """Return a whole number of at least `least` that fits into 64 bits.

    Raises:
        ValueError: it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _MOST:
        raise ValueError(f"{name} is {_told(value)}")
    return value


def text(value: Any, name: str) -> str:
    """Return a text.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(value, str):
        raise ValueError(f"{name} is {_told(value)}")  # noqa: TRY004  (one kind of error for all that files say)
    return value


def address(value: Any, name: str) -> str:
    """Return an address: `0x` and 40 lower-case hexadecimal digits.

    Raises:
        ValueError: it is something else.
    """
    if not _ADDRESS.fullmatch(text(value, name)):
        raise ValueError(f"{name} is {_told(value)}")
    return str(value)


def block_hash(value: Any, name: str) -> str:
    """Return a hash: `0x` and 64 lower-case hexadecimal digits.

    Raises:
        ValueError: it is something else.
    """
    if not _HASH.fullmatch(text(value, name)):
        raise ValueError(f"{name} is {_told(value)}")
    return str(value)


def mapping(value: Any, name: str) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{name} is {_told(value)}")  # noqa: TRY004  (as above)
    return value


def sequence(value: Any, name: str) -> list[Any]:
    """Return a JSON array.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(value, list):
        raise ValueError(f"{name} is {_told(value)}")  # noqa: TRY004  (as above)
    return value


def pairs(value: Any, name: str) -> list[list[Any]]:
    """Return a JSON array of arrays of two.

    Raises:
        ValueError: it is something else.
    """
    for each in sequence(value, name):
        if len(sequence(each, name)) != 2:
            raise ValueError(f"{name} holds {_told(each)}")
    return list(value)


def _told(value: Any) -> str:
    told = ascii(value)
    return told if len(told) <= _SHOWN else f"{told[:_SHOWN]}..."
