"""Reward periods of a whole run, and the ledger summed by job and period: opening, entries by kind, closing."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.keep3r_v2.audit.ledger import LedgerError
from keep3r_replay.protocols.keep3r_v2.audit.rows import PeriodRow
from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keep3r_replay.protocols.keep3r_v2.audit.credit_observer import Regime
    from keep3r_replay.protocols.keep3r_v2.audit.ledger import Ledger


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


class _Change(NamedTuple):
    """A change of credits: index of its period, kind, wei, the job's clock after it."""

    place: int
    kind: str
    amount: int
    rewarded_at: int


def period_rows(
    ledger: Ledger, calendar: Calendar, begun: Mapping[str, PeriodRow] | None = None, first: int = 0
) -> list[PeriodRow]:
    """Rows of `periods`, by job and time; periods in which a job held nothing and nothing moved have none.

    Of a run that went on, `begun` are the rows that jobs had in the period of place `first`, where the former one
    ended; those of the periods before stand in its results.

    Raises:
        LedgerError: opening and entries do not make up a closing balance.
    """
    begun = {} if begun is None else begun
    changes: dict[str, list[_Change]] = {job: [] for job in (*ledger.opening, *begun)}
    for job, change in ledger.changes:
        place = calendar.place(change.regime, change.timestamp)
        changes.setdefault(job, []).append(_Change(place, change.kind, change.amount, change.rewarded_at))
    rows: list[PeriodRow] = []
    for job in sorted(changes):
        opening, rewarded_at = ledger.opening.get(job, (0, 0))
        mine = list(_of_job(job, changes[job], calendar, opening, rewarded_at, begun.get(job), first))
        rows += mine
        closing = mine[-1].closing if mine else 0
        if closing != ledger.closing.get(job, 0):
            raise LedgerError(f"job {job}: periods close at {closing} wei, the ledger at {ledger.closing.get(job, 0)}")
    return rows


def _of_job(
    job: str,
    changes: list[_Change],
    calendar: Calendar,
    opening: int,
    rewarded_at: int,
    begun: PeriodRow | None,
    first: int,
) -> Iterator[PeriodRow]:
    position = 0
    if begun is not None:
        opening, rewarded_at = begun.opening, begun.rewarded_at
    for place, period in enumerate(calendar.periods[first:], start=first):
        sums = dict.fromkeys(KINDS, 0)
        entries = 0
        if begun is not None and place == first:
            sums = {kind: getattr(begun, kind) for kind in KINDS}
            entries = begun.entries
        while position < len(changes) and changes[position].place == place:
            _, kind, amount, rewarded_at = changes[position]
            sums[kind] += amount
            entries += amount != 0
            position += 1
        if opening or entries:
            closing = opening + sum(sums.values())
            yield PeriodRow(
                job,
                period.start,
                period.begins_at,
                period.ends_at,
                period.length,
                opening,
                **sums,
                closing=closing,
                rewarded_at=rewarded_at,
                entries=entries,
            )
            opening = closing
