"""Telling a reorganised chain from the stored one, by the hashes that the lake holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from keep3r_replay.dataset.chain_head import Block, block_at
from keep3r_replay.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.dataset.state import ExtractionState


def fork_point(client: NodeClient, state: ExtractionState) -> Block | None:
    """Return the newest stored block that is still on the chain, if the stored end is not; None if it is.

    A node that does not have the stored end yet says nothing about it.

    Raises:
        NodeError: the chains part below a block that was final, or no stored block is on the chain.
    """
    coverage = state.coverage
    if coverage is None:
        return None
    end = block_at(client, hex(coverage.to_block))
    if end is not None and end.hash == coverage.last_block_hash:
        return None
    if end is None:
        head = block_at(client, "latest")
        # A chain that became shorter is seen by the newest stored block that it can have.
        if head is None or not _contradicts(client, state, head.number):
            return None
    for stored in stored_blocks(state):
        now = block_at(client, hex(stored.number))
        if now is not None and now.hash == stored.hash:
            return stored
    raise NodeError("no block of the lake is on the node's chain: another chain, or another lake")


def _contradicts(client: NodeClient, state: ExtractionState, head: int) -> bool:
    newest = next((stored for stored in stored_blocks(state) if stored.number <= head), None)
    if newest is None:
        return False
    now = block_at(client, hex(newest.number))
    return now is not None and now.hash != newest.hash


def stored_blocks(state: ExtractionState) -> Iterator[Block]:
    """Yield the blocks whose hash the lake holds, newest first: ends of partitions, and blocks with logs."""
    anchors = dict(state.anchors)
    for first, last in reversed(state.ranges()):
        hashes = {number: text for number, text in anchors.items() if first <= number <= last}
        for entry in state.of_range((first, last)):
            if entry.table == "blocks" and (first, last) not in state.stale:
                table = pq.read_table(state.lake / entry.path, columns=["number", "hash"])
                pairs = zip(table.column("number").to_pylist(), table.column("hash").to_pylist(), strict=True)
                hashes |= {number: text for number, text in pairs if text is not None}
            elif entry.table == "logs" and state.spec.detail == "logs" and (first, last) not in state.stale:
                table = pq.read_table(state.lake / entry.path, columns=["block_number", "block_hash"])
                numbers, values = table.column("block_number").to_pylist(), table.column("block_hash").to_pylist()
                hashes |= {number: "0x" + value.hex() for number, value in zip(numbers, values, strict=True)}
        for number in sorted(hashes, reverse=True):
            yield Block(number, hashes[number])
