"""The notebook's job in the model: one liquidity, whose worth is told period by period instead of by swaps."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.contract import credits as accountance
from keep3r_replay.protocols.keep3r_v2.contract import job_liquidity, views, work
from keep3r_replay.protocols.keep3r_v2.contract.state import Approval, Job, Keep3r, Parameters
from keep3r_replay.protocols.keep3r_v2.contract.versions import RULES
from keep3r_replay.uniswap_v3.oracle import Pool

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY = 86_400
PERIOD = 5 * DAY
INFLATION = 34 * DAY
SETUP = 1_632_413_348
"""When the notebook's setup added the liquidity."""
_KP3R, _POOL, _LIQUIDITY, _JOB, _KEEPER = "0xkp3r", "0xpool", "0xliquidity", "0xjob", "0xkeeper"


class Market:
    """Keep3r 2.3 with one job; the accountance is the same in all versions.

    `quotes` gives the credits of a period, in wei, by the period's start. The price stays at one; it is the amount of
    liquidity that makes each period's quote.
    """

    def __init__(self, quotes: dict[int, int]) -> None:
        parameters = Parameters(
            bond_time=0,
            unbond_time=0,
            liquidity_minimum=0,
            reward_period_time=PERIOD,
            inflation_period=INFLATION,
            fee=0,
            governance="",
            pending_governance="",
            keep3r_v1=_KP3R,
            keep3r_v1_proxy="",
            keep3r_helper="",
        )
        self.quotes = quotes
        self.rewarded_at: list[int] = []
        self.keep3r = Keep3r("0xkeep3r", "2.3", RULES["2.3"], parameters, _KP3R)
        pool = Pool(_POOL, _KP3R, "0xweth")
        pool.initialize(0, 1 << 96, 0)
        self.keep3r.pools[_POOL] = pool
        self.keep3r.approvals[_LIQUIDITY] = Approval(_POOL, is_kp3r_token0=True)
        self.keep3r.approved_liquidities.add(_LIQUIDITY)
        self.keep3r.job_list.add(_JOB)

    @property
    def job(self) -> Job:
        """The job's record."""
        return self.keep3r.jobs[_JOB]

    def copy(self) -> Market:
        """The same market again, with a state of its own."""
        twin = copy.copy(self)
        twin.keep3r = copy.deepcopy(self.keep3r)
        twin.rewarded_at = list(self.rewarded_at)
        return twin

    def add_liquidity(self, now: int) -> None:
        """The setup: all of the liquidity joins the job."""
        amount = self._amount(now)
        job_liquidity.add_liquidity_to_job(self.keep3r, _JOB, _LIQUIDITY, amount, now, self._note)

    def _note(self, rewards: Sequence[accountance.Reward]) -> None:
        self.rewarded_at += [reward.rewarded_at for reward in rewards]

    def earn(self, now: int, payment: int) -> None:
        """The first half of a work: accountance for a payment in wei."""
        self._set_quote(now)
        if accountance.update_if_needed(self.keep3r, self.job, now):
            self._note([accountance.reward_event(self.job)])
        if payment > self.job.credits:
            accountance.reward_now(self.keep3r, self.job, now)
            self._note([accountance.reward_event(self.job)])

    def pay(self, now: int, payment: int) -> None:
        """The second half of a work: the payment."""
        work.pay_credits(self.keep3r, self.job, _KEEPER, payment, now)

    def views(self, now: int) -> tuple[int, int, int]:
        """Total, liquidity and period credits, in wei."""
        self._set_quote(now)
        answers = (views.total_job_credits, views.job_liquidity_credits, views.job_period_credits)
        total, liquidity, period = (view(self.keep3r, self.job, now) for view in answers)
        return total, liquidity, period

    def _set_quote(self, now: int) -> None:
        self.job.liquidity_amounts[_LIQUIDITY] = self._amount(now)

    def _amount(self, now: int) -> int:
        """The liquidity that mines this period's quote: the least that is not cut below it."""
        return -(-self.quotes[now - now % PERIOD] * INFLATION // PERIOD)
