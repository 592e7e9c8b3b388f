"""Values of the type `string` in data: each stands after all words, in order, as its length and bytes.

Follows the contract ABI specification of Solidity ("Formal specification of the encoding", dynamic types).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.evm.abi import TEXT, WORD

if TYPE_CHECKING:
    from collections.abc import Sequence


def read_texts(types: Sequence[str], data: bytes) -> tuple[str, ...]:
    """The texts among values of these types, in order; the other values are a word each, which is not looked at.

    Raises:
        ValueError: the data is not what an encoder makes of such values, or a text is no UTF-8.
    """
    found, end = [], WORD * len(types)
    for position, kind in enumerate(types):
        if kind != TEXT:
            continue
        if _number(data, WORD * position) != end:
            raise ValueError("a text does not stand where it must")
        length = _number(data, end)
        start = end + WORD
        end = start + length + -length % WORD
        if end > len(data):
            raise ValueError("too little data")
        if any(data[start + length : end]):
            raise ValueError("something stands behind a text's end")
        found.append(data[start : start + length].decode())
    if end != len(data):
        raise ValueError("too much data" if end < len(data) else "too little data")
    return tuple(found)


def _number(data: bytes, start: int) -> int:
    return int.from_bytes(data[start : start + WORD], "big")
