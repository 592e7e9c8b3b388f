"""The ledger summed by job and period: opening, entries by kind, closing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.audit.ledger import LedgerError
from keep3r_replay.protocols.keep3r_v2.audit.rows import PeriodRow
from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keep3r_replay.protocols.keep3r_v2.audit.calendar import Calendar
    from keep3r_replay.protocols.keep3r_v2.audit.ledger import Ledger
    from keep3r_replay.protocols.keep3r_v2.audit.steps import Step


def period_rows(
    ledger: Ledger,
    steps: Sequence[Step],
    calendar: Calendar,
    begun: Mapping[str, PeriodRow] | None = None,
    first: int = 0,
) -> list[PeriodRow]:
    """Rows of `periods`, by job and time; periods in which a job held nothing and nothing moved have none.

    Of a run that went on, `begun` are the rows that jobs had in the period of place `first`, where the former one
    ended; those of the periods before stand in its results.

    Raises:
        LedgerError: opening and entries do not make up a closing balance.
    """
    begun = {} if begun is None else begun
    changes: dict[str, list[Step]] = {job: [] for job in (*ledger.opening, *begun)}
    for step in steps:
        changes.setdefault(step.job, []).append(step)
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
    changes: list[Step],
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
            _, _, change, moves = changes[position]
            sums[change.kind] += change.amount
            rewarded_at = change.rewarded_at
            entries += moves
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
