"""Proving by headers that a range near the head has no other logs than the answer holds.

A node behind the others answers a range that it does not have yet with no logs and no error. Where logs and header can
be asked in one batch, the header tells. Where batches are refused, the two questions may reach different nodes behind
one name; then the headers' blooms tell: a block whose bloom does not hold any of the contracts has none of their logs,
and the few others are asked for by their hash, which a node that does not have the block must refuse (EIP-234).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import msgspec

from keep3r_replay.chain.belief import ask
from keep3r_replay.chain.forks import bloom_is_complete
from keep3r_replay.chain.headers import fetch_headers
from keep3r_replay.chain.rpc import Call
from keep3r_replay.chain.wire import quantity
from keep3r_replay.evm.abi import keccak256

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.chain.wire import WireBlock

DEPTH = 256
"""How many blocks behind the newest a node may be without being noticed otherwise."""

_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)


@cache
def bloom_bits(value: bytes) -> int:
    """Return the bits that a log's address or topic sets in its block's bloom (yellow paper, 4.3.1)."""
    digest = keccak256(value)
    bits = 0
    for i in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[i : i + 2], "big") & 2047)
    return bits


def lacks_logs(client: NodeClient, first: int, last: int, addresses: Sequence[str], with_logs: set[int]) -> int | None:
    """Return a block near the head that has logs of `addresses` but none in the answer; None if all is well.

    Args:
        client: the node.
        first: the first block of the range.
        last: its last block.
        addresses: the contracts whose logs were asked for.
        with_logs: the blocks of which the answer holds logs.
    """
    newest = ask(client, [Call("eth_blockNumber", [])], lambda raws: quantity(_TEXT.decode(raws[0])))
    doubtful = [block for block in range(max(first, newest - DEPTH), last + 1) if block not in with_logs]
    wanted = [bloom_bits(bytes.fromhex(address[2:])) for address in addresses]
    for header in fetch_headers(client, doubtful):
        bloom = int(header.logsBloom or "0x0", 16)
        proves = header.logsBloom is not None and bloom_is_complete(client.chain_id, quantity(header.number))
        if proves and not any(bloom & bits == bits for bits in wanted):
            continue
        asked = {"blockHash": header.hash, "address": list(addresses)}
        if ask(client, [Call("eth_getLogs", [asked])], lambda raws: _LIST.decode(raws[0])):
            return quantity(header.number)
    return None


def bears(header: WireBlock, address: bytes, topic: bytes | None) -> bool:
    """Whether a block's bloom allows for a log of this emitter and first topic; without a bloom any log is possible.

    Some chains leave their blooms empty, so a bloom of zeros counts as none.
    """
    bloom = int(header.logsBloom or "0x0", 16)
    bits = bloom_bits(address) | (0 if topic is None else bloom_bits(topic))
    return bloom == 0 or bloom & bits == bits
