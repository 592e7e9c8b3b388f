"""A function that transactions call directly: its arguments, and what it emits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from keep3r_replay.evm.abi import keccak256

if TYPE_CHECKING:
    from collections.abc import Mapping

WORD = 32
SELECTOR = 4
OTHER_FUNCTIONS = "others"
"""Key of a role's calls that says: its contracts have further functions, and may emit what these do not."""


ALONE: frozenset[str] = frozenset()
"""`elsewhere` of a function that calls no other contract, or only asks it."""


@dataclass(frozen=True)
class DirectCall:
    """A function, and how its arguments come back in the event it emits.

    `echoes` maps a column of the event to the position of the argument that it repeats; `sender` is the column that
    holds the caller. Amounts that a token may change on its way are not echoed. `event` is empty where the function
    need not emit any; `also` names events that it may emit beside it, any number of times. `elsewhere` names tables of
    events that it makes other contracts of the deployment emit, each once at most; empty where it calls nobody, None
    where that is not known.
    """

    signature: str
    event: str
    echoes: Mapping[str, int]
    sender: str = ""
    also: frozenset[str] = frozenset()
    elsewhere: frozenset[str] | None = None

    @cached_property
    def types(self) -> tuple[str, ...]:
        """Types of the arguments."""
        inside = self.signature[self.signature.index("(") + 1 : -1]
        return tuple(inside.split(",")) if inside else ()

    def decode(self, data: bytes) -> tuple[str | int, ...] | None:
        """Arguments in `data` (selector included): addresses as text, integers as int; None if it is too short."""
        if len(data) < SELECTOR + WORD * len(self.types):
            return None
        arguments: list[str | int] = []
        for position, kind in enumerate(self.types):
            word = data[SELECTOR + WORD * position : SELECTOR + WORD * (position + 1)]
            if kind == "address":
                arguments.append("0x" + word[12:].hex())
            else:
                arguments.append(int.from_bytes(word, "big", signed=kind.startswith("int")))
        return tuple(arguments)


def by_selector(*calls: DirectCall) -> dict[str, DirectCall]:
    """Calls by the first four bytes of the Keccak-256 of their signature, as eight hexadecimal digits."""
    return {keccak256(call.signature.encode())[:SELECTOR].hex(): call for call in calls}
