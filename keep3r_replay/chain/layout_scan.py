"""Reading `eth_getLogs` answers by their layout: every log of one shape at once, without an object a log.

Nodes write the logs of an answer with the same keys in the same order, so logs of equal length differ only inside their
values. One log is taken as the template, its values are located, and all logs of its length are cut at the same places;
every byte between the values must be the template's. What does not fit is left to the JSON parser: `scan_logs` returns
None, and never guesses. A property test holds both ways equal.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from keep3r_replay.chain.logs import MAX_TOPICS, LogBatch
from keep3r_replay.chain.wire import WireLog

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Place = tuple[int, int]

_MOST_SHAPES = 64
_STRING = re.compile(rb'"([^"\\]*)"')
_REMOVED = b'"removed":false'
_DIGITS = np.full(256, 0xFF, np.uint8)
for _value, _digit in enumerate(b"0123456789abcdef"):
    _DIGITS[_digit] = _value
for _value, _digit in enumerate(b"ABCDEF", start=10):
    _DIGITS[_digit] = _value

_FIXED = {b"address": 40, b"blockHash": 64, b"transactionHash": 64}
_QUANTITIES = (b"blockNumber", b"transactionIndex", b"logIndex", b"blockTimestamp")


class _UnfitError(Exception):
    """The answer, or a log of it, is not of a shape that can be scanned."""


@dataclass(frozen=True)
class _Shape:
    """Where a log's values stand: closed-open places of hexadecimal digits without their 0x."""

    length: int
    values: dict[bytes, Place]
    topics: tuple[Place, ...]
    between: tuple[Place, ...]


def scan_logs(content: bytes) -> LogBatch | None:
    """Return the logs of a JSON list of logs, or None if the list cannot be read by its layout."""
    if len(content) < 4 or content[:2] != b"[{" or content[-2:] != b"}]":
        return None
    buffer = np.frombuffer(content, np.uint8)
    starts = np.flatnonzero(buffer == ord("{"))
    # Every log ends right before the comma that is followed by the next one, or before the end of the list.
    ends = np.append(starts[1:] - 1, len(content) - 1)
    if not ((buffer[ends[:-1]] == ord(",")).all() and (buffer[ends - 1] == ord("}")).all()):
        return None
    try:
        return _scan(content, buffer, starts, ends - starts)
    except (_UnfitError, binascii.Error):
        return None


