"""Recorders of moves of credits for what-ifs: sums that cost little, and other rules of expiry than the contract's."""

from __future__ import annotations

from collections import defaultdict
from copy import copy
from typing import TYPE_CHECKING, Any

from keep3r_replay.protocols.keep3r_v2.audit.ledger import OPENING, LedgerError
from keep3r_replay.protocols.keep3r_v2.audit.lots import Lot, Lots
from keep3r_replay.protocols.keep3r_v2.contract.moves import (
    EXPIRED,
    FORCED,
    MIGRATED_IN,
    MIGRATED_OUT,
    MINTED,
    MINTED_RESET,
    MINTED_SETTLED,
    REMOVED,
    REPRICED,
    CreditMoves,
    Move,
)
from keep3r_replay.protocols.keep3r_v2.contract.quoting import period_start

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keep3r_replay.protocols.keep3r_v2.contract.state import Job, Keep3r
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext


class Recorder(CreditMoves):
    """A recorder that can forget what a reverted call wrote."""

    def __init__(self, context: CallContext) -> None:
        super().__init__(context)
        self.opening: dict[int, int] = {}
        """Wei that jobs' records held at a start in mid-history."""

    def open(self, keep3r: Keep3r) -> None:
        """Take note of what jobs hold before the first event."""
        self.opening = {id(job): job.credits for job in keep3r.jobs.values() if job.credits}

    def _opened(self) -> defaultdict[tuple[int, str], int]:
        return defaultdict(int, {(job, OPENING): amount for job, amount in self.opening.items()})

    def mark(self, jobs: Iterable[Job]) -> Any:
        """Where the record stands, before a call that touches `jobs`; `back` takes it."""
        return len(self.moves)

    def back(self, mark: Any) -> None:
        """Forget everything since the mark."""
        del self.moves[mark:]

    def before_call(self, keep3r: Keep3r, job: Job, now: int) -> None:
        """What the rule does to a job's credits before a call at `now`: nothing, by the contract's."""

    def sums(self) -> dict[tuple[int, str], int]:
        """Wei by identity of the job's record and kind of move; `opening` is what a start in mid-history found."""
        sums = self._opened()
        for move in self.moves:
            noted = Move._make(move)
            sums[noted.job, noted.kind] += noted.amount
        return sums


class SumRecorder(Recorder):
    """Keeps kind, job and amount of a move only."""

    def __init__(self, context: CallContext) -> None:
        super().__init__(context)
        self._noted: list[tuple[str, int, int]] = []

    def mark(self, jobs: Iterable[Job]) -> Any:
        """As `Recorder.mark`."""
        return len(self._noted)

    def back(self, mark: Any) -> None:
        """As `Recorder.back`."""
        del self._noted[mark:]

    def note(
        self,
        kind: str,
        job: Job,
        amount: int,
        rewarded_before: int,
        counterpart: str = "",
        numerator: int = 0,
        denominator: int = 0,
    ) -> None:
        """Write a move of `amount` wei."""
        self._noted.append((kind, id(job), amount))

    def minted_since(self, job: Job, amount: int, rewarded_before: int) -> None:
        """Write what was mined since the last reward."""
        self._noted.append((MINTED_SETTLED, id(job), amount))

    def sums(self) -> dict[tuple[int, str], int]:
        """Wei by identity of the job's record and kind of move."""
        sums = self._opened()
        for kind, job, amount in self._noted:
            sums[job, kind] += amount
        return sums


class KeepingRecorder(Recorder):
    """Rule `none`: a reset throws nothing away. The model notes it in the midst, and takes over what is put back."""

    def note(self, kind: str, job: Job, amount: int, *rest: Any, **named: Any) -> None:
        """Write a move as the rule has it."""
        if kind == EXPIRED:
            job.credits -= amount
            return
        if kind == MINTED_RESET:
            amount = job.period_credits
        super().note(kind, job, amount, *rest, **named)
        self._follow(kind, job, amount)

    def _follow(self, kind: str, job: Job, amount: int) -> None:
        """What else the rule does once a move is written: nothing."""


class DocumentedRecorder(KeepingRecorder):
    """Rule `documented`: from a period's start on, what was mined by the start of the one before it is gone."""

    def __init__(self, context: CallContext) -> None:
        super().__init__(context)
        self._lots: defaultdict[int, Lots] = defaultdict(Lots)
        self._migrating: list[Lot] = []

    def open(self, keep3r: Keep3r) -> None:
        """As `Recorder.open`; what a job holds counts from its last reward on."""
        super().open(keep3r)
        for job in keep3r.jobs.values():
            if job.credits:
                self._lots[id(job)].add(job.rewarded_at, OPENING, job.credits)

    def mark(self, jobs: Iterable[Job]) -> Any:
        """As `Recorder.mark`, with the jobs' lots."""
        return len(self.moves), {id(job): _copied(self._lots[id(job)]) for job in jobs}

    def back(self, mark: Any) -> None:
        """As `Recorder.back`."""
        del self.moves[mark[0] :]
        self._lots.update(mark[1])

    def before_call(self, keep3r: Keep3r, job: Job, now: int) -> None:
        """Let the job's old lots expire."""
        gone = self._lots[id(job)].take_until(period_start(keep3r, now) - keep3r.parameters.reward_period_time)
        amount = sum(lot.amount for lot in gone)
        if amount:
            job.credits -= amount
            CreditMoves.note(self, EXPIRED, job, -amount, job.rewarded_at)

    def _follow(self, kind: str, job: Job, amount: int) -> None:
        """Keep the lots."""
        lots = self._lots[id(job)]
        if kind in MINTED or kind == FORCED:
            lots.add(job.rewarded_at, kind, amount)
        elif kind == MIGRATED_IN:
            for lot in self._migrating:
                lots.add(lot.minted_at, lot.origin, lot.amount)
        elif kind == MIGRATED_OUT:
            self._migrating = lots.take(lots.total)
        elif kind in {REPRICED, REMOVED}:
            lots.rescale(lots.total + amount)
        else:
            lots.take(-amount)


def _copied(lots: Lots) -> Lots:
    twin = copy(lots)
    twin.lots = list(lots.lots)
    return twin


def check_balance(keep3r: Keep3r, recorder: Recorder) -> None:
    """Every job's moves must sum to its credits, to the wei. Raises `LedgerError` if they do not."""
    held: defaultdict[int, int] = defaultdict(int)
    for (identity, _), amount in recorder.sums().items():
        held[identity] += amount
    for address, job in keep3r.jobs.items():
        if held[id(job)] != job.credits:
            raise LedgerError(
                f"end: the moves of job {address} sum to {held[id(job)]} wei, the model holds {job.credits}"
            )


def recorder_for(rule: str, context: CallContext, *, in_full: bool) -> Recorder:
    """The recorder of a rule of expiry; `in_full` keeps what the ledger needs of each move."""
    if rule == "contract":
        return Recorder(context) if in_full else SumRecorder(context)
    return KeepingRecorder(context) if rule == "none" else DocumentedRecorder(context)
