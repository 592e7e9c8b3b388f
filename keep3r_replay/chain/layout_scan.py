"""Reading `eth_getLogs` answers by their layout: every log of one shape at once, without an object a log.

Nodes write the logs of an answer with the same keys in the same order, so logs of equal length differ only inside their
values. One log is taken as the template, its values are located, and all logs of its length are cut at the same places;
every byte between the values must be the template's. Most bytes are the same in all logs of an answer (the contract,
the event, leading zeros): those are read once, from the template. What does not fit is left to the JSON parser:
`scan_logs` returns None, and never guesses. A property test holds both ways equal.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING

import numpy as np

from keep3r_replay.chain.layout import FIXED, QUANTITIES, UnfitError, shape_of
from keep3r_replay.chain.logs import MAX_TOPICS, LogBatch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keep3r_replay.chain.layout import Place, Shape

    Bytes = NDArray[np.uint8]
    Mask = NDArray[np.bool_]
    Rows = NDArray[np.int64]

_MOST_SHAPES = 64
_BLOCK = 1 << 18
_ROWS = 2048
"""Logs that are read at a time: what they take stays in the processor's cache, and small beside the answer."""
_NEAR = 8
"""Bytes that may lie between two that vary, to be read with them in one go."""

_DIGITS = np.full(256, 0xFF, np.uint8)
for _value, _digit in enumerate(b"0123456789abcdef"):
    _DIGITS[_digit] = _value
for _value, _digit in enumerate(b"ABCDEF", start=10):
    _DIGITS[_digit] = _value


def scan_logs(content: bytes | memoryview) -> LogBatch | None:
    """Return the logs of a JSON list of logs, or None if the list cannot be read by its layout."""
    if len(content) < 4 or content[:2] != b"[{" or content[-2:] != b"}]":
        return None
    buffer = np.frombuffer(content, np.uint8)
    starts = _places_of(b"{", buffer)
    # Every log ends right before the comma that is followed by the next one, or before the end of the list.
    ends = np.append(starts[1:] - 1, len(content) - 1)
    if not ((buffer[ends[:-1]] == ord(",")).all() and (buffer[ends - 1] == ord("}")).all()):
        return None
    try:
        return _scan(buffer, starts, ends - starts)
    except (UnfitError, binascii.Error):
        return None


def _places_of(sign: bytes, buffer: Bytes) -> Rows:
    """Find a character, a block of the text at a time: what was found stays in the processor's cache."""
    found = []
    same = np.empty(min(_BLOCK, len(buffer)), np.bool_)
    for begin in range(0, len(buffer), _BLOCK):
        block = buffer[begin : begin + _BLOCK]
        found.append(np.flatnonzero(np.equal(block, sign[0], out=same[: len(block)])) + begin)
    return np.concatenate(found)


def _scan(buffer: Bytes, starts: Rows, lengths: Rows) -> LogBatch:
    total = len(starts)
    columns = _Columns(total)
    left = np.arange(total)
    for _ in range(_MOST_SHAPES):
        first = starts[left[0]]
        template = buffer[first : first + lengths[left[0]]]
        shape = shape_of(template.tobytes())
        fixed = np.zeros(shape.length, np.bool_)
        for begin, end in shape.between:
            fixed[begin:end] = True
        rows = left[lengths[left] == shape.length]
        taken = np.zeros(total, np.bool_)
        texts = np.lib.stride_tricks.sliding_window_view(buffer, shape.length)
        for begin in range(0, len(rows), _ROWS):
            part = rows[begin : begin + _ROWS]
            # One copy a log; every later step works on slices of it.
            logs = texts[starts[part]]
            varies = _varies(logs)
            if (fixed & (varies | (logs[0] != template))).any():
                fits = (logs[:, fixed] == template[fixed]).all(axis=1)
                part, logs = part[fits], logs[fits]
                if len(part) == 0:
                    continue
                varies = _varies(logs)
            columns.fill(part, logs, shape, varies)
            taken[part] = True
        left = left[~taken[left]]
        if len(left) == 0:
            return columns.batch()
    raise UnfitError


def _varies(logs: Bytes) -> Mask:
    """Tell of each byte of the text whether it differs between the logs: all have the same bits where both agree."""
    varies: Mask = np.bitwise_or.reduce(logs, axis=0) != np.bitwise_and.reduce(logs, axis=0)
    return varies


