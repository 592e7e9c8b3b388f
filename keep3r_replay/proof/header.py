"""Headers of every format since Keep3r's first block: as nodes tell them, as RLP, and their hashes.

A header is a list; each fork appends to it and takes nothing away (Optimism's and Polygon's likewise), so that the
format is told by how many fields there are. Whether all are right, the hash tells.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from keep3r_replay.proof.keccak import keccak
from keep3r_replay.proof.rlp import decode_list, encode, text, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIXED: dict[str, int] = {
    "parentHash": 32,
    "sha3Uncles": 32,
    "miner": 20,
    "stateRoot": 32,
    "transactionsRoot": 32,
    "receiptsRoot": 32,
    "logsBloom": 256,
    "mixHash": 32,
    "nonce": 8,
    "withdrawalsRoot": 32,
    "parentBeaconBlockRoot": 32,
    "requestsHash": 32,
    "blockAccessListHash": 32,
}
"""Fields of a fixed width in bytes; all others are numbers, but for `extraData`."""

FRONTIER = (
    "parentHash",
    "sha3Uncles",
    "miner",
    "stateRoot",
    "transactionsRoot",
    "receiptsRoot",
    "logsBloom",
    "difficulty",
    "number",
    "gasLimit",
    "gasUsed",
    "timestamp",
    "extraData",
    "mixHash",
    "nonce",
)
"""What every header has, in order, by the names of JSON-RPC."""

LATER = (
    "baseFeePerGas",  # London, EIP-1559
    "withdrawalsRoot",  # Shanghai, EIP-4895
    "blobGasUsed",  # Cancun, EIP-4844
    "excessBlobGas",
    "parentBeaconBlockRoot",  # Cancun, EIP-4788
    "requestsHash",  # Prague, EIP-7685
    "blockAccessListHash",  # Amsterdam, EIP-7928
    "slotNumber",  # Amsterdam, EIP-7843
)
"""What forks have appended, in order."""

FIELDS = (*FRONTIER, *LATER)
_PLACE = {name: place for place, name in enumerate(FIELDS)}


class Header:
    """A block's header, known by its RLP alone: nothing of it can differ from what is hashed."""

    def __init__(self, fields: list[bytes], rlp: bytes | None = None) -> None:
        """Take the fields in order, each as its RLP holds it; and that, if it was read from there."""
        self.fields = fields
        self.rlp = encode(fields) if rlp is None else rlp
        self.hash = keccak(self.rlp)

    def __getitem__(self, name: str) -> bytes:
        """A field by its name in JSON-RPC; empty where the header's format has none."""
        place = _PLACE[name]
        return self.fields[place] if place < len(self.fields) else b""

    def _number(self, name: str) -> int:
        return int.from_bytes(self[name], "big")

    @cached_property
    def number(self) -> int:
        """Height of the block."""
        return self._number("number")

    @property
    def parent(self) -> bytes:
        """Hash of the block before."""
        return self["parentHash"]

    @property
    def bloom(self) -> bytes:
        """The 256 bytes in which every address and topic of the block's logs sets three bits."""
        return self["logsBloom"]

    @property
    def timestamp(self) -> int:
        """Seconds."""
        return self._number("timestamp")

    @property
    def gas_used(self) -> int:
        """By all transactions of the block; from Amsterdam on as `chain.forks` says."""
        return self._number("gasUsed")

    @property
    def gas_limit(self) -> int:
        """Of the block."""
        return self._number("gasLimit")

    @property
    def base_fee(self) -> int | None:
        """Wei a gas; None before London."""
        return self._number("baseFeePerGas") if len(self.fields) > len(FRONTIER) else None


def header_of(told: Mapping[str, Any]) -> Header:
    """Make the header that a node tells of.

    Raises:
        ValueError: a field that its format has is missing or of a wrong form. Later fields may be missing together.
    """
    last = max((place for place, name in enumerate(LATER) if told.get(name) is not None), default=-1)
    try:
        return Header([field_of(name, told[name]) for name in (*FRONTIER, *LATER[: last + 1])])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a header without {error}") from None


def field_of(name: str, told: str) -> bytes:
    """One field's bytes, from the text of JSON-RPC. Raises `ValueError` where it is of another width or no number."""
    if told[:2] != "0x":
        raise ValueError(f"{name} is no hexadecimal text")
    width = _FIXED.get(name)
    if width is not None or name == "extraData":
        content = bytes.fromhex(told[2:])
        if width is not None and len(content) != width:
            raise ValueError(f"{name} has {len(content)} bytes")
        return content
    digits = told[2:].lstrip("0")
    return bytes.fromhex(digits if len(digits) % 2 == 0 else f"0{digits}")


def header_from_rlp(content: bytes) -> Header:
    """Read a header back from its RLP.

    Raises:
        ValueError: the bytes are no header.
    """
    fields = [text(field) for field in decode_list(content)]
    if not len(FRONTIER) <= len(fields) <= len(FIELDS):
        raise ValueError(f"a header of {len(fields)} fields")
    for name, field in zip(FIELDS, fields, strict=False):
        width = _FIXED.get(name)
        if width is not None and len(field) != width:
            raise ValueError(f"{name} has {len(field)} bytes")
        if width is None and name != "extraData":
            whole(field)
    # What is read strictly has one encoding only: that which it was read from.
    return Header(fields, content)
