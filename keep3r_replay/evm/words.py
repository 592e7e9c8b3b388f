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
    Limbs = NDArray[np.uint64]
    Mask = NDArray[np.bool_]

AMOUNT = pa.decimal128(38, 0)
"""The type of every amount: the only one that Parquet, polars, pyarrow and DuckDB all keep exact."""

_LIMIT = 10**38
_LIMIT_HIGH, _LIMIT_LOW = np.uint64(_LIMIT >> 64), np.uint64(_LIMIT & (1 << 64) - 1)
_FLOOR = (1 << 128) - _LIMIT + 1
_FLOOR_HIGH, _FLOOR_LOW = np.uint64(_FLOOR >> 64), np.uint64(_FLOOR & (1 << 64) - 1)

_HEX_PAIRS = np.frombuffer(bytes(range(256)).hex().encode(), dtype="<u2")


class Column(NamedTuple):
    """One decoded column with the rows that could not be decoded."""

    values: Any
    dirty: Mask
    unfit: Mask


def decode_words(parameter: Parameter, words: Bytes) -> Column:
    """Decode the words of one parameter into the column type that its declared type has.

    address: text `0x...` in lower case; bool: Boolean; integers of up to 32 bits: UInt32 or Int32; wider ones:
    Decimal(38, 0); wide parameters and bytesN: the bytes themselves.
    """
    words = np.ascontiguousarray(words)
    clean = np.zeros(len(words), dtype=np.bool_)
    if parameter.size:
        padding: Mask = words[:, parameter.size :] != 0
        dirty_padding: Mask = np.logical_or.reduce(padding, axis=1)
        return Column(fixed_binary(words[:, : parameter.size]), dirty_padding, clean)
    # Four numbers a word, the most significant first: checks on these are quicker than on bytes.
    limbs = words.view(">u8").astype(np.uint64)
    if parameter.type == "address":
        return Column(hex_text(words[:, 12:]), _above(limbs, 160, signed=False), clean)
    if parameter.type == "bool":
        dirty = _above(limbs, 1, signed=False)
        return Column(pa.array((limbs[:, 3] & np.uint64(1)).astype(np.bool_)), dirty, clean)
    dirty = _above(limbs, parameter.bits, signed=parameter.signed)
    if parameter.wide:
        return Column(fixed_binary(words), dirty, clean)
    if parameter.bits <= 32:
        return Column(_small_integers(limbs, signed=parameter.signed), dirty, clean)
    values, unfit = _amounts(limbs, signed=parameter.signed)
    return Column(values, dirty, unfit & ~dirty)


def _above(limbs: Limbs, bits: int, *, signed: bool) -> Mask:
    """Mark words whose bits above the type's width do not continue its sign (or are not zero)."""
    limb, inside = divmod(bits, 64)
    wrong = np.zeros(len(limbs), np.bool_)
    if bits == 256:
        return wrong
    highest = limbs[:, 3 - (bits - 1) // 64] >> np.uint64((bits - 1) % 64) & np.uint64(1)
    # All ones where the value is negative: what padding must be.
    fill = np.zeros(len(limbs), np.uint64) - highest if signed else np.zeros(len(limbs), np.uint64)
    for number in range(3 - limb):
        wrong |= limbs[:, number] != fill
    if inside:
        wrong |= limbs[:, 3 - limb] >> np.uint64(inside) != fill >> np.uint64(inside)
    elif limb < 4:
        wrong |= limbs[:, 3 - limb] != fill
    return wrong


def _small_integers(limbs: Limbs, *, signed: bool) -> Any:
    low = limbs[:, 3].astype(np.uint32)
    return pa.array(low.view(np.int32) if signed else low)


def _amounts(limbs: Limbs, *, signed: bool) -> tuple[Any, Mask]:
    """Take words as 128-bit integers in the layout of Arrow's decimals, and mark those beyond 38 digits."""
    high, low = limbs[:, 2], limbs[:, 3]
    too_large = (high > _LIMIT_HIGH) | ((high == _LIMIT_HIGH) & (low >= _LIMIT_LOW))
    if signed:
        negative = limbs[:, 0] >> np.uint64(63) == 1
        fill = np.zeros(len(limbs), np.uint64) - negative.astype(np.uint64)
        too_small = (high < _FLOOR_HIGH) | ((high == _FLOOR_HIGH) & (low < _FLOOR_LOW))
        unfit = (limbs[:, 0] != fill) | (limbs[:, 1] != fill) | np.where(negative, too_small, too_large)
    else:
        unfit = (limbs[:, 0] != 0) | (limbs[:, 1] != 0) | too_large
    little_endian = np.ascontiguousarray(limbs[:, :1:-1]).astype("<u8")
    if unfit.any():
        little_endian[unfit] = 0
    return pa.Array.from_buffers(AMOUNT, len(limbs), [None, pa.py_buffer(little_endian)]), unfit


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