class _Columns:
    """The columns of a batch, filled shape by shape."""

    def __init__(self, total: int) -> None:
        self._numbers = {key: np.zeros(total, np.int64) for key in QUANTITIES}
        self._fixed = {key: np.empty((total, digits // 2), np.uint8) for key, digits in FIXED.items()}
        self._topic_count = np.zeros(total, np.uint8)
        self._topics = np.zeros((total, MAX_TOPICS, 32), np.uint8)
        self._data_lengths = np.zeros(total, np.int64)
        self._data: list[tuple[Rows, Bytes]] = []

    def fill(self, rows: Rows, logs: Bytes, shape: Shape, varies: Mask) -> None:
        """Take the values of the logs that stand at `rows` of the answer."""
        everything = len(rows) == len(self._topic_count)
        target: slice | Rows = slice(None) if everything else rows
        for key, values in self._fixed.items():
            _put(values, target, _unhex(logs, shape.values[key], varies))
        for key, numbers in self._numbers.items():
            numbers[target] = _number(logs, shape.values[key], varies) if key in shape.values else -1
        self._topic_count[target] = len(shape.topics)
        for number, place in enumerate(shape.topics):
            _put(self._topics[:, number], target, _unhex(logs, place, varies))
        data = _unhex(logs, shape.values[b"data"], varies)
        self._data_lengths[target] = data.shape[1]
        self._data.append((rows, data))

    def batch(self) -> LogBatch:
        """Return what was taken."""
        if any((self._numbers[key] >> 32).any() for key in QUANTITIES[:3]):
            raise UnfitError
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

    def _joined_data(self, ends: Rows) -> Bytes:
        if len(self._data) == 1:
            return self._data[0][1].ravel()
        widths = {data.shape[1] for _, data in self._data}
        if len(widths) == 1 and (width := widths.pop()):
            table = np.empty((len(ends) - 1, width), np.uint8)
            for rows, data in self._data:
                _put(table, rows, data)
            return table.ravel()
        joined = np.empty(int(ends[-1]), np.uint8)
        for rows, data in self._data:
            joined[ends[rows][:, None] + np.arange(data.shape[1])] = data
        return joined


def _unhex(logs: Bytes, place: Place, varies: Mask) -> Bytes:
    """Read the bytes at one place of each log: the template's once, then those that vary. One row a log."""
    begin, end = place
    values = np.empty((len(logs), (end - begin) // 2), np.uint8)
    values[:] = np.frombuffer(binascii.a2b_hex(logs[0, begin:end].tobytes()), np.uint8)
    varying = np.flatnonzero(varies[begin:end]) >> 1
    if len(varying):
        for run in np.split(varying, np.flatnonzero(np.diff(varying) > _NEAR) + 1):
            low, high = int(run[0]), int(run[-1]) + 1
            digits = logs[:, begin + 2 * low : begin + 2 * high].tobytes()
            values[:, low:high] = np.frombuffer(binascii.a2b_hex(digits), np.uint8).reshape(len(logs), high - low)
    return values


def _put(target: Bytes, rows: slice | Rows, values: Bytes) -> None:
    """Write rows of bytes to `rows` of `target`; as one element a row, which is quicker than byte by byte."""
    if values.shape[1]:
        whole = np.dtype((np.void, values.shape[1]))
        target.view(whole)[rows] = values.view(whole)


def _number(logs: Bytes, place: Place, varies: Mask) -> NDArray[np.int64]:
    """Read the number at one place of each log; digits that do not vary are read once."""
    begin, end = place
    count = end - begin
    template = _DIGITS[logs[0, begin:end]]
    if count == 0 or count > 15 or (template == 0xFF).any() or (count > 1 and template[0] == 0):
        raise UnfitError
    value = np.zeros(len(logs), np.int64)
    for number in range(count):
        shift = 4 * (count - 1 - number)
        if not varies[begin + number]:
            value |= int(template[number]) << shift
            continue
        digits = _DIGITS[logs[:, begin + number]]
        if (digits == 0xFF).any() or (number == 0 and count > 1 and (digits == 0).any()):
            raise UnfitError
        value |= digits.astype(np.int64) << shift
    return value
