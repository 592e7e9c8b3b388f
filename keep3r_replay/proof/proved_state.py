"""What was proved of state, and what is said of what was not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keep3r_replay.proof.contradictions import Contradiction

BY_ROOT, BY_HEADER = "state roots", "headers"
COMPUTED, NOBODY = (
    "not proved: computed, or its storage is on no record",
    "not proved: no teller offers proofs of state there",
)
"""What is said of a reading."""


@dataclass
class StateProved:
    """What was proved of state.

    Attributes:
        codes: for each contract's address, what its code is: `hash`, `is` (role and version; empty if on no record),
            `block`.
        created: contracts whose first block is proved: there is code at its end, and none before it.
        initial: proved initial parameters: names of views by address.
        initial_left: those that are not, by address and name, each with the reason.
        views: how many readings follow from what, or why they are not proved: by contract, view and that word.
        unproved: what was not, and why, a sentence each.
        contradictions: in what the lake contradicts a state root.
        kept: the proofs, to be kept.
    """

    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    created: list[str] = field(default_factory=list)
    initial: dict[str, list[str]] = field(default_factory=dict)
    initial_left: dict[str, dict[str, str]] = field(default_factory=dict)
    views: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    unproved: list[str] = field(default_factory=list)
    contradictions: list[Contradiction] = field(default_factory=list)
    kept: list[dict[str, Any]] = field(default_factory=list)

    def readings(self, *words: str) -> int:
        """How many readings one of these words is said of."""
        return sum(count for (_, _, said), count in self.views.items() if said in words)
