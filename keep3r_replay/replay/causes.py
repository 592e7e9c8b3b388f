"""One cause, one finding: which findings follow from which.

A finding follows from another if it is gone once the event of the other says what the model expects (or, where the
model cannot tell, another value that makes everything agree). So the lake is replayed again, mended in one place, and
what vanishes has its cause there. An event that a transaction asked for and did not leave is put in as it was asked
for. Where a protocol replays inputs, one that lies is found by the same means: its transaction is followed by its logs.
Where an event cannot be mended, for nothing tells it or makes it fit, what comes after it is taken to follow (the model
goes on from a state that lacks it), unless readings say that the state is right (`standing`), or no state has a part in
it (`apart`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from keep3r_replay.journal import ERROR, Finding
from keep3r_replay.replay.convicted import convicted
from keep3r_replay.replay.mended import Mend
from keep3r_replay.replay.retold import READING, Replays, key_of
from keep3r_replay.replay.standing import stands_alone
from keep3r_replay.replay.straight import OF_STATE, at_place, readings_from, straight
from keep3r_replay.replay.suspects import input_at, suspects_at, suspects_before

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.retold import Again

_MOST_REPLAYS = 24
"""Replays spent on one audit's causes: what is still open then stands as a root of its own."""

_COMPARED = 3
"""Mends of a reading that explain everything, among which the surest classes decide."""

_PROBED = 4
"""Blocks with readings that a mend is tried on: the first and the last that differ. The best is held against all."""

Absent = Callable[[Finding], Iterable[Mend]]


@dataclass
class Traced:
    """Findings with their causes.

    Attributes:
        findings: in chain order, each with its `cause`; roots that no finding stood for are among them.
        mends: the events as they would have to read for everything else to be right.
        roots: the number of the finding that each mend stands for, counted from 1.
    """

    findings: list[Finding]
    mends: list[Mend] = field(default_factory=list)
    roots: list[int] = field(default_factory=list)


def trace(
    lake: Lake,
    findings: Sequence[Finding],
    again: Again,
    absent: Absent,
    apart: Callable[[Finding, Finding], bool],
    in_order: Callable[[Sequence[Finding]], list[Finding]],
    *,
    inputs: bool,
) -> Traced:
    """Find the causes of findings.

    Args:
        lake: the history.
        findings: in chain order.
        again: replays the lake that it is handed, and compares the readings of some blocks (None: of all).
        absent: the event that a finding of a missing one is about, as far as its transaction tells it.
        apart: whether a finding cannot follow from one before it, whatever state that one left behind.
        in_order: sorts findings into chain order.
        inputs: whether the replay takes calls from transactions' input.
    """
    return _Tracer(lake, findings, again, absent, apart, inputs=inputs).trace(in_order)


def _is_beside(mend: Mend, finding: Finding) -> bool:
    """Whether a mend is of a number in another event than the one a finding stands at."""
    numbers = mend.values is not None and all(isinstance(value, int) for value in mend.values.values())
    return numbers and not mend.is_absent and mend.log_index != finding.log_index


