"""Notices and warnings that follow from an event that is wrong: the mended history does not have them."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING

from keep3r_replay.journal import ERROR
from keep3r_replay.replay.retold import key_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.journal import Finding
    from keep3r_replay.replay.causes import Traced
    from keep3r_replay.replay.retold import Key


def with_notices(traced: Traced, mended: Sequence[Finding]) -> list[Finding]:
    """The findings, where a notice or warning that `mended` (findings of the mended history) lacks has its cause too.

    It follows from the last mended root before it: what comes before every root is let be, and what the mended history
    says otherwise (another amount) is lacking there.
    """
    kept = {_said(finding) for finding in mended}
    roots = sorted(traced.roots)
    found = []
    for number, finding in enumerate(traced.findings, start=1):
        place = bisect_right(roots, number)
        follows = finding.severity != ERROR and finding.cause is None and number not in roots and place > 0
        found.append(replace(finding, cause=roots[place - 1]) if follows and _said(finding) not in kept else finding)
    return found


def _said(finding: Finding) -> tuple[Key, str]:
    return key_of(finding), finding.observed
