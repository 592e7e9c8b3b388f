"""Replays of a history that is mended in some places: what each of them leaves of the findings, told once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.errors import Keep3rReplayError
from keep3r_replay.journal import ERROR
from keep3r_replay.replay.mended import Keys, MendedLake, keys_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.journal import Finding
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.mended import Mend

READING = "reading_mismatch"
_BROKEN = (Keep3rReplayError, ArithmeticError, LookupError, ValueError)
"""What a history may raise that a mend makes impossible."""


class Key(NamedTuple):
    """What a finding is known by in another replay."""

    kind: str
    block: int
    log_index: int | None
    subject: str
    field: str


def key_of(finding: Finding) -> Key:
    """What a finding is known by in another replay."""
    return Key(finding.kind, finding.block_number, finding.log_index, finding.subject, finding.field)


class Retold(NamedTuple):
    """What the replay of a mended lake comes to: its findings, and how unsure its classes are in all.

    Of mends that explain the same the one is taken whose classes are the surest: a payment that the formula gives is
    not the one that was changed.
    """

    findings: Sequence[Finding]
    doubt: int


Again = Callable[[MendedLake, frozenset[int] | None], Retold]


class Left(NamedTuple):
    """Keys of the findings that mends leave, and the doubt in the classes."""

    keys: frozenset[Key]
    doubt: int

    def within(self, blocks: frozenset[int]) -> Left:
        """The same, were only the readings of these blocks compared."""
        return Left(frozenset(key for key in self.keys if key.kind != READING or key.block in blocks), self.doubt)


class Replays:
    """Replays the history with mends, each set of mends once.

    Args:
        lake: the history.
        again: replays a lake, and compares the readings of some blocks (None: of all).
        most: replays to be made at most.
    """

    def __init__(self, lake: Lake, again: Again, most: int) -> None:
        self._lake = lake
        self._again = again
        self._known: dict[tuple[Keys, frozenset[int] | None], Left | None] = {}
        self.left = most

    def left_by(self, mends: Sequence[Mend], blocks: frozenset[int] | None = None) -> Left | None:
        """What is left in the mended lake; None where it cannot be replayed at all."""
        which = keys_of(mends)
        if (which, None) in self._known:
            whole = self._known[which, None]
            return whole if whole is None or blocks is None else whole.within(blocks)
        if (which, blocks) not in self._known:
            self._known[which, blocks] = self._replayed(mends, blocks)
        return self._known[which, blocks]

    def told(self, before: Sequence[Mend], guess: Mend) -> Mend:
        """An absent event with what the model expects in its untold columns, where it goes through with others."""
        self.left -= 1
        try:
            findings, _ = self._again(MendedLake(self._lake, [*before, guess]), frozenset())
        except _BROKEN:
            return guess
        place = (guess.block_number, guess.log_index)
        expected: dict[str, int | str] = {
            finding.field: finding.expected if finding.expected.startswith("0x") else int(finding.expected)
            for finding in findings
            if (finding.block_number, finding.log_index) == place
            and finding.field in guess.untold
            and (finding.expected.startswith("0x") or finding.expected.removeprefix("-").isdigit())
        }
        return guess._replace(values={**(guess.values or {}), **expected}, untold=())

    def _replayed(self, mends: Sequence[Mend], blocks: frozenset[int] | None) -> Left | None:
        self.left -= 1
        try:
            findings, doubt = self._again(MendedLake(self._lake, mends), blocks)
        except _BROKEN:
            return None
        return Left(frozenset(key_of(finding) for finding in findings if finding.severity == ERROR), doubt)
