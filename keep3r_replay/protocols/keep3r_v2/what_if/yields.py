"""Liquidity that reacts to yield: at the start of a reward period it leaves jobs whose yield is low, and joins others.

A job's yield is what its liquidity paid for: KP3R of its works since the start of the period before, a year of it, over
the KP3R that its liquidity is worth now (at the contract's live quote). All of it is whole numbers:

    yield = paid * YEAR * period / (elapsed * mined a period * inflation period)

for the contract mines `worth * period / inflation period` a period.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.contract.quoting import period_start
from keep3r_replay.protocols.keep3r_v2.contract.views import job_period_credits
from keep3r_replay.protocols.keep3r_v2.what_if.liquidity import Difference

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r
    from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay
    from keep3r_replay.protocols.keep3r_v2.what_if.works import Works

YEAR = 365 * 86_400


class ReactingLiquidity:
    """Liquidity of jobs under the rule; `what_if.liquidity.Liquidity` says what its functions are for.

    What the history adds to a job comes as it was. What it takes is its share of what the job has here: all of it where
    it took all. What the rule moves waits for nothing, and goes through the contract as a slash and an addition do.
    """

    def __init__(self, overlay: Overlay, keep3r: Keep3r, works: Works) -> None:
        self._least, self._most = Fraction(overlay.yield_least), Fraction(overlay.yield_most)
        self._step = Fraction(overlay.yield_step)
        self._keep3r = keep3r
        self._works = works
        self._in_history: Counter[tuple[str, str]] = Counter(
            {
                (job, liquidity): amount
                for job, record in keep3r.jobs.items()
                for liquidity, amount in record.liquidity_amounts.items()
            }
        )
        self._joined: dict[str, str] = {}
        """Jobs that have migrated since the last start of a period: their works count for the other."""
        self._judged: set[str] = set()
        """Jobs that had liquidity at the last start of a period."""
        self._start = self._at = 0
        self._seen = (0, 0)

    def added(self, job: str, liquidity: str, amount: int) -> int:
        """What is added instead of `amount` wei: the same."""
        self._in_history[job, liquidity] += amount
        return amount

    def removed(self, job: str, liquidity: str, amount: int) -> int:
        """What is taken instead of `amount` wei: the same share of what there is, rounded down."""
        held = self._in_history[job, liquidity]
        self._in_history[job, liquidity] = max(0, held - amount)
        present = self._keep3r.jobs[job].liquidity_amounts[liquidity]
        return present if amount >= held else present * amount // held

    def migrated(self, source: str, target: str) -> None:
        """All liquidity of one job joins another's, and its works so far are the other's."""
        for job, liquidity in [key for key in self._in_history if key[0] == source]:
            self._in_history[target, liquidity] += self._in_history.pop((job, liquidity))
        self._joined = {job: target if joined == source else joined for job, joined in self._joined.items()}
        self._joined |= {source: target, target: target}

    def savepoint(self) -> dict[str, str]:
        """What a call that reverts takes back: who has migrated."""
        return dict(self._joined)

    def restore(self, savepoint: dict[str, str]) -> None:
        """A call since then reverted; the true history goes on."""
        self._joined = savepoint

    def reacts(self, now: int) -> list[Difference]:
        """What leaves and joins at the first block of a reward period, by job and liquidity; at others nothing.

        A job is judged that had liquidity at the last such block, is listed and not disputed, and whose liquidity the
        contract can quote. Only liquidity that is approved moves.
        """
        start = period_start(self._keep3r, now)
        if start <= self._start:
            return []
        paid, elapsed = self._paid(), now - self._at
        moves: list[Difference] = []
        mining = {job: mined for job in sorted(self._keep3r.job_list) if (mined := self._mined(job, now))}
        for job, mined in mining.items():
            if job in self._judged and job not in self._keep3r.disputes:
                direction = self._direction(paid[job], mined, elapsed)
                moves += self._moves(job, direction) if direction else []
        self._judged = set(mining)
        self._joined = {}
        self._start, self._at = start, now
        self._seen = len(self._works.done), len(self._works.added)
        return moves

    def _paid(self) -> Counter[str]:
        """Wei of KP3R that each job's works were paid since the last start of a period."""
        paid: Counter[str] = Counter()
        for job, payment in self._works.paid_since(*self._seen):
            paid[self._joined.get(job, job)] += payment
        return paid

    def _mined(self, job: str, now: int) -> int:
        """Wei that the job's liquidity mines in a period at the present quote; 0 where there is none."""
        try:
            return job_period_credits(self._keep3r, self._keep3r.jobs[job], now)
        except Revert:
            return 0

    def _direction(self, paid: int, mined: int, elapsed: int) -> int:
        """Below the least yield -1, above the most 1, else 0."""
        parameters = self._keep3r.parameters
        earned = paid * YEAR * parameters.reward_period_time
        worth = mined * parameters.inflation_period * elapsed
        if earned * self._least.denominator < worth * self._least.numerator:
            return -1
        return int(bool(self._most) and earned * self._most.denominator > worth * self._most.numerator)

    def _moves(self, job: str, direction: int) -> list[Difference]:
        """The step of each of a job's approved liquidities, rounded down; nothing of what is too small for one."""
        amounts = self._keep3r.jobs[job].liquidity_amounts
        steps = {
            liquidity: amounts[liquidity] * self._step.numerator // self._step.denominator
            for liquidity in sorted(self._keep3r.jobs[job].liquidities)
            if liquidity in self._keep3r.approved_liquidities
        }
        return [Difference(job, liquidity, direction * step) for liquidity, step in steps.items() if step]
