"""What a lie is: where it is told, how it must be named, and what lies are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.proof.proving import LAST
from tests.proof.served_chain import recorded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from random import Random

    from tests.proof.served_chain import Lie


@dataclass
class Told:
    """One lie: where, and how it must be named. `change` makes it in a lake, or `lie` at a node."""

    block: int
    subject: str
    names: str
    change: Callable[[Path], None] | None = None
    lie: Lie | None = None
    state: bool = False


def flip(content: bytes, choose: Random) -> bytes:
    """The same bytes but for one bit."""
    place = choose.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << choose.randrange(8)]) + content[place + 1 :]


def followed_logs() -> list[dict[str, Any]]:
    """The logs that the lake holds."""
    chain = recorded()
    addresses = {chain.keep3r.lower(), *(each.lower() for each in _contracts())}
    return [
        log
        for receipts in chain.receipts[3 : LAST + 1]
        for receipt in receipts
        for log in receipt["logs"]
        if log["address"] in addresses
    ]


def _contracts() -> list[str]:
    """Addresses that views were asked for."""
    return sorted({call.split('"')[3] for call in recorded().calls if call.startswith('["eth_getProof"')})


def place_of(log: dict[str, Any]) -> tuple[int, int]:
    """Block and index of a log."""
    return int(log["blockNumber"], 16), int(log["logIndex"], 16)
