"""The small part of the ABI that asking a view takes: static values and lists of them, in and out.

eth-abi does all of the ABI, and takes longer to import than a short run takes to do its work; a property test holds
both equal.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTEGER = re.compile(r"(u?)int(\d+)")
_WORD = 32


def encode_arguments(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """Encode static arguments (address, bool, integers, bytesN in hexadecimal text) and lists of them (`type[]`).

    Raises:
        ValueError: a type is another, or a value does not fit.
    """
    heads, tail = [], b""
    for kind, value in zip(types, values, strict=True):
        if kind.endswith("[]"):
            heads.append(_encoded("uint256", len(types) * _WORD + len(tail)))
            tail += _encoded("uint256", len(value)) + b"".join(_encoded(kind[:-2], each) for each in value)
        else:
            heads.append(_encoded(kind, value))
    return b"".join(heads) + tail


def _encoded(kind: str, value: Any) -> bytes:
    if kind == "address":
        raw = bytes.fromhex(value[2:])
        if len(raw) != 20:
            raise ValueError(f"{value!r} is no address")
        return raw.rjust(_WORD, b"\0")
    if kind == "bool":
        return int(value).to_bytes(_WORD, "big")
    if kind.startswith("bytes") and isinstance(value, str):
        return bytes.fromhex(value[2:]).ljust(_WORD, b"\0")
    match = _INTEGER.fullmatch(kind)
    if match is None:
        raise ValueError(f"not a static type: {kind}")
    bits, signed = int(match.group(2)), not match.group(1)
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    if not low <= value <= high:
        raise ValueError(f"{value} is no {kind}")
    return int(value).to_bytes(_WORD, "big", signed=signed)


def decode_values(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """Decode what a view returned: static values, and lists (`type[]`) of them as tuples.

    Raises:
        ValueError: the data is too short, or a value is no encoding of its type.
    """
    return tuple(_decoded(kind, data, i * _WORD) for i, kind in enumerate(types))


def _decoded(kind: str, data: bytes, at: int) -> Any:
    word = data[at : at + _WORD]
    if len(word) != _WORD:
        raise ValueError("the answer is too short")
    if kind.endswith("[]"):
        start = int.from_bytes(word, "big")
        count = _decoded("uint256", data, start)
        if count > len(data) // _WORD:
            raise ValueError("the answer's list is longer than the answer")
        return tuple(_decoded(kind[:-2], data, start + (i + 1) * _WORD) for i in range(count))
    if kind == "address":
        if any(word[:12]):
            raise ValueError("no address")
        return "0x" + word[12:].hex()
    if kind == "bool":
        if int.from_bytes(word, "big") > 1:
            raise ValueError("no truth value")
        return word[-1] == 1
    match = _INTEGER.fullmatch(kind)
    if match is None:
        raise ValueError(f"not a type this decoder knows: {kind}")
    value = int.from_bytes(word, "big", signed=not match.group(1))
    if _encoded(kind, value) != word:
        raise ValueError(f"no {kind}")
    return value
