"""Stand-ins for deployed code: what versions are known by are hashes of code that is not at hand.

Some bytes that spell role and version stand at the address of each contract, and are known by their hash as the code of
that version for as long as a test runs. So first contact compares as it does on a chain, by another table.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest import mock

from keep3r_replay.chain.code import code_hashes
from keep3r_replay.protocols.keep3r_v2.extract.expected import CODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_DIGITS = 8


def stand_ins(named: Mapping[str, str]) -> dict[str, str]:
    """Code by address, for role and version by address."""
    return {address: "0x60" + of.encode().hex() for address, of in named.items()}


@contextmanager
def known(codes: Iterable[str]) -> Iterator[None]:
    """Let first contact know stand-ins."""
    raw = [bytes.fromhex(code[2:]) for code in codes]
    with mock.patch.dict(CODES, {code_hashes(code).plain[:_DIGITS]: code[1:].decode() for code in raw}):
        yield
