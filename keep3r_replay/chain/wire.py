"""The JSON of a node, typed: logs, blocks and transactions as `eth_getLogs` and its kin return them.

Parsing makes one small record a log (msgspec, in C); everything after that works on whole columns.
"""

from __future__ import annotations

import binascii
import re
from itertools import chain
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from keep3r_replay.chain.logs import MAX_TOPICS, LogBatch, empty_batch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_QUANTITY = re.compile(r"0x(?:0|[1-9a-fA-F][0-9a-fA-F]*)")


class MalformedError(ValueError):
    """A value is not of the form that the JSON-RPC specification gives it. `row` is its place among its kin."""

    def __init__(self, problem: str, row: int = 0) -> None:
        self.problem = problem
        self.row = row
        super().__init__(problem)


class WireLog(msgspec.Struct, gc=False):
    """A log of `eth_getLogs`; fields not named here are ignored."""

    address: str
    topics: list[str]
    data: str
    blockNumber: str
    blockHash: str
    transactionHash: str
    transactionIndex: str
    logIndex: str
    removed: bool = False
    blockTimestamp: str | None = None


class WireBlock(msgspec.Struct, gc=False):
    """A block's header as `eth_getBlockByNumber` returns it; `baseFeePerGas` is absent before London.

    `blockAccessListHash` is absent before Amsterdam (EIP-7928); other fields that forks add are ignored.
    """

    number: str
    hash: str
    parentHash: str
    timestamp: str
    gasUsed: str
    gasLimit: str
    baseFeePerGas: str | None = None
    logsBloom: str | None = None
    blockAccessListHash: str | None = None


def quantity(text: str) -> int:
    """Read one quantity (`0x1b4`).

    Raises:
        MalformedError: the text is no quantity.
    """
    if not _QUANTITY.fullmatch(text):
        raise MalformedError(f"{text[:80]!r} is not a quantity")
    return int(text, 16)


def hexadecimal(text: str, width: int | None = None) -> bytes:
    """Read `0x` text of whole bytes, of `width` if that is given.

    Raises:
        MalformedError: it is none.
    """
    try:
        content = bytes.fromhex(text[2:]) if text.startswith("0x") and text.isalnum() else None
    except ValueError:
        content = None
    if content is None or (width is not None and len(content) != width):
        raise MalformedError(f"{text[:80]!r} is not {'' if width is None else f'{width} '}bytes in hexadecimal")
    return content


def check_block(header: WireBlock) -> None:
    """Raise `MalformedError` for a header with a value of a wrong form: what is believed can be written."""
    hexadecimal(header.hash, 32)
    hexadecimal(header.parentHash, 32)
    for text, bits in (
        (header.timestamp, 63),
        (header.gasUsed, 63),
        (header.gasLimit, 63),
        (header.baseFeePerGas, 126),
    ):
        if text is not None and quantity(text) >> bits:
            raise MalformedError(f"{text[:80]} is too large")
    if header.logsBloom is not None:
        hexadecimal(header.logsBloom, 256)


def quantities(texts: Sequence[str], bits: int, field: str) -> list[int]:
    """Read a column of quantities of at most `bits` bits; equal texts are read once.

    Raises:
        MalformedError: one of them is no quantity or too large; it says which.
    """
    values: dict[str, int] = {}
    for text in dict.fromkeys(texts):
        if not _QUANTITY.fullmatch(text) or int(text, 16) >> bits:
            raise MalformedError(f"{field} {text[:80]!r} is not a quantity of {bits} bits", texts.index(text))
        values[text] = int(text, 16)
    return [values[text] for text in texts]


