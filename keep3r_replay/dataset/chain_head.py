"""Which blocks may be taken: the right chain, and only what can no longer change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from keep3r_replay.chain.belief import ask_or_none
from keep3r_replay.chain.refusals import RefusedError
from keep3r_replay.chain.rpc import Call
from keep3r_replay.chain.wire import MalformedError, hexadecimal, quantity
from keep3r_replay.errors import NodeError, UsageError

if TYPE_CHECKING:
    from keep3r_replay.chain.client import NodeClient

FALLBACK_DEPTH = 65
"""Blocks behind the head that are taken for final where a node knows no `finalized` block."""


class _Header(msgspec.Struct):
    number: str
    hash: str


class _Linked(_Header, rename="camel"):
    parent_hash: str


_HEADER = msgspec.json.Decoder(_Header | None)
_LINKED = msgspec.json.Decoder(_Linked | None)
_TEXT = msgspec.json.Decoder(str)


@dataclass(frozen=True)
class Block:
    """A block's number and hash."""

    number: int
    hash: str


def block_at(client: NodeClient, tag: str) -> Block | None:
    """Return the block at a number or tag; None if the node says several times that there is none.

    Raises:
        NodeError: no answer is a header of that block.
    """

    def read(raw: msgspec.Raw) -> Block | None:
        header = _HEADER.decode(raw)
        if header is None:
            return None
        if tag.startswith("0x") and quantity(header.number) != int(tag, 16):
            raise MalformedError(f"block {header.number[:20]} in the place of block {tag}")
        hexadecimal(header.hash, 32)
        return Block(quantity(header.number), header.hash.lower())

    return ask_or_none(client, Call("eth_getBlockByNumber", [tag, False]), read)


def check_chain(client: NodeClient, chain_id: int) -> str:
    """Return the hash of the chain's first block; empty if no node has that block any more.

    Raises:
        UsageError: an endpoint is of another chain, and says so twice.
    """
    for _ in range(2):
        found = client.each_endpoint(lambda raw: quantity(_TEXT.decode(raw)), "eth_chainId")
        others = {number: other for number, other in found.items() if other != chain_id}
        if not others:
            break
    for number, other in others.items():
        raise UsageError(
            f"endpoint {number} is of chain {other}, the deployment of chain {chain_id}: change ETH_RPC_URL, or "
            "deployment.chain_id"
        )
    client.chain_id = chain_id
    try:
        genesis = ask_or_none(client, Call("eth_getBlockByNumber", ["0x0", False]), lambda raw: _genesis(client, raw))
    except RefusedError:
        # Some nodes have cut off the oldest blocks; the chain's number must do then.
        return ""
    return genesis or ""


def _genesis(client: NodeClient, raw: msgspec.Raw) -> str | None:
    """Read the first block's hash, which the second block must name as its parent, where there is one."""
    header: _Linked | None = _LINKED.decode(raw)
    if header is None:
        return None
    second = _LINKED.decode(client.call("eth_getBlockByNumber", "0x1", False))
    if quantity(header.number) != 0 or (second is not None and second.parent_hash.lower() != header.hash.lower()):
        raise MalformedError("the first block is not the second one's parent")
    hexadecimal(header.hash, 32)
    return header.hash.lower()


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
