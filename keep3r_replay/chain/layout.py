"""Where the values of one log stand in its JSON text."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from keep3r_replay.chain.logs import MAX_TOPICS
from keep3r_replay.chain.wire import WireLog

Place = tuple[int, int]

FIXED = {b"address": 40, b"blockHash": 64, b"transactionHash": 64}
"""Values of a fixed number of hexadecimal digits."""

QUANTITIES = (b"blockNumber", b"transactionIndex", b"logIndex", b"blockTimestamp")
"""Values that are numbers; the last one is not written by every node."""

_STRING = re.compile(rb'"([^"\\]*)"')
_REMOVED = b'"removed":false'


class UnfitError(Exception):
    """The answer, or a log of it, is not of a shape that can be scanned."""


@dataclass(frozen=True)
class Shape:
    """Where a log's values stand: closed-open places of hexadecimal digits without their 0x."""

    length: int
    values: dict[bytes, Place]
    topics: tuple[Place, ...]
    between: tuple[Place, ...]


def shape_of(log: bytes) -> Shape:
    """Locate the values of one log, which must be a flat object of hexadecimal strings and `"removed":false`.

    Raises:
        UnfitError: it is not.
    """
    try:
        # Logs of this shape are the template but for hexadecimal digits, so they are JSON if the template is.
        msgspec.json.decode(log, type=WireLog)
    except msgspec.MsgspecError:
        raise UnfitError from None
    values: dict[bytes, Place] = {}
    topics: list[Place] = []
    strings = [(match.group(1), match.start(1), match.end(1)) for match in _STRING.finditer(log)]
    places = iter(strings)
    for text, _, end in places:
        if text == b"removed":
            if log[end - 8 : end + 7] != _REMOVED:
                raise UnfitError
        elif text == b"topics":
            count = log[end + 2 : log.index(b"]", end)].count(b'"') // 2
            topics += [_hexadecimal(*next(places)) for _ in range(count)]
        elif text in FIXED or text in QUANTITIES or text == b"data":
            values[text] = _hexadecimal(*next(places))
        else:
            raise UnfitError
    wanted = {*FIXED, *QUANTITIES[:3], b"data"}
    if not wanted <= values.keys() or b'"topics":[' not in log or len(topics) > MAX_TOPICS:
        raise UnfitError
    if any(values[key][1] - values[key][0] != digits for key, digits in FIXED.items()):
        raise UnfitError
    if any(end - begin != 64 for begin, end in topics) or len(strings) != _strings_of(values, topics, log):
        raise UnfitError
    inside = sorted([*values.values(), *topics])
    edges = [0, *(edge for place in inside for edge in place), len(log)]
    between = tuple((edges[i], edges[i + 1]) for i in range(0, len(edges), 2))
    return Shape(len(log), values, tuple(topics), between)


def _strings_of(values: dict[bytes, Place], topics: list[Place], log: bytes) -> int:
    """Count the strings that a log of these values has: two for each value, and the keys of topics and removed."""
    return 2 * len(values) + len(topics) + 1 + (b'"removed"' in log)


def _hexadecimal(text: bytes, begin: int, end: int) -> Place:
    if not text.startswith(b"0x"):
        raise UnfitError
    return begin + 2, end
