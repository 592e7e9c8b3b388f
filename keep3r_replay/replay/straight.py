"""Causes that are told straight: each root stands at an event, and what is expected of the events explains everything.

This takes a replay a root. Where there are several roots, readings have to tell that the state was right after each
and before the next: then it is, and no other event can be behind two of them. Whatever else there is, `causes` looks
for it with more patience.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.replay.retold import READING, key_of
from keep3r_replay.replay.suspects import as_expected, event_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from keep3r_replay.journal import Finding
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.mended import Mend
    from keep3r_replay.replay.retold import Left, Replays

OF_STATE = frozenset({"state_mismatch"})
"""Kinds that say: what happens here fits another state of the subject than the events before it lead to."""


class Straight(NamedTuple):
    """What explains everything: each root's mend, and the root of each finding that follows, by their places."""

    mends: Mapping[int, Mend]
    cause: Mapping[int, int]


class _Explained(NamedTuple):
    """A mend that explains its root, and what is left then."""

    mend: Mend
    left: Left


def straight(lake: Lake, findings: Sequence[Finding], places: Iterable[int], replays: Replays) -> Straight | None:
    """The causes of the findings at `places`, if each event that one stands at is right as it is expected, in order."""
    mends: dict[int, Mend] = {}
    cause: dict[int, int] = {}
    left = list(places)
    while left:
        root, *others = left
        explained = _explained(lake, findings, left, list(mends.values()), replays)
        if explained is None:
            return None
        mends[root] = explained.mend
        cause |= {each: root for each in others if key_of(findings[each]) not in explained.left.keys}
        left = [each for each in others if each not in cause]
    return Straight(mends, cause) if _told_apart(lake, [findings[root].block_number for root in mends]) else None


def _explained(
    lake: Lake, findings: Sequence[Finding], left: Sequence[int], before: Sequence[Mend], replays: Replays
) -> _Explained | None:
    """How the first finding that is left is explained, where that brings nothing new."""
    first = findings[left[0]]
    event = None if first.kind in OF_STATE else event_at(lake, first)
    if event is None:
        return None
    group = [findings[each] for each in at_place(findings, first, left)]
    there = {key_of(findings[each]) for each in left} - {key_of(finding) for finding in group}
    for mend in as_expected(event, group, readings_from(findings, first, left)):
        told = replays.left_by([*before, mend]) if replays.left > 0 else None
        if told is not None and told.keys <= there:
            return _Explained(mend, told)
    return None


def at_place(findings: Sequence[Finding], finding: Finding, among: Iterable[int]) -> list[int]:
    """Findings at the place of one."""
    here = (finding.block_number, finding.log_index)
    return [each for each in among if (findings[each].block_number, findings[each].log_index) == here]


def readings_from(findings: Sequence[Finding], finding: Finding, among: Iterable[int]) -> list[Finding]:
    """Findings of the first block whose readings differ, from the block of one on."""
    after = list(_readings(findings, finding.block_number, among))
    first = min((each.block_number for each in after), default=-1)
    return [each for each in after if each.block_number == first]


def _readings(findings: Sequence[Finding], block: int, among: Iterable[int]) -> Iterator[Finding]:
    for each in among:
        if findings[each].kind == READING and findings[each].block_number >= block:
            yield findings[each]


def _told_apart(lake: Lake, blocks: Sequence[int]) -> bool:
    """Whether there are readings after each of these blocks and before the next, and after the last."""
    if len(blocks) < 2:
        return True
    if not lake.has("readings"):
        return False
    read = lake.scan("readings", columns=["block_number"]).unique().sort("block_number").collect()
    numbers = read["block_number"].to_list()
    ends = [*blocks[1:], (numbers[-1] if numbers else -1) + 1]
    return all(bisect_left(numbers, start) < bisect_left(numbers, end) for start, end in zip(blocks, ends, strict=True))
