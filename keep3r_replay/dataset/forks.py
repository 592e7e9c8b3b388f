"""Telling a reorganised chain from the stored one, by the hashes that the lake holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from keep3r_replay.chain.headers import fetch_headers
from keep3r_replay.dataset.chain_head import Block, block_at
from keep3r_replay.dataset.state import damage_of
from keep3r_replay.errors import NodeError
from keep3r_replay.lake.integrity import problem_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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


def dead_ends(client: NodeClient, ends: Sequence[tuple[int, str]]) -> set[int]:
    """Return the numbers among `ends` (number and hash) that the node tells another hash of."""
    headers = fetch_headers(client, [number for number, _ in ends])
    return {number for header, (number, known) in zip(headers, ends, strict=True) if header.hash.lower() != known}


def prove_ends(client: NodeClient, ends: Sequence[tuple[int, str]]) -> None:
    """Ask again for the last block of every span that was fetched: what they end with must be on the chain still.

    A block's hash vouches for every block before it, so no log of a dead branch, and of no other node's chain, is left.

    Raises:
        NodeError: a block is not what it was.
    """
    dead = dead_ends(client, ends)
    if dead:
        raise NodeError(
            f"block {min(dead)} is no longer what it was: the chain is reorganising, or two nodes differ; nothing "
            "of it was kept, run again"
        )


def whole_below(state: ExtractionState, found: Block, say: Callable[[str], None]) -> Block:
    """Return the block to roll back to: `found`, or where the partition that holds it is damaged the one before that.

    What is damaged must not be written again under a new checksum. Block -1 stands for nothing at all.
    """
    span = next((each for each in state.ranges() if each[0] <= found.number < each[1]), None)
    problem = damage_of(state, span) if span else ""
    if span is None or not problem:
        return found
    say(f"blocks {span[0]} to {span[1]} are fetched again: {problem}")
    before = [Block(number, text) for number, text in state.anchors if number < span[0]]
    return before[-1] if before else Block(-1, "")


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
            if (first, last) in state.stale or problem_of(state.lake / entry.path, entry):
                # The ends of partitions stand in the manifest: they do where files say nothing that can be believed.
                continue
            if entry.table == "blocks":
                table = pq.read_table(state.lake / entry.path, columns=["number", "hash"])
                pairs = zip(table.column("number").to_pylist(), table.column("hash").to_pylist(), strict=True)
                hashes |= {number: text for number, text in pairs if text is not None}
            elif entry.table == "logs" and state.spec.detail == "logs":
                table = pq.read_table(state.lake / entry.path, columns=["block_number", "block_hash"])
                numbers, values = table.column("block_number").to_pylist(), table.column("block_hash").to_pylist()
                hashes |= {number: "0x" + value.hex() for number, value in zip(numbers, values, strict=True)}
        for number in sorted(hashes, reverse=True):
            yield Block(number, hashes[number])
