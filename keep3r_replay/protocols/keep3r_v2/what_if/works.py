"""Works of a what-if: the attempts and their gas are given; payment, credits and bonds follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.contract.credits import Reward, reward_event, reward_now, update_if_needed
from keep3r_replay.protocols.keep3r_v2.contract.work import check_payer, pay_credits, pay_token
from keep3r_replay.protocols.keep3r_v2.what_if.calls import SYNTHETIC
from keep3r_replay.protocols.keep3r_v2.what_if.measured import FORMULA, GIVEN, TOKEN, Measured
from keep3r_replay.protocols.keep3r_v2.what_if.prices import formula_amount, scaled_amount

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.contract.state import Job, Keep3r
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext
    from keep3r_replay.protocols.keep3r_v2.what_if.recorder import Recorder
    from keep3r_replay.replay.protocol import Row

PAID, REVERTED, DROPPED, ADDED = "paid", "reverted", "dropped", "added"


class WorkDone(NamedTuple):
    """What became of a work: wei; `payment` is 0 where nothing was paid.

    `boost`, `one_eth_quote`, `extra_gas` are None where the amount is given. `rewards` is the number of reward events.
    """

    status: str
    error: str
    payment: int
    boost: int | None
    one_eth_quote: int | None
    extra_gas: int | None
    credits_before: int
    credits_after: int
    rewards: int


class AddedWork(NamedTuple):
    """A work that the history does not hold, and where it stands in the changed one."""

    block_number: int
    log_index: int
    timestamp: int
    job: str
    keeper: str
    credit: str
    done: WorkDone


class Works:
    """Handler of KeeperWork.

    Args:
        keep3r: the model.
        recorder: of moves of credits.
        measured: the works of the history, in its order.
        dropped: numbers of those that do not happen.
    """

    def __init__(self, keep3r: Keep3r, recorder: Recorder, measured: list[Measured], dropped: frozenset[int]) -> None:
        self.done: list[WorkDone] = []
        self.added: list[AddedWork] = []
        self.rewards: list[tuple[Any, ...]] = []
        self.wanted: dict[int, Measured] = {}
        """Works to add, by the log index that they are called with."""
        self._keep3r = keep3r
        self._recorder = recorder
        self._measured = measured
        self._dropped = dropped
        self._number = 0

    def on_work(self, context: CallContext, row: Row) -> None:
        """KeeperWork of the history, or one added."""
        log_index, credit, address, keeper, amount, _ = row
        keep3r = self._keep3r
        job = keep3r.jobs[address]
        self._recorder.before_call(keep3r, job, context.now)
        if log_index >= SYNTHETIC:
            done, rewards = self._attempt(context, self.wanted[log_index], address, job, keeper)
            if done.status == PAID:
                done = done._replace(status=ADDED)
            place = (context.block_number, log_index, context.now, address, keeper, credit)
            self.added.append(AddedWork(*place, done))
        else:
            work = self._measured[self._number]
            if self._number in self._dropped:
                nothing = (None, None, None, job.credits, job.credits, 0)
                done, rewards = WorkDone(DROPPED, "", 0, *nothing), []
            elif work.amount_is == TOKEN:
                done, rewards = self._pay_token(address, job, keeper, credit, amount), []
            else:
                done, rewards = self._attempt(context, work, address, job, keeper)
                if work.meter is not None and done.status == PAID:
                    keep3r.gas_meter = work.meter
            self._number += 1
            self.done.append(done)
        if rewards or context.pending_rewards:
            self.rewarded(context, log_index, address, rewards)

    def _attempt(
        self, context: CallContext, work: Measured, address: str, job: Job, keeper: str
    ) -> tuple[WorkDone, list[Reward]]:
        """`worked` or `bondedPayment`, undone if it reverts."""
        keep3r, now = self._keep3r, context.now
        former = job.credits, job.period_credits, job.rewarded_at, job.worked_at
        mark = self._recorder.mark((job,))
        caches = [
            (approval, approval.tick)
            for liquidity in (*job.liquidities, keep3r.parameters.kp3r_weth_pool)
            if (approval := keep3r.approvals.get(liquidity)) is not None
        ]
        rewards: list[Reward] = []
        try:
            check_payer(keep3r, address)
            if update_if_needed(keep3r, job, now):
                rewards.append(reward_event(job))
            boost = quote = extra = None
            if work.amount_is == GIVEN:
                amount = work.paid
            elif work.amount_is == FORMULA:
                amount, boost, quote, extra = formula_amount(keep3r, keeper, work, now, context.base_fee)
            else:
                amount, boost, quote, extra = scaled_amount(keep3r, keeper, work, context.base_fee)
            if amount > job.credits:
                reward_now(keep3r, job, now)
                rewards.append(reward_event(job))
            before = job.credits
            pay_credits(keep3r, job, keeper, amount, now)
        except Revert as revert:
            job.credits, job.period_credits, job.rewarded_at, job.worked_at = former
            for approval, tick in caches:
                approval.tick = tick
            self._recorder.back(mark)
            return WorkDone(REVERTED, revert.name, 0, None, None, None, job.credits, job.credits, 0), []
        return WorkDone(PAID, "", amount, boost, quote, extra, before, job.credits, len(rewards)), rewards

    def _pay_token(self, address: str, job: Job, keeper: str, token: str, amount: int) -> WorkDone:
        """`directTokenPayment`: its checks come before its effects, so that there is nothing to undo."""
        unmoved = (None, None, None, job.credits, job.credits, 0)
        try:
            pay_token(self._keep3r, address, keeper, token, amount)
        except Revert as revert:
            return WorkDone(REVERTED, revert.name, 0, *unmoved)
        return WorkDone(PAID, "", amount, *unmoved)

    def rewarded(self, context: CallContext, log_index: int, address: str, rewards: list[Reward]) -> None:
        """Set the reward events of a call beside those that the chain emitted before the event at `log_index`."""
        observed = context.pending_rewards.pop(address, ()) if log_index < SYNTHETIC else ()
        block = context.block_number
        for (place, event), expected in zip(observed, rewards, strict=False):
            self.rewards.append((block, place, address, *expected, *event, event == expected))
        for place, event in observed[len(rewards) :]:
            self.rewards.append((block, place, address, None, None, None, *event, False))
        for expected in rewards[len(observed) :]:
            self.rewards.append((block, log_index, address, *expected, None, None, None, False))
