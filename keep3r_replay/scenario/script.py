"""Parts of a scenario's script, checked the same way for every protocol: each mistake is one line with its place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_WHOLE = re.compile(r"-?[0-9]{1,80}", re.ASCII)


class Step(NamedTuple):
    """One entry of a script: seconds from the start, what is done, and the rest of what is said of it."""

    at: int
    do: str
    words: dict[str, Any]


def step(given: Any, place: str, words: Mapping[str, Iterable[str]]) -> Step:
    """An entry of a script.

    Args:
        given: what the script says.
        place: where, for errors.
        words: the further parts that each thing which can be done has.

    Raises:
        UsageError: a part is missing, unknown or wrong.
    """
    if not isinstance(given, dict) or "at" not in given or "do" not in given:
        raise UsageError(f"{place}: needs at (seconds from the start) and do")
    rest = {name: value for name, value in given.items() if name not in {"at", "do"}}
    done = given["do"]
    if not isinstance(done, str) or done not in words:
        raise UsageError(f"{place}: nothing can be done named {done!r:.60}; there are {', '.join(words)}")
    known(rest, words[done], place)
    return Step(whole(given["at"], f"{place}: at"), done, rest)


def known(given: Iterable[str], names: Iterable[str], place: str) -> None:
    """Refuse a part that is none of `names`. Raises `UsageError`."""
    allowed = sorted(names)
    unknown = sorted(set(map(str, given)) - set(allowed))
    if unknown:
        raise UsageError(f"{place}: no part named {unknown[0]!r:.60}; there are {', '.join(allowed)}")


def whole(value: object, place: str) -> int:
    """A whole number of 0 or more, also as text. Raises `UsageError` for anything else."""
    text = str(value)
    if isinstance(value, bool) or not _WHOLE.fullmatch(text):
        raise UsageError(f"{place}: {value!r:.60} is no whole number")
    number = int(text)
    if number < 0:
        raise UsageError(f"{place}: {number} is below 0")
    return number
