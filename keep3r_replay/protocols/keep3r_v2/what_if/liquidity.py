"""Jobs' liquidity times a factor, from the beginning or from a block on."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r
    from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay


class Difference(NamedTuple):
    """What a job's liquidity gains (or loses, below 0) as it is scaled in place."""

    job: str
    liquidity: str
    amount: int


class ScaledLiquidity:
    """Amounts of jobs' liquidity times a factor: sums stay the scaled sums, so that what was all stays all."""

    def __init__(self, overlay: Overlay, keep3r: Keep3r) -> None:
        self._factor = Fraction(overlay.liquidity_factor)
        self._job = overlay.liquidity_job
        self._keep3r = keep3r
        self._sums: dict[tuple[str, str], tuple[int, int]] = {}
        """By job and liquidity what it was, and what it is instead."""
        self.from_block = overlay.liquidity_from_block if self._factor != 1 else None
        self._begun = self.from_block is None
        if not self._begun:
            for job, record in keep3r.jobs.items():
                self._sums |= {(job, each): (amount, amount) for each, amount in record.liquidity_amounts.items()}

    def begin(self) -> list[Difference]:
        """From now on liquidity is scaled; gives what that changes of the liquidity in place.

        In the order of addresses: that of the additions is not known after a start in mid-history.
        """
        self._begun = True
        return [
            Difference(job, liquidity, self._scaled(job, amount) - present)
            for (job, liquidity), (amount, present) in sorted(self._sums.items())
            if self._scaled(job, amount) != present
        ]

    def note(self, difference: Difference) -> None:
        """The difference has been made."""
        amount, present = self._sums[difference.job, difference.liquidity]
        self._sums[difference.job, difference.liquidity] = (amount, present + difference.amount)

    def added(self, job: str, liquidity: str, amount: int) -> int:
        """What is added instead of `amount` wei."""
        if self._factor == 1:
            return amount
        before, present = self._sums.get((job, liquidity), (0, 0))
        after = before + amount
        target = max(present, self._scaled(job, after)) if self._begun else present + amount
        self._sums[job, liquidity] = (after, target)
        return target - present

    def removed(self, job: str, liquidity: str, amount: int) -> int:
        """What is taken instead of `amount` wei."""
        if self._factor == 1:
            return amount
        before, present = self._sums.get((job, liquidity), (0, 0))
        after = before - amount
        target = min(present, self._scaled(job, max(0, after))) if self._begun else present - amount
        self._sums[job, liquidity] = (after, target)
        return present - target

    def migrated(self, source: str, target: str) -> None:
        """All liquidity of one job joins another's."""
        for job, liquidity in [key for key in self._sums if key[0] == source]:
            amounts = self._sums.pop((job, liquidity))
            former = self._sums.get((target, liquidity), (0, 0))
            self._sums[target, liquidity] = (former[0] + amounts[0], former[1] + amounts[1])

    def savepoint(self) -> dict[tuple[str, str], tuple[int, int]]:
        """The sums, for `restore`."""
        return dict(self._sums)

    def restore(self, savepoint: dict[tuple[str, str], tuple[int, int]]) -> None:
        """The sums are those again: what was added or removed since reverted."""
        self._sums = dict(savepoint)

    def _scaled(self, job: str, amount: int) -> int:
        if self._job and job != self._job:
            return amount
        return amount * self._factor.numerator // self._factor.denominator
