"""What to extract: a deployment as configured, before a node has been asked, and what one run is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


_FANOUTS = (10, 8, 5, 4, 2)
_SMALLEST_SEGMENT = 100
"""Blocks: two runs of ten minutes on mainnet."""


@dataclass(frozen=True)
class ExtractionSpec:
    """A deployment's fixed facts.

    Attributes:
        name: of the deployment.
        protocol: the name of the protocol that it is of.
        chain_id: which every node asked must have.
        search_from_block: no contract of the deployment is older.
        partition_blocks: blocks of a partition; ranges are aligned to multiples of it.
        detail: `all`, or `logs` for logs and events only.
        follow: how transactions without logs are found, where the protocol needs them: by blocks' `bodies`, by
            `traces`, or not at all (`logs`).
        settings: what the protocol itself wants to know: it checks them.
        code_hashes: Keccak-256 of code by address, lower-case text, as the configuration knows it.
    """

    name: str
    protocol: str
    chain_id: int
    search_from_block: int
    partition_blocks: int = 100_000
    detail: str = "all"
    follow: str = "bodies"
    settings: Mapping[str, Any] = field(default_factory=dict)
    code_hashes: Mapping[str, str] = field(default_factory=dict)

    def partition_of(self, block: int) -> tuple[int, int]:
        """Return the aligned closed range of blocks that `block` belongs to."""
        start = block - block % self.partition_blocks
        return start, start + self.partition_blocks - 1

    def segments_of(self, first: int, last: int) -> list[tuple[int, int]]:
        """Cut a range of one partition into closed ranges with files of their own, for a lake that ends at `last`.

        A whole partition is one. One that still grows is cut into tenths, hundredths and so on, each once it is full,
        and a rest: a run that adds a few blocks rewrites little more than the rest. The cuts depend on `first` and
        `last` alone, so that it does not matter by how many runs a lake came about.
        """
        if last == self.partition_of(first)[1]:
            return [(first, last)]
        segments = []
        for size in _parts_of(self.partition_blocks):
            while (end := first - first % size + size - 1) <= last:
                segments.append((first, end))
                first = end + 1
        return [*segments, (first, last)] if first <= last else segments


def _parts_of(size: int) -> list[int]:
    """Sizes of the parts of a growing partition, each a part of the one before, none too small for a file."""
    sizes: list[int] = []
    while True:
        fanout = next((each for each in _FANOUTS if size % each == 0 and size // each >= _SMALLEST_SEGMENT), 0)
        if not fanout:
            return sizes
        size //= fanout
        sizes.append(size)


@dataclass(frozen=True)
class Request:
    """What one run is asked for.

    Attributes:
        from_block: the first block of a new lake; None for the oldest contract's.
        to_block: the last block; None for the final head.
        confirmations: depth of what is taken for final; None for the node's own `finalized`.
        connections: requests under way at once.
        repair: roll back below final blocks too, where the chain is another one from there on.
    """

    from_block: int | None = None
    to_block: int | None = None
    confirmations: int | None = None
    connections: int = 2
    repair: bool = False
