"""Changes of credits by the steps that rules and periods look at: payments of a job that follow each other are one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import SPENT, CreditChange

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keep3r_replay.protocols.keep3r_v2.audit.calendar import Calendar


class Step(NamedTuple):
    """A change of a job's credits, or payments of it in one period between which nothing else changed them.

    Attributes:
        job: whose credits.
        place: of the period in the calendar.
        change: the change; of several payments the last one, with the amount of all (wei).
        moves: how many changes of an amount it is.
    """

    job: str
    place: int
    change: CreditChange
    moves: int


class _Payments:
    """Payments of a job that nothing has come after yet."""

    __slots__ = ("amount", "last", "moves", "place")

    def __init__(self, place: int) -> None:
        self.place = place
        self.amount = self.moves = 0
        self.last: CreditChange | None = None

    def step(self, job: str) -> Step:
        assert self.last is not None
        return Step(job, self.place, self.last._replace(amount=self.amount), self.moves)


def steps_of(changes: Iterable[tuple[str, CreditChange]], calendar: Calendar) -> list[Step]:
    """The steps of all jobs: of each in the order of its changes, of all by what is no payment."""
    steps: list[Step] = []
    waiting: dict[str, _Payments] = {}
    for job, change in changes:
        place = calendar.place(change.regime, change.timestamp)
        paid = waiting.get(job)
        if paid is not None and (change.kind != SPENT or paid.place != place):
            steps.append(waiting.pop(job).step(job))
            paid = None
        if change.kind != SPENT:
            steps.append(Step(job, place, change, int(change.amount != 0)))
            continue
        if paid is None:
            paid = waiting[job] = _Payments(place)
        paid.amount += change.amount
        paid.moves += change.amount != 0
        paid.last = change
    return steps + [paid.step(job) for job, paid in waiting.items()]