class _Tracer:
    def __init__(
        self,
        lake: Lake,
        findings: Sequence[Finding],
        again: Again,
        absent: Absent,
        apart: Callable[[Finding, Finding], bool],
        *,
        inputs: bool,
    ) -> None:
        self._lake = lake
        self._inputs = inputs
        self._findings = list(findings)
        self._replays = Replays(lake, again, _MOST_REPLAYS)
        self._absent = absent
        self._apart = apart
        self._keys = [key_of(finding) for finding in self._findings]
        self._known = frozenset(self._keys)
        self._open = [place for place, finding in enumerate(self._findings) if finding.severity == ERROR]
        self._cause: dict[int, int] = {}
        self._mends: list[Mend] = []
        self._mended: list[int] = []
        """The root that each mend stands for."""

    def trace(self, in_order: Callable[[Sequence[Finding]], list[Finding]]) -> Traced:
        if not self._straight():
            self._one_by_one()
            self._alone()
        ordered = in_order(self._findings)
        number = {id(finding): place for place, finding in enumerate(ordered, start=1)}
        place_of = {id(finding): place for place, finding in enumerate(self._findings)}
        traced = []
        for finding in ordered:
            cause = self._cause.get(place_of[id(finding)])
            traced.append(finding if cause is None else replace(finding, cause=number[id(self._findings[cause])]))
        return Traced(traced, self._mends, [number[id(self._findings[root])] for root in self._mended])

    def _straight(self) -> bool:
        """Whether every root stands at an event that is right as it is expected: then all is settled."""
        told = straight(self._lake, self._findings, self._open, self._replays)
        if told is None:
            return False
        self._mends, self._mended = list(told.mends.values()), list(told.mends)
        self._cause, self._open = dict(told.cause), []
        return True

    def _one_by_one(self) -> None:
        while self._open:
            root = self._first()
            if self._findings[root].log_index is not None:
                self._of_event(root)
            elif self._is_reading(root):
                self._of_reading(root)
            elif self._findings[root].kind == "missing_event":
                self._close(root, [root], self._best(self._absences(self._findings[root]), [root]))
            else:
                self._close(root, [root], None)

    def _first(self) -> int:
        """The next root: the first that is open, but before it an event that its block lacks, of unknown place in it.

        Where readings tell of a state that events put in doubt, they go first.
        """
        first = self._findings[self._open[0]]
        for each in self._open:
            finding = self._findings[each]
            if finding.kind == "missing_event" and finding.block_number == first.block_number:
                return each
        if first.kind in OF_STATE:
            for each in self._open:
                if self._is_reading(each) and self._findings[each].subject == first.subject:
                    return each
        return self._open[0]

    def _absences(self, finding: Finding) -> Iterator[Mend]:
        """The event that is missing; of numbers that its transaction does not tell the model says what they are."""
        for mend in self._absent(finding):
            yield self._replays.told(self._mends, mend) if mend.untold and self._replays.left > 0 else mend

    def _of_event(self, root: int) -> None:
        """The event at the root's place: mended if something mends it."""
        finding = self._findings[root]
        group = at_place(self._findings, finding, self._open)
        readings = readings_from(self._findings, finding, self._open)
        best = self._best(self._suspects([self._findings[each] for each in group], readings), group)
        if best is not None and _is_beside(best, finding):
            root = self._convict(best, finding)
        self._close(root, group, best)

    def _suspects(self, findings: Sequence[Finding], readings: Sequence[Finding]) -> Iterator[Mend]:
        """The event at a place as the model expects it, the input of its transaction, the event otherwise."""
        events = suspects_at(self._lake, findings, readings)
        yield from islice(events, 1)
        doubted = input_at(self._lake, findings[0]) if self._inputs else None
        if doubted is not None:
            yield doubted
        yield from events

    def _of_reading(self, root: int) -> None:
        """A reading that no finding before it explains: an event since the last block whose readings agree."""
        finding = self._findings[root]
        readings = [
            self._findings[each]
            for each in self._open
            if self._is_reading(each) and self._findings[each].block_number == finding.block_number
        ]
        best = self._best(suspects_before(self._lake, readings, self._last_agreeing(finding)), [root], only_all=True)
        if best is not None:
            self._close(self._convict(best, finding), [], best)
            return
        self._close(root, [root], None)

    def _convict(self, mend: Mend, finding: Finding) -> int:
        """A root for an event that no finding stands at."""
        self._findings.append(convicted(self._lake, mend, finding))
        return len(self._findings) - 1

    def _last_agreeing(self, finding: Finding) -> int:
        if not self._lake.has("readings"):
            return -1
        blocks = self._lake.scan("readings", columns=["block_number"], until_block=finding.block_number - 1)
        last = blocks.max().collect().item() if finding.block_number else None
        return -1 if last is None else int(last)

    def _best(self, mends: Iterable[Mend], group: list[int], *, only_all: bool = False) -> Mend | None:
        """The mend that leaves the fewest findings; None if none makes the group's own vanish."""
        differing = sorted({self._findings[each].block_number for each in self._open if self._is_reading(each)})
        probed = frozenset(differing[:_PROBED] + differing[-_PROBED:])
        unseen = {
            each for each in self._open if self._is_reading(each) and self._findings[each].block_number not in probed
        }
        tried = [each for each in self._open if each not in unseen]
        best, fewest, complete = None, (len(tried), 0), 0
        for mend in mends:
            if self._replays.left <= 0:
                break
            told = self._replays.left_by([*self._mends, mend], probed)
            if told is None:
                continue
            left, doubt = told
            still = [each for each in tried if self._keys[each] in left]
            strange = len(left - self._known)
            if any(each in still for each in group):
                continue
            count = len(still) + strange
            if count == 0 and not only_all:
                return mend
            if (count, doubt) < fewest and not (count and only_all):
                best, fewest = mend, (count, doubt)
            complete += count == 0
            if complete == _COMPARED:
                break
        return best

    def _is_reading(self, place: int) -> bool:
        return self._findings[place].kind == READING

    def _of_same_state(self, root: int) -> list[int]:
        """What tells of the state of the same subject follows from the first that did: the model took over a guess."""
        finding = self._findings[root]
        if finding.kind not in OF_STATE:
            return []
        return [
            each
            for each in self._open
            if self._findings[each].kind in OF_STATE and self._findings[each].subject == finding.subject
        ]

    def _close(self, root: int, group: list[int], mend: Mend | None) -> None:
        """Settle a root: what follows from it has its cause there."""
        if mend is None:
            block = self._findings[root].block_number
            alone = stands_alone(self._lake, self._findings[root], [self._findings[each] for each in self._open])
            followers = [
                each
                for each in self._open
                if each != root
                and not (alone and self._findings[each].block_number != block)
                and not self._apart(self._findings[root], self._findings[each])
            ]
        else:
            self._mends.append(mend)
            self._mended.append(root)
            told = self._replays.left_by(self._mends)
            left = told.keys if told is not None else frozenset()
            followers = [each for each in self._open if each != root and self._keys[each] not in left]
            group = [*group, *self._of_same_state(root)]
            followers += [each for each in dict.fromkeys(group) if each != root and each not in followers]
        for each in followers:
            self._cause[each] = root
        settled = {root, *followers}
        self._open = [each for each in self._open if each not in settled]

    def _alone(self) -> None:
        """Where one of several mends explains everything by itself, it is the only root."""
        if len(self._mends) < 2:
            return
        for mend, root in zip(self._mends[::-1], self._mended[::-1], strict=True):
            if self._replays.left <= 0:
                return
            told = self._replays.left_by([mend])
            if told is not None and not told.keys:
                self._cause = {
                    place: root
                    for place, finding in enumerate(self._findings)
                    if place != root and finding.severity == ERROR
                }
                self._mends, self._mended = [mend], [root]
                return
