"""Finding the trusted block: by its hash, which proves its header, or by its number, which proves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.errors import NodeError, UsageError
from keep3r_replay.proof.contradictions import ContradictedError, Contradiction, Lie

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.proof.header import Header
    from keep3r_replay.proof.teller import Teller


def anchor_of(said: str, tellers: Sequence[Teller], first: int, lies: list[Lie]) -> Header:
    """The trusted block's header.

    Args:
        said: its hash (0x and 64 hexadecimal digits) or its number.
        tellers: who is asked, in turn.
        first: the lake's first block.
        lies: takes what is told of the hash and is not of it.

    Raises:
        UsageError: the text is no hash and no number, or the block lies before the lake.
        ContradictedError: for the hash all tellers give other headers.
        NodeError: nobody has the block, or tellers differ about a number.
    """
    wanted = said.lower()
    if wanted.startswith("0x"):
        try:
            trusted = bytes.fromhex(wanted[2:])
        except ValueError:
            trusted = b""
        if len(trusted) != 32:
            raise UsageError(f"anchor={said[:80]}: no block hash, which has 64 hexadecimal digits after 0x")
        header = _by_hash(trusted, tellers, lies)
    elif wanted.isdecimal():
        header = _by_number(int(wanted), tellers)
    else:
        raise UsageError(f"anchor={said[:80]}: neither a block's hash nor a number")
    if header.number < first:
        raise UsageError(f"anchor: block {header.number} lies before the lake's first block {first}")
    return header


def _by_hash(trusted: bytes, tellers: Sequence[Teller], lies: list[Lie]) -> Header:
    false: list[Contradiction] = []
    for teller in tellers:
        header = teller.header_of_hash(trusted)
        if header is not None and header.hash == trusted:
            return header
        if header is not None:
            told, proved = f"hashes to 0x{header.hash.hex()}", f"0x{trusted.hex()}"
            false.append(Contradiction(header.number, "header", "", told, proved, "the anchor"))
            lies.append(Lie(teller.name, false[-1], ""))
    if false:
        raise ContradictedError(false[0])
    raise NodeError(f"nobody has the anchor 0x{trusted.hex()}: is it of this chain?")


def _by_number(number: int, tellers: Sequence[Teller]) -> Header:
    found: dict[bytes, Header] = {}
    for teller in tellers:
        header = teller.headers(number, number)[0]
        if header is not None and header.number == number:
            found[header.hash] = header
    if len(found) > 1:
        raise NodeError(f"block {number} has {len(found)} hashes: say which one you trust, as anchor=0x...")
    if not found:
        raise NodeError(f"nobody has block {number}")
    return next(iter(found.values()))
