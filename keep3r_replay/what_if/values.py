"""Values of changes, checked the same way for every protocol: what makes no sense is refused by its name."""

from __future__ import annotations

import re
from fractions import Fraction

from keep3r_replay.errors import UsageError

_UINT256 = 1 << 256
_FACTOR = re.compile(r"[0-9]{1,30}(\.[0-9]{0,30})?(e[+-]?[0-9]{1,2})?(/[0-9]{1,30})?|\.[0-9]{1,30}", re.ASCII)
_LONG = re.compile(r"[0-9.]+(e[+-]?[0-9]+)?(/[0-9]+)?", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]{1,80}", re.ASCII)
_SHOWN = 60


def whole_number(name: str, value: object) -> int:
    """A whole number of up to 256 bits, which may be below 0, from an int or its text.

    Raises:
        UsageError: the value is none; the text names the change.
    """
    if isinstance(value, bool) or not (isinstance(value, int) or _WHOLE.fullmatch(str(value))):
        raise UsageError(f"overlay.{name}={str(value)[:_SHOWN]}: no whole number")
    number = int(value) if isinstance(value, int) else int(str(value))
    if abs(number) >= _UINT256:
        raise UsageError(f"overlay.{name}: more than 256 bits")
    return number


def count(name: str, value: object) -> int:
    """A whole number of 0 or more. Raises `UsageError` as `whole_number` does, or if it is below 0."""
    number = whole_number(name, value)
    if number < 0:
        raise UsageError(f"overlay.{name}={number}: below 0")
    return number


def truth(name: str, value: object) -> bool:
    """True or false. Raises `UsageError` if the value is neither."""
    if not isinstance(value, bool):
        raise UsageError(f"overlay.{name}={str(value)[:_SHOWN]}: say true or false")
    return value


def fraction(name: str, value: object) -> Fraction:
    """A factor of 0 or more, from a number or text: `1.5`, `3/2`, `1e3`, of up to 30 digits a part.

    Raises:
        UsageError: the value is none; the text names the change.
    """
    text = str(value)
    if text.startswith("-") and _FACTOR.fullmatch(text[1:]):
        raise UsageError(f"overlay.{name}={text}: below 0")
    try:
        found = Fraction(text) if _FACTOR.fullmatch(text) else None
    except (ValueError, ZeroDivisionError):
        found = None
    if found is None and _LONG.fullmatch(text):
        raise UsageError(f"overlay.{name}: more than 30 digits")
    if found is None:
        raise UsageError(f"overlay.{name}={text[:_SHOWN]}: no number; say 1.5 or 3/2")
    return found
