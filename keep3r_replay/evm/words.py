"""Columns of 32-byte words turned into typed Arrow columns, without a Python object a value.

Every function takes `words`, an array of bytes of shape (rows, 32), big-endian as the EVM writes them, and returns the
column and two masks of shape (rows,): `dirty`, where the word is no valid encoding of its type (padding that is not
zero, or not the sign), and `unfit`, where it is valid but too large for the column. The column's value at a masked row
is meaningless.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keep3r_replay.evm.abi import Parameter

    Bytes = NDArray[np.uint8]
    Mask = NDArray[np.bool_]

AMOUNT = pa.decimal128(38, 0)
"""The type of every amount: the only one that Parquet, polars, pyarrow and DuckDB all keep exact."""

WORD_COLUMN = pa.binary(32)
"""The type of values that may exceed 38 digits: the word as it came."""

_LIMIT = 10**38
_LIMIT_HIGH, _LIMIT_LOW = _LIMIT >> 64, _LIMIT & (1 << 64) - 1
_FLOOR = (1 << 128) - _LIMIT + 1
_FLOOR_HIGH, _FLOOR_LOW = _FLOOR >> 64, _FLOOR & (1 << 64) - 1

_HEX_PAIRS = np.frombuffer(bytes(range(256)).hex().encode(), dtype="<u2")


class Column(NamedTuple):
    """One decoded column with the rows that could not be decoded."""

    values: Any
    dirty: Mask
    unfit: Mask


def decode_words(parameter: Parameter, words: Bytes) -> Column:
    """Decode the words of one parameter into the column type that its declared type has.

    address: text `0x...` in lower case; bool: Boolean; integers of up to 32 bits: UInt32 or Int32; wider ones:
    Decimal(38, 0); wide parameters and bytes32: the 32 bytes themselves.
    """
    clean = np.zeros(len(words), dtype=np.bool_)
    if parameter.type == "address":
        return Column(hex_text(words[:, 12:]), words[:, :12].any(axis=1), clean)
    if parameter.type == "bool":
        dirty = words[:, :31].any(axis=1) | (words[:, 31] > 1)
        return Column(pa.array(words[:, 31] == 1), dirty, clean)
    if parameter.type == "bytes32":
        return Column(fixed_binary(words), clean, clean)
    dirty = _bad_padding(words, parameter.bits, signed=parameter.signed)
    if parameter.wide:
        return Column(fixed_binary(words), dirty, clean)
    if parameter.bits <= 32:
        return Column(_small_integers(words, signed=parameter.signed), dirty, clean)
    values, unfit = _amounts(words, signed=parameter.signed)
    return Column(values, dirty, unfit & ~dirty)


def _bad_padding(words: Bytes, bits: int, *, signed: bool) -> Mask:
    """Mark words whose bytes above the type's width do not continue its sign (or are not zero)."""
    padding = 32 - bits // 8
    fill = np.where(words[:, padding] & 0x80, 0xFF, 0).astype(np.uint8) if signed else np.zeros(1, np.uint8)
    return (words[:, :padding] != fill[:, None]).any(axis=1)


def _small_integers(words: Bytes, *, signed: bool) -> Any:
    last = np.ascontiguousarray(words[:, 28:])
    return pa.array(last.view(">i4" if signed else ">u4").ravel().astype(np.int32 if signed else np.uint32))


def _amounts(words: Bytes, *, signed: bool) -> tuple[Any, Mask]:
    """Decode words as 128-bit integers in the layout of Arrow's decimals, and mark those beyond 38 digits."""
    halves = np.ascontiguousarray(words[:, 16:]).view(">u8").astype(np.uint64)
    high, low = halves[:, 0], halves[:, 1]
    negative = (words[:, 0] & 0x80).astype(np.bool_) if signed else np.zeros(len(words), dtype=np.bool_)
    fill = np.where(negative, 0xFF, 0).astype(np.uint8)
    beyond = (words[:, :16] != fill[:, None]).any(axis=1)
    too_large = (high > _LIMIT_HIGH) | ((high == _LIMIT_HIGH) & (low >= _LIMIT_LOW))
    too_small = (high < _FLOOR_HIGH) | ((high == _FLOOR_HIGH) & (low < _FLOOR_LOW))
    unfit = beyond | np.where(negative, too_small, too_large)
    little_endian = np.empty((len(words), 2), dtype="<u8")
    little_endian[:, 0] = low
    little_endian[:, 1] = high
    if unfit.any():
        little_endian[unfit] = 0
    return pa.Array.from_buffers(AMOUNT, len(words), [None, pa.py_buffer(little_endian)]), unfit


def hex_text(values: Bytes) -> Any:
    """Write each row of bytes as text, `0x` and two lower-case digits a byte."""
    rows, width = values.shape
    text = np.empty((rows, width + 1), dtype="<u2")
    text[:, 0] = int.from_bytes(b"0x", "little")
    np.take(_HEX_PAIRS, values, out=text[:, 1:])
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(2 * width + 2)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(text))


def fixed_binary(values: Bytes, present: Mask | None = None) -> Any:
    """Keep each row of bytes as a fixed-size binary; rows that are not `present` become null."""
    rows, width = values.shape
    validity = None if present is None else pa.py_buffer(np.packbits(present, bitorder="little"))
    return pa.Array.from_buffers(pa.binary(width), rows, [validity, pa.py_buffer(np.ascontiguousarray(values))])
