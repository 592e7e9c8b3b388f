"""Telling a node that has deleted old receipts in silence: its logs of old blocks look like none at all.

Headers and bodies may remain where receipts are gone, and a node may then answer logs without those blocks (Reth did
until September 2026). A transaction of the first block to fetch must have its receipt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from keep3r_replay.chain.belief import ask_or_none
from keep3r_replay.chain.rpc import Call
from keep3r_replay.errors import NodeError

if TYPE_CHECKING:
    from keep3r_replay.chain.client import NodeClient

_LOOKED_AT = 20
"""Blocks from the first on among which a transaction is looked for."""


class _Hashes(msgspec.Struct):
    transactions: list[str] | None = None


class _Receipt(msgspec.Struct, rename="camel"):
    transaction_hash: str


_HASHES = msgspec.json.Decoder(_Hashes | None)
_RECEIPT = msgspec.json.Decoder(_Receipt | None)


def refuse_pruned(client: NodeClient, first: int, last: int) -> None:
    """Ask for the receipt of a transaction of the first blocks of a range, if there is any.

    Raises:
        NodeError: the node has the transaction and not its receipt.
        RefusedError: the node says that it has deleted the block.
    """
    for block in range(first, min(first + _LOOKED_AT, last + 1)):
        call = Call("eth_getBlockByNumber", [hex(block), False])
        header = ask_or_none(client, call, _HASHES.decode)
        if header is None or header.transactions is None:
            return
        if not header.transactions:
            continue
        digest = header.transactions[0]
        receipt = ask_or_none(client, Call("eth_getTransactionReceipt", [digest]), _RECEIPT.decode)
        if receipt is None:
            raise NodeError(
                f"the node has block {block} but no receipts of it: it has deleted them, and would answer its logs as "
                "none; ask an archive node, or begin later with from_block"
            )
        return
