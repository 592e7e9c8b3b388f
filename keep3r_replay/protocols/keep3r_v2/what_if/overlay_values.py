"""Values of an overlay as people write them: factors, addresses, records, each checked and brought into one form."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from keep3r_replay.errors import UsageError


def fraction(name: str, text: str) -> Fraction:
    """A factor. Raises `UsageError` if the text is no number of 0 or more."""
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"overlay.{name}={text}: no number; say 1.5 or 3/2") from None
    if value < 0:
        raise UsageError(f"overlay.{name}={text}: below 0")
    return value


def address_text(value: object) -> str:
    """An address in lower case; one that YAML took for a number becomes text again."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"0x{value:0{40 if value < 1 << 160 else 64}x}"
    return str(value).lower()


def record(name: str, value: object, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """One record of a list, checked for its keys. Raises `UsageError`."""
    keys = {str(key) for key in value} if isinstance(value, dict) else set()
    if not isinstance(value, dict) or not set(required) <= keys or keys - {*required, *optional}:
        wanted = ", ".join((*required, *(f"[{each}]" for each in optional)))
        raise UsageError(f"overlay.{name}: an entry is made of {wanted}")
    checked: dict[str, Any] = {}
    for key, each in value.items():
        if key in {"job", "keeper", "liquidity"}:
            checked[key] = address_text(each)
            continue
        try:
            checked[key] = int(each)
        except (TypeError, ValueError):
            raise UsageError(f"overlay.{name}: {key} is no whole number") from None
    return checked
