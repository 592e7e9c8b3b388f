"""Keccak-256, by the fastest implementation at hand: a proof of a long history is mostly hashing.

`safe-pysha3` comes with the extra `prove`; without it the hash that web3 brings does the same, four times as slowly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.evm.abi import keccak256

if TYPE_CHECKING:
    from collections.abc import Callable

try:
    from sha3 import keccak_256
except ImportError:
    keccak: Callable[[bytes], bytes] = keccak256
else:

    def keccak(data: bytes) -> bytes:
        """Keccak-256 of `data`, 32 bytes."""
        digest: bytes = keccak_256(data).digest()
        return digest
