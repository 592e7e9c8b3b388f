"""What contradicts what, and at which block."""

from __future__ import annotations

from typing import NamedTuple

from keep3r_replay.errors import Keep3rReplayError

_OF_ROOT = ("transactions", "")
"""What is told of all transactions of a block."""


class Contradiction(NamedTuple):
    """One thing that is not as a proof says.

    Attributes:
        block: where.
        subject: what it is about: a table of the lake, or what a teller was asked for (`header`, `receipts`, ...).
        place: in the block: `log 3`, `transaction 0`, an address; empty where the block itself is meant.
        told: what the lake or the teller says.
        proved: what follows from the anchor instead.
        basis: what proves it: `the receipts root`.
    """

    block: int
    subject: str
    place: str
    told: str
    proved: str
    basis: str

    @property
    def of_lake(self) -> bool:
        """Whether it is in what the lake says, not in what tellers of the chain say."""
        return self.subject not in {"header", "receipts", "state"} and (self.subject, self.place) != _OF_ROOT

    def line(self) -> str:
        """The contradiction in one line."""
        where = f"{self.subject} {self.place}".strip()
        return f"block {self.block}: {where}: {self.told}, but {self.basis} says {self.proved}"


class Lie(NamedTuple):
    """An answer that a teller gave and that the anchor refutes; another teller, if there was one, gave the true one."""

    teller: str
    contradiction: Contradiction
    refuted_by: str

    def line(self) -> str:
        """The lie in one line."""
        true = f"; {self.refuted_by} told the truth" if self.refuted_by else ""
        return f"{self.teller} lied: {self.contradiction.line()}{true}"


class ContradictedError(Keep3rReplayError):
    """Nothing below can be proved: no teller has what the block above commits to."""

    exit_code = 3

    def __init__(self, contradiction: Contradiction) -> None:
        self.contradiction = contradiction
        super().__init__(contradiction.line())
