"""Addresses of contracts that contracts create: CREATE of the yellow paper, section 7, and CREATE2 of EIP-1014."""

from __future__ import annotations

from keep3r_replay.evm.abi import keccak256

_LIST, _TEXT = 0xC0, 0x80
"""First bytes of an RLP list, and of an RLP string, of no bytes."""


def created_address(creator: str, nonce: int) -> str:
    """The address of what `creator` creates at its `nonce`: the end of the Keccak-256 of the RLP of both.

    A contract's nonce is 1 before it has created anything (EIP-161). Addresses are lower-case text.
    """
    address = bytes.fromhex(creator[2:])
    content = _text(address) + _text(nonce.to_bytes((nonce.bit_length() + 7) // 8, "big"))
    return "0x" + keccak256(bytes([_LIST + len(content)]) + content)[-len(address) :].hex()


def _text(content: bytes) -> bytes:
    """The RLP of a string of fewer than 56 bytes."""
    return content if len(content) == 1 and content[0] < _TEXT else bytes([_TEXT + len(content)]) + content


def salted_address(creator: str, salt: bytes, init_code_hash: bytes) -> str:
    """The address of what `creator` creates by CREATE2 (EIP-1014), with a salt and the Keccak-256 of its code."""
    return "0x" + keccak256(b"\xff" + bytes.fromhex(creator[2:]) + salt + init_code_hash)[-20:].hex()
