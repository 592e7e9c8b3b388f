"""Recorders of changes of credits for what-ifs: those of the ledger, or sums that cost little."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.audit.ledger import OPENING, LedgerError
from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import MINTED_SETTLED, CreditChanges

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import Clock, Credits
    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r


class Recorder(CreditChanges):
    """Writes changes of credits down in full, from what a start in mid-history found on.

    Args:
        clock: where the replay stands.
        keep3r: the contract; what its jobs hold now, as a start in mid-history finds it, is kept as their opening.
    """

    def __init__(self, clock: Clock, keep3r: Keep3r) -> None:
        super().__init__(clock)
        self._opening = {id(job): job.credits for job in keep3r.jobs.values() if job.credits}

    def sums(self) -> dict[tuple[int, str], int]:
        """Wei by identity of the job's record and kind of change; `opening` is what a start in mid-history found."""
        sums = self._opened()
        for change in self.changes:
            sums[change.job, change.kind] += change.amount
        return sums

    def _opened(self) -> defaultdict[tuple[int, str], int]:
        return defaultdict(int, {(job, OPENING): amount for job, amount in self._opening.items()})


class SumRecorder(Recorder):
    """Keeps kind, job and amount of a change only; for the contract's own rule of expiry."""

    def __init__(self, clock: Clock, keep3r: Keep3r) -> None:
        super().__init__(clock, keep3r)
        self._noted: list[tuple[str, int, int]] = []

    def mark(self) -> int:
        """As `CreditChanges.mark`."""
        return len(self._noted)

    def cut(self, mark: int) -> None:
        """As `CreditChanges.cut`."""
        del self._noted[mark:]

    def note(
        self,
        kind: str,
        job: Credits,
        amount: int,
        rewarded_before: int,
        counterpart: str = "",
        numerator: int = 0,
        denominator: int = 0,
    ) -> None:
        """Write a change of `amount` wei."""
        self._noted.append((kind, id(job), amount))

    def minted_since(self, job: Credits, amount: int, rewarded_before: int) -> None:
        """Write what was mined since the last reward."""
        self._noted.append((MINTED_SETTLED, id(job), amount))

    def sums(self) -> dict[tuple[int, str], int]:
        """Wei by identity of the job's record and kind of change."""
        sums = self._opened()
        for kind, job, amount in self._noted:
            sums[job, kind] += amount
        return sums


def check_balance(keep3r: Keep3r, recorder: Recorder) -> None:
    """Every job's changes must sum to its credits, to the wei. Raises `LedgerError` if they do not."""
    held: defaultdict[int, int] = defaultdict(int)
    for (identity, _), amount in recorder.sums().items():
        held[identity] += amount
    for address, job in keep3r.jobs.items():
        if held[id(job)] != job.credits:
            raise LedgerError(
                f"end: the changes of job {address} sum to {held[id(job)]} wei, the model holds {job.credits}"
            )
