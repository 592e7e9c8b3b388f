"""Telling contracts by their code: hashes that do not depend on what a constructor filled in, and proxies.

Solidity writes immutables into the code as 32-byte constants (`PUSH32`); the artifact of a compiler has zeros in their
place. What is a left-padded address or small number there is masked before hashing, so that a deployed contract and the
artifact that it was made from have the same hash. Constants of the source are pushed by shorter instructions.
"""

from __future__ import annotations

from typing import NamedTuple

from keep3r_replay.evm.abi import keccak256

_PUSH1, _PUSH32 = 0x60, 0x7F
_PADDING = bytes(12)
_WORD = 32

IMPLEMENTATION_SLOT = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc"
"""Where an ERC-1967 proxy stores its implementation."""


class CodeHashes(NamedTuple):
    """Keccak-256 of a contract's code, as it is and with immutables masked, in hexadecimal without 0x."""

    plain: str
    masked: str


def masked_code(code: bytes) -> bytes:
    """Return code with zeros in the place of every 32-byte constant that is an address or a number of 20 bytes."""
    masked = bytearray(code)
    place = 0
    while place < len(code):
        instruction = code[place]
        width = instruction - _PUSH1 + 1 if _PUSH1 <= instruction <= _PUSH32 else 0
        if instruction == _PUSH32 and code[place + 1 : place + 1 + len(_PADDING)] == _PADDING:
            end = min(place + 1 + _WORD, len(code))
            masked[place + 1 : end] = bytes(end - place - 1)
        place += 1 + width
    return bytes(masked)


def code_hashes(code: bytes) -> CodeHashes:
    """The hashes of a contract's code."""
    return CodeHashes(keccak256(code).hex(), keccak256(masked_code(code)).hex())
