"""Reward periods of a whole run."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Regime(NamedTuple):
    """Reward periods are `length` seconds long from `since` on."""

    since: int
    length: int


class Period(NamedTuple):
    """A stretch of time in one reward period, seconds.

    Attributes:
        start: start of the reward period, a multiple of `length` since the epoch.
        begins_at, ends_at: the stretch, without its end. It is the whole period unless governance changed the length
            in it, or the run begins or ends in it.
        length: seconds of a whole period.
    """

    start: int
    begins_at: int
    ends_at: int
    length: int


class Calendar:
    """All periods of a run in order."""

    def __init__(self, regimes: Sequence[Regime], ended_at: int) -> None:
        self.periods: list[Period] = []
        self._first: list[int] = []
        self._recent, self._recent_regime = 0, -1
        for place, (since, length) in enumerate(regimes):
            until = regimes[place + 1].since if place + 1 < len(regimes) else ended_at + 1
            self._first.append(len(self.periods))
            start = since - since % length
            begins_at = since
            while True:
                ends_at = min(start + length, until)
                self.periods.append(Period(start, begins_at, ends_at, length))
                if ends_at >= until:
                    break
                start += length
                begins_at = start
        self._first.append(len(self.periods))

    def place(self, regime: int, timestamp: int) -> int:
        """Index of the period that a change at `timestamp` under the `regime`-th length lies in."""
        recent = self.periods[self._recent]
        if regime == self._recent_regime and recent.begins_at <= timestamp < recent.ends_at:
            return self._recent
        first, end = self._first[regime], self._first[regime + 1]
        place = bisect_right(self.periods, timestamp, first, end, key=lambda period: period.begins_at) - 1
        self._recent, self._recent_regime = max(first, place), regime
        return self._recent
