"""Someone who tells of a chain: a node, kept evidence, history files."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from typing import Protocol as Interface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.proof.header import Header
    from keep3r_replay.proof.receipts import Receipt


class Account(NamedTuple):
    """What a teller says of an account under a state root, with the nodes that prove it.

    Attributes:
        nodes: of the state's trie, from the root on.
        storage: for each slot asked for, in order, the nodes of the account's own trie.
    """

    nodes: tuple[bytes, ...]
    storage: tuple[tuple[bytes, ...], ...]


class Teller(Interface):
    """Someone who has a chain's headers and more. What it lacks is None; what it tells may be wrong."""

    @property
    def name(self) -> str:
        """What to call it."""

    def headers(self, first: int, last: int) -> list[Header | None]:
        """The headers of a closed range of blocks."""

    def header_of_hash(self, block_hash: bytes) -> Header | None:
        """The header of a block by its hash."""

    def receipts(self, headers: Sequence[Header]) -> list[list[Receipt] | None]:
        """The receipts of some blocks, in order."""

    def transactions(self, headers: Sequence[Header]) -> list[list[bytes] | None]:
        """The raw transactions of some blocks, in order."""

    def account(self, header: Header, address: bytes, slots: Sequence[int]) -> Account | None:
        """An account at the end of a block, with some words of its storage."""

    def code(self, header: Header, address: bytes) -> bytes | None:
        """An account's code at the end of a block."""
