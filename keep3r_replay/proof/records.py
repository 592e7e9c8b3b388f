"""What is noted of a proved window, and what its proof rests on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from keep3r_replay.proof.header import Header
    from keep3r_replay.proof.receipts import Receipt

WINDOW = 8_192
"""Blocks of a window, aligned to multiples of it, as history files are."""


class WindowRecord(NamedTuple):
    """What was proved of a window.

    Attributes:
        first, last: its blocks.
        hash: of block `last`; hexadecimal with 0x.
        parent: hash of the block before `first`.
        opened: blocks whose receipts were read.
        vain: those of them that hold no log of a followed address: the bloom allowed for one.
        logs: of followed addresses.
        transactions: of the lake.
        unsigned: those of them whose sender no signature tells.
        witnesses: those of them that were signed for one chain, the lake's: their signatures hold its chain id.
        empty: cells that the lake leaves empty, by table and column (`blocks.gas_used`).
        digest: of the lake's rows.
        marked: number and RLP in hexadecimal of headers that proofs of state rest on.
    """

    first: int
    last: int
    hash: str
    parent: str
    opened: int
    vain: int
    logs: int
    transactions: int
    unsigned: int
    witnesses: int
    empty: dict[str, int]
    digest: str
    marked: list[list[int | str]]


@dataclass
class Evidence:
    """What a window's proof rests on: headers with the one before, and of opened blocks receipts and transactions."""

    headers: list[Header] = field(default_factory=list)
    receipts: dict[int, list[Receipt]] = field(default_factory=dict)
    transactions: dict[int, list[bytes]] = field(default_factory=dict)
