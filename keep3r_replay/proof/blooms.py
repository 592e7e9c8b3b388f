"""Blooms of logs, and which blocks cannot hold a log of some addresses."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from keep3r_replay.proof.keccak import keccak

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

BLOOM_BYTES = 256
_REMEMBERED = 1 << 16


@lru_cache(_REMEMBERED)
def places_of(value: bytes) -> tuple[int, int, int]:
    """The three bits that an address or topic sets in a bloom, counted from its end (yellow paper, 4.3.1)."""
    digest = keccak(value)
    return (
        (digest[0] << 8 | digest[1]) & 2047,
        (digest[2] << 8 | digest[3]) & 2047,
        (digest[4] << 8 | digest[5]) & 2047,
    )


def bloom_of(values: Iterable[bytes]) -> bytes:
    """The bloom of some addresses and topics."""
    bloom = 0
    for value in values:
        for place in places_of(value):
            bloom |= 1 << place
    return bloom.to_bytes(BLOOM_BYTES, "big")


def joined(blooms: Iterable[bytes]) -> bytes:
    """What a block's bloom is of its receipts' blooms."""
    whole = 0
    for bloom in blooms:
        whole |= int.from_bytes(bloom, "big")
    return whole.to_bytes(BLOOM_BYTES, "big")


def may_hold(blooms: Sequence[bytes], addresses: Iterable[bytes]) -> NDArray[np.bool_]:
    """Tell of each block whether its bloom allows for a log of any of the addresses; shape (blocks,)."""
    rows = np.frombuffer(b"".join(blooms), np.uint8).reshape(len(blooms), BLOOM_BYTES)
    found = np.zeros(len(blooms), np.bool_)
    for address in addresses:
        allowed = np.ones(len(blooms), np.bool_)
        for place in places_of(address):
            allowed &= (rows[:, BLOOM_BYTES - 1 - place // 8] >> (place % 8)) & 1 == 1
        found |= allowed
    return found
