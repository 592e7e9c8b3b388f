"""What is known of a protocol's contracts from their builds: code by version, and where it keeps parameters."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Cell(NamedTuple):
    """Where a contract stores what one of its views tells.

    Attributes:
        slot: number of the storage word; of a set of addresses, that of its length.
        kind: `uint256`, `address` (the low 20 bytes), or `address[]` (OpenZeppelin's enumerable set: the members
            follow one another from keccak256 of the slot on).
    """

    slot: int
    kind: str = "uint256"


class Anatomy(NamedTuple):
    """What is known of code and storage, by the beginning of the hash of the code (`chain.code`).

    Attributes:
        codes: role and version, separated by a space.
        storage: where code stores what a view without arguments tells, by the name of the view.
    """

    codes: Mapping[str, str] = MappingProxyType({})
    storage: Mapping[str, Mapping[str, Cell]] = MappingProxyType({})
