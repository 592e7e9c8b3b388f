"""What a scenario's YAML may say for an amount, a duration or a name; every mistake is one line."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_AMOUNT = re.compile(r"(\d{1,80})(?:\.(\d{1,80}))?(?:e(\d{1,9}))?", re.ASCII)
_DURATION = re.compile(r"(\d{1,18})\s*([smhd])", re.ASCII)
PARTS = 10_000
"""Fees are parts of this many."""
_DIGITS = 38
"""Of the largest amount that a lake's columns hold."""
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
MOST = 1_000_000
"""More calls, market swaps or readings than this are taken for a mistake in a duration."""


def amount(value: Any, place: str) -> int:
    """An amount in wei: a whole number, or text like "10e18" or "2.5e18", exactly.

    Raises:
        UsageError: it is none, or not whole; a YAML number with an exponent is a float and must be quoted.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return _checked(value, place)
    match = _AMOUNT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise UsageError(f"{place}: {value!r:.60} is no amount; say a whole number or a text like '2.5e18'")
    whole, fraction, exponent = match.group(1), match.group(2) or "", int(match.group(3) or 0)
    digits = whole + fraction
    if len(fraction) > exponent and digits[len(digits) - (len(fraction) - exponent) :].strip("0"):
        raise UsageError(f"{place}: {value!r} is no whole number of wei")
    power: int = 10 ** min(exponent, 2 * _DIGITS)
    return _checked(int(digits) * power // int(10 ** len(fraction)), place)


def _checked(value: int, place: str) -> int:
    if not 0 <= value < 10**_DIGITS:
        raise UsageError(f"{place}: an amount is 0 or more, and of at most {_DIGITS} digits")
    return value


def duration(value: Any, place: str) -> int:
    """A duration in seconds: a whole number, or text like "36h" (s, m, h, d).

    Raises:
        UsageError: it is none, or below zero.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise UsageError(f"{place}: {value!r:.60} is no duration; say seconds or a text like '36h'")
    return int(match.group(1)) * _SECONDS[match.group(2)]


def parameter(name: str, value: Any, place: str) -> int:
    """What a parameter is set to, by the name of its view: times may be durations, all others are amounts.

    Raises:
        UsageError: it is neither, a period of 0, or a fee of more than the whole.
    """
    is_time = name.lower().endswith(("time", "period"))
    is_duration = is_time and isinstance(value, str) and _DURATION.fullmatch(value)
    number = duration(value, place) if is_duration else amount(value, place)
    if number == 0 and name in {"rewardPeriodTime", "inflationPeriod"}:
        raise UsageError(f"{place}: a {name} of 0 divides by zero")
    if number > PARTS and name == "fee":
        raise UsageError(f"{place}: a fee of {number} parts of {PARTS} is more than the whole")
    return number


def at_most(count: int, place: str, what: str) -> None:
    """Refuse more of something than a history can hold. Raises `UsageError`."""
    if count > MOST:
        raise UsageError(f"{place}: {count:,} {what} are more than {MOST:,}; look at the durations")


def whole(value: Any, place: str) -> int:
    """A whole number, of any sign. Raises `UsageError` for anything else."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise UsageError(f"{place}: {value!r} is no whole number")
    return value


def known(keys: Iterable[str], allowed: Iterable[str], place: str) -> None:
    """Refuse a key that is none of `allowed`. Raises `UsageError` with the nearest one."""
    choices = list(allowed)
    for key in keys:
        if key not in choices:
            close = difflib.get_close_matches(key, choices, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"there are {', '.join(choices)}"
            raise UsageError(f"{place}: unknown '{key}'; {hint}")


def mapping(value: Any, place: str) -> Mapping[str, Any]:
    """A mapping with text keys. Raises `UsageError` for anything else."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise UsageError(f"{place}: a mapping is wanted, not {value!r}")
    return value


def items(value: Any, place: str) -> list[Mapping[str, Any]]:
    """A list of mappings. Raises `UsageError` for anything else."""
    if not isinstance(value, (list, tuple)):
        raise UsageError(f"{place}: a list is wanted, not {value!r}")
    return [mapping(item, f"{place}[{i}]") for i, item in enumerate(value)]


def required(content: Mapping[str, Any], key: str, place: str) -> Any:
    """The value under `key`. Raises `UsageError` where there is none."""
    if key not in content:
        raise UsageError(f"{place}: '{key}' is missing")
    return content[key]