def fixed_bytes(texts: Sequence[str], width: int, field: str) -> NDArray[np.uint8]:
    """Read a column of `0x` texts of `width` bytes each into an array of shape (rows, width).

    Raises:
        MalformedError: one of them has another length or is not hexadecimal; it says which.
    """
    length = 2 * width + 2
    if set(map(len, texts)) <= {length}:
        joined = np.frombuffer("".join(texts).encode("ascii", "replace"), np.uint8)
        if joined.size == length * len(texts):
            rows = joined.reshape(len(texts), length)
            if (rows[:, 0] == ord("0")).all() and (rows[:, 1] == ord("x")).all():
                try:
                    raw = binascii.a2b_hex(rows[:, 2:].tobytes())
                except binascii.Error:
                    pass
                else:
                    return np.frombuffer(raw, np.uint8).reshape(len(texts), width)
    row = _first_misfit(texts, re.compile(rf"0x[0-9a-fA-F]{{{2 * width}}}"))
    raise MalformedError(f"{field} {texts[row][:80]!r} is not {width} bytes in hexadecimal", row)


def varied_bytes(texts: Sequence[str], field: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read a column of `0x` texts of any even length; return all bytes, and where each row starts and ends.

    Raises:
        MalformedError: one of them is not hexadecimal; it says which.
    """
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum((lengths - 2) >> 1)])
    well_formed = not (lengths & 1).any() and all(text.startswith("0x") for text in texts)
    if well_formed:
        try:
            raw = binascii.a2b_hex("".join([text[2:] for text in texts]))
        except (binascii.Error, ValueError):
            pass
        else:
            return np.frombuffer(raw, np.uint8), ends
    row = _first_misfit(texts, re.compile(r"0x(?:[0-9a-fA-F]{2})*"))
    raise MalformedError(f"{field} is not whole bytes in hexadecimal", row)


def _first_misfit(texts: Sequence[str], pattern: re.Pattern[str]) -> int:
    return next(row for row, text in enumerate(texts) if not pattern.fullmatch(text))


def log_batch(logs: Sequence[WireLog]) -> LogBatch:
    """Turn parsed logs into columns, checked for form.

    Raises:
        MalformedError: a value has a wrong form, a log has more than four topics, or was removed by a reorganisation;
            `row` says which log.
    """
    if not logs:
        return empty_batch()
    removed = [row for row, log in enumerate(logs) if log.removed]
    if removed:
        raise MalformedError("the log was removed by a reorganisation", removed[0])
    topic_count = np.fromiter((len(log.topics) for log in logs), np.int64, len(logs))
    if topic_count.max() > MAX_TOPICS:
        raise MalformedError("a log has at most four topics", int(topic_count.argmax()))
    flat = list(chain.from_iterable([log.topics for log in logs]))
    try:
        words = fixed_bytes(flat, 32, "topic")
    except MalformedError as error:
        row = int(np.searchsorted(np.cumsum(topic_count), error.row, side="right"))
        raise MalformedError(error.problem, row) from None
    topics = np.zeros((len(logs), MAX_TOPICS, 32), np.uint8)
    topics[np.arange(MAX_TOPICS) < topic_count[:, None]] = words
    data, data_ends = varied_bytes([log.data for log in logs], "data")
    return LogBatch(
        _numbers([log.blockNumber for log in logs], "blockNumber"),
        _numbers([log.logIndex for log in logs], "logIndex"),
        _numbers([log.transactionIndex for log in logs], "transactionIndex"),
        fixed_bytes([log.blockHash for log in logs], 32, "blockHash"),
        fixed_bytes([log.transactionHash for log in logs], 32, "transactionHash"),
        fixed_bytes([log.address for log in logs], 20, "address"),
        topic_count.astype(np.uint8),
        topics,
        data,
        data_ends,
        _timestamps([log.blockTimestamp for log in logs]),
    )


def _timestamps(texts: Sequence[str | None]) -> NDArray[np.int64]:
    """Read the times that newer nodes add to a log; -1 where there is none, or where a node writes 0 for it."""
    values = {text: quantity(text) or -1 if text else -1 for text in dict.fromkeys(texts)}
    return np.array([values[text] for text in texts], np.int64)


def _numbers(texts: Sequence[str], field: str) -> NDArray[np.uint32]:
    return np.array(quantities(texts, 32, field), np.uint32)
