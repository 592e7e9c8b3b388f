"""What to extract: a deployment as configured, before a node has been asked, and what one run is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    """

    name: str
    protocol: str
    chain_id: int
    search_from_block: int
    partition_blocks: int = 100_000
    detail: str = "all"
    follow: str = "bodies"
    settings: Mapping[str, Any] = field(default_factory=dict)

    def partition_of(self, block: int) -> tuple[int, int]:
        """Return the aligned closed range of blocks that `block` belongs to."""
        start = block - block % self.partition_blocks
        return start, start + self.partition_blocks - 1


@dataclass(frozen=True)
class Request:
    """What one run is asked for.

    Attributes:
        from_block: the first block of a new lake; None for the oldest contract's.
        to_block: the last block; None for the final head.
        confirmations: depth of what is taken for final; None for the node's own `finalized`.
        connections: requests under way at once.
    """

    from_block: int | None = None
    to_block: int | None = None
    confirmations: int | None = None
    connections: int = 2
