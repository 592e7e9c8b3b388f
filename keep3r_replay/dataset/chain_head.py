"""Which blocks may be taken: the right chain, and only what can no longer change."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from keep3r_replay.chain.client import NodeClient, RefusedError
from keep3r_replay.chain.wire import MalformedError, quantity
from keep3r_replay.errors import NodeError, UsageError

FALLBACK_DEPTH = 65
"""Blocks behind the head that are taken for final where a node knows no `finalized` block."""


class _Header(msgspec.Struct):
    number: str
    hash: str


_HEADER = msgspec.json.Decoder(_Header | None)


@dataclass(frozen=True)
class Block:
    """A block's number and hash."""

    number: int
    hash: str


def block_at(client: NodeClient, tag: str) -> Block | None:
    """Return the block at a number or tag; None if the node has none.

    Raises:
        NodeError: the answer is no header.
    """
    try:
        header = _HEADER.decode(client.call("eth_getBlockByNumber", tag, False))
        return None if header is None else Block(quantity(header.number), header.hash.lower())
    except (msgspec.MsgspecError, MalformedError) as error:
        raise NodeError(f"block {tag} is no header: {error}; try another endpoint") from None


def check_chain(client: NodeClient, chain_id: int) -> str:
    """Return the hash of the chain's first block.

    Raises:
        UsageError: an endpoint is of another chain.
    """
    for number, raw in client.each_endpoint("eth_chainId").items():
        found = quantity(msgspec.json.decode(raw, type=str))
        if found != chain_id:
            raise UsageError(
                f"endpoint {number} is of chain {found}, the deployment of chain {chain_id}: change ETH_RPC_URL, or "
                "deployment.chain_id"
            )
    client.chain_id = chain_id
    try:
        genesis = block_at(client, "0x0")
    except RefusedError:
        # Some nodes have cut off the oldest blocks; the chain's number must do then.
        return ""
    return "" if genesis is None else genesis.hash


def final_head(client: NodeClient, depth: int | None) -> Block:
    """Return the newest block that may be taken.

    Args:
        client: the node.
        depth: how many blocks behind the head; None for the node's own `finalized`, or 65 where it knows none.

    Raises:
        NodeError: the chain has no such block yet.
    """
    if depth is None:
        try:
            finalized = block_at(client, "finalized")
        except RefusedError:
            finalized = None
        if finalized is not None:
            return finalized
        depth = FALLBACK_DEPTH
    head = block_at(client, "latest")
    if head is None or head.number < depth:
        raise NodeError(f"the chain is not {depth} blocks long yet; try again later, or say confirmations=0")
    block = head if depth == 0 else block_at(client, hex(head.number - depth))
    if block is None:
        raise NodeError("the node does not have the block it should; try again later")
    return block