def _scan(content: bytes, buffer: Bytes, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> LogBatch:
    total = len(starts)
    columns = _Columns(total)
    left = np.arange(total)
    for _ in range(_MOST_SHAPES):
        first = left[0]
        shape = _shape_of(content[starts[first] : starts[first] + lengths[first]])
        alike = lengths[left] == shape.length
        rows = left[alike]
        # One copy a log; every later step works on slices of it.
        logs = np.lib.stride_tricks.sliding_window_view(buffer, shape.length)[starts[rows]]
        fits = np.ones(len(rows), np.bool_)
        for begin, end in shape.between:
            same = logs[:, begin:end] == logs[0, begin:end]
            if not same.all():
                fits &= same.all(axis=1)
        if not fits.all():
            rows, logs = rows[fits], logs[fits]
        columns.fill(rows, logs, shape)
        taken = np.zeros(total, np.bool_)
        taken[rows] = True
        left = left[~taken[left]]
        if len(left) == 0:
            return columns.batch()
    raise _UnfitError


class _Columns:
    """The columns of a batch, filled shape by shape."""

    def __init__(self, total: int) -> None:
        self._numbers = {key: np.zeros(total, np.int64) for key in _QUANTITIES}
        self._fixed = {key: np.empty((total, digits // 2), np.uint8) for key, digits in _FIXED.items()}
        self._topic_count = np.zeros(total, np.uint8)
        self._topics = np.zeros((total, MAX_TOPICS, 32), np.uint8)
        self._data_lengths = np.zeros(total, np.int64)
        self._data: list[tuple[NDArray[np.int64], Bytes]] = []

    def fill(self, rows: NDArray[np.int64], logs: Bytes, shape: _Shape) -> None:
        everything = len(rows) == len(self._topic_count)
        target: slice | NDArray[np.int64] = slice(None) if everything else rows
        for key, values in self._fixed.items():
            values[target] = _unhex(logs, shape.values[key])
        for key, numbers in self._numbers.items():
            numbers[target] = _number(logs, shape.values[key]) if key in shape.values else -1
        self._topic_count[target] = len(shape.topics)
        for number, place in enumerate(shape.topics):
            self._topics[target, number] = _unhex(logs, place)
        data = _unhex(logs, shape.values[b"data"])
        self._data_lengths[target] = data.shape[1]
        self._data.append((rows, data))

    def batch(self) -> LogBatch:
        if any((self._numbers[key] >> 32).any() for key in _QUANTITIES[:3]):
            raise _UnfitError
        ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(self._data_lengths)])
        timestamps = self._numbers[b"blockTimestamp"]
        return LogBatch(
            self._numbers[b"blockNumber"].astype(np.uint32),
            self._numbers[b"logIndex"].astype(np.uint32),
            self._numbers[b"transactionIndex"].astype(np.uint32),
            self._fixed[b"blockHash"],
            self._fixed[b"transactionHash"],
            self._fixed[b"address"],
            self._topic_count,
            self._topics,
            self._joined_data(ends),
            ends,
            np.where(timestamps == 0, -1, timestamps),
        )

    def _joined_data(self, ends: NDArray[np.int64]) -> Bytes:
        widths = {data.shape[1] for _, data in self._data}
        if len(widths) == 1 and (width := widths.pop()):
            table = np.empty((len(ends) - 1, width), np.uint8)
            for rows, data in self._data:
                table[rows] = data
            return table.ravel()
        joined = np.empty(int(ends[-1]), np.uint8)
        for rows, data in self._data:
            joined[ends[rows][:, None] + np.arange(data.shape[1])] = data
        return joined


def _shape_of(log: bytes) -> _Shape:
    """Locate the values of one log, which must be a flat object of hexadecimal strings and `"removed":false`."""
    try:
        # Logs of this shape are the template but for hexadecimal digits, so they are JSON if the template is.
        msgspec.json.decode(log, type=WireLog)
    except msgspec.MsgspecError:
        raise _UnfitError from None
    values: dict[bytes, Place] = {}
    topics: list[Place] = []
    strings = [(match.group(1), match.start(1), match.end(1)) for match in _STRING.finditer(log)]
    places = iter(strings)
    for text, _, end in places:
        if text == b"removed":
            if log[end - 8 : end + 7] != _REMOVED:
                raise _UnfitError
        elif text == b"topics":
            count = log[end + 2 : log.index(b"]", end)].count(b'"') // 2
            topics += [_hexadecimal(*next(places)) for _ in range(count)]
        elif text in _FIXED or text in _QUANTITIES or text == b"data":
            values[text] = _hexadecimal(*next(places))
        else:
            raise _UnfitError
    wanted = {*_FIXED, *_QUANTITIES[:3], b"data"}
    if not wanted <= values.keys() or b'"topics":[' not in log or len(topics) > MAX_TOPICS:
        raise _UnfitError
    if any(values[key][1] - values[key][0] != digits for key, digits in _FIXED.items()):
        raise _UnfitError
    if any(end - begin != 64 for begin, end in topics) or len(strings) != _strings_of(values, topics, log):
        raise _UnfitError
    inside = sorted([*values.values(), *topics])
    edges = [0, *(edge for place in inside for edge in place), len(log)]
    between = tuple((edges[i], edges[i + 1]) for i in range(0, len(edges), 2))
    return _Shape(len(log), values, tuple(topics), between)


def _strings_of(values: dict[bytes, Place], topics: list[Place], log: bytes) -> int:
    """Count the strings that a log of these values has: two for each value, and the keys of topics and removed."""
    return 2 * len(values) + len(topics) + 1 + (b'"removed"' in log)


def _hexadecimal(text: bytes, begin: int, end: int) -> Place:
    if not text.startswith(b"0x"):
        raise _UnfitError
    return begin + 2, end


def _unhex(logs: Bytes, place: Place) -> Bytes:
    digits = logs[:, place[0] : place[1]]
    return np.frombuffer(binascii.a2b_hex(digits.tobytes()), np.uint8).reshape(len(logs), digits.shape[1] // 2)


def _number(logs: Bytes, place: Place) -> NDArray[np.int64]:
    digits = _DIGITS[logs[:, place[0] : place[1]]]
    count = digits.shape[1]
    if count == 0 or count > 15 or (digits == 0xFF).any() or (count > 1 and (digits[:, 0] == 0).any()):
        raise _UnfitError
    value = np.zeros(len(logs), np.int64)
    for place_value in range(count):
        value = (value << 4) | digits[:, place_value]
    return value
