"""Works of a what-if: the attempts and their gas are given; payment, credits and bonds follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.contract.credits import expire_by_age
from keep3r_replay.protocols.keep3r_v2.contract.savepoint import Savepoint
from keep3r_replay.protocols.keep3r_v2.contract.work import direct_token_payment, pay_keeper
from keep3r_replay.protocols.keep3r_v2.replay.calls.context import RewardRow
from keep3r_replay.protocols.keep3r_v2.what_if.calls import SYNTHETIC
from keep3r_replay.protocols.keep3r_v2.what_if.policies import BELOW_COST, Policies
from keep3r_replay.protocols.keep3r_v2.what_if.prices import (
    FORMULA,
    SCALED,
    TOKEN,
    Measured,
    Priced,
    formula_price,
    given_price,
    scaled_price,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keep3r_replay.protocols.keep3r_v2.contract.credits import Reward
    from keep3r_replay.protocols.keep3r_v2.contract.state import Job, Keep3r
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext
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


class Wanted(NamedTuple):
    """A work to add; `validates`: the job asks whether the keeper is one."""

    work: Measured
    validates: bool


class Works:
    """Handler of KeeperWork.

    Args:
        keep3r: the model.
        measured: the works of the history, in its order.
        dropped: numbers of those that do not happen.
        policies: how keepers and jobs behave.
    """

    def __init__(
        self, keep3r: Keep3r, measured: list[Measured], dropped: frozenset[int], policies: Policies | None = None
    ) -> None:
        self.done: list[WorkDone] = []
        self.added: list[AddedWork] = []
        self.rewards: list[RewardRow] = []
        self.wanted: dict[int, Wanted] = {}
        """Works to add, by the log index that they are called with."""
        self.resets: list[bool] = []
        """Of each work of the history that asked for a price, whether its job's credits were reset right before."""
        self._policies = policies or Policies()
        self._keep3r = keep3r
        self._measured = measured
        self._dropped = dropped
        self._jobs: list[str] = []
        """Of each work of the history."""
        self._listed: set[str] = set()

    def on_work(self, context: CallContext, row: Row) -> None:
        """KeeperWork of the history, or one added."""
        log_index, credit, address, keeper, amount, _ = row
        keep3r = self._keep3r
        job = keep3r.jobs[address]
        if keep3r.expiry.by_age:
            expire_by_age(keep3r, job, context.now)
        if log_index >= SYNTHETIC:
            done, rewards = self._added(context, self.wanted[log_index], address, job, keeper)
            place = (context.block_number, log_index, context.now, address, keeper, credit)
            self.added.append(AddedWork(*place, done))
        else:
            number = len(self.done)
            work = self._measured[number]
            self.resets.append(False)
            if number in self._dropped:
                nothing = (None, None, None, job.credits, job.credits, 0)
                done, rewards = WorkDone(DROPPED, "", 0, *nothing), ()
            elif work.amount_is == TOKEN:
                done, rewards = self._pay_token(address, job, keeper, credit, amount), ()
            else:
                done, rewards = self._attempt(context, work, address, keeper, number)
                if work.meter is not None and done.status == PAID:
                    keep3r.gas_meter = work.meter
            self.done.append(done)
            self._jobs.append(address)
        if rewards or context.pending_rewards:
            self.rewarded(context, log_index, address, rewards)

    def is_listed(self, address: str) -> bool:
        """Whether the job is, or has been, one: before that nobody could have worked for it."""
        if address in self._keep3r.job_list:
            self._listed.add(address)
        return address in self._listed

    def _added(
        self, context: CallContext, wanted: Wanted, address: str, job: Job, keeper: str
    ) -> tuple[WorkDone, Sequence[Reward]]:
        """A work that the history does not hold, which begins with the job's question whether the keeper is one."""
        if wanted.validates and keeper not in self._keep3r.keeper_list:
            return _reverted("KeeperInvalid", job), ()
        done, rewards = self._attempt(context, wanted.work, address, keeper)
        return (done._replace(status=ADDED) if done.status == PAID else done), rewards

    def _attempt(
        self, context: CallContext, work: Measured, address: str, keeper: str, number: int | None = None
    ) -> tuple[WorkDone, Sequence[Reward]]:
        """`worked` or `bondedPayment`, taken back if it reverts or its keeper leaves it out; None: an added work."""
        keep3r, now, base_fee = self._keep3r, context.now, context.base_fee
        before = Savepoint(keep3r, (address, keeper), lists=False)
        priced = Priced(work.paid)
        rewards: Sequence[Reward] = ()
        rewarded_at = keep3r.jobs[address].rewarded_at

        def price() -> int:
            nonlocal priced
            resets = keep3r.jobs[address].rewarded_at != rewarded_at
            if number is not None:
                self.resets[number] = resets
            if work.amount_is == FORMULA:
                metered = self._policies.metered(work, number, resets=resets)
                priced = formula_price(keep3r, keeper, metered, now, base_fee)
            elif work.amount_is == SCALED:
                priced = scaled_price(keep3r, keeper, work, base_fee)
            else:
                priced = given_price(keep3r, keeper, work, now, base_fee)
            return priced.amount

        def emit(emitted: Sequence[Reward]) -> None:
            nonlocal rewards
            rewards = emitted

        try:
            paid = pay_keeper(keep3r, address, keeper, price, now, emit)
        except Revert as revert:
            before.restore()
            return _reverted(revert.name, self._keep3r.jobs[address]), ()
        _, boost, quote, extra = priced
        if self._policies.skips(number, paid.amount, quote):
            before.restore()
            job = keep3r.jobs[address]
            return WorkDone(DROPPED, BELOW_COST, 0, None, None, None, job.credits, job.credits, 0), ()
        return WorkDone(
            PAID, "", paid.amount, boost, quote, extra, paid.credits_before, paid.credits_after, paid.rewards
        ), rewards

    def _pay_token(self, address: str, job: Job, keeper: str, token: str, amount: int) -> WorkDone:
        """`directTokenPayment`: its checks come before its effects, so that there is nothing to undo."""
        unmoved = (None, None, None, job.credits, job.credits, 0)
        try:
            direct_token_payment(self._keep3r, address, keeper, token, amount)
        except Revert as revert:
            return WorkDone(REVERTED, revert.name, 0, *unmoved)
        return WorkDone(PAID, "", amount, *unmoved)

    def rewarded(self, context: CallContext, log_index: int, address: str, rewards: Sequence[Reward]) -> None:
        """Set the reward events of a call beside those that the chain emitted before the event at `log_index`."""
        observed = context.pending_rewards.pop(address, ()) if log_index < SYNTHETIC else ()
        block = context.block_number
        for (place, event), expected in zip(observed, rewards, strict=False):
            self.rewards.append(RewardRow(block, place, address, *expected, *event, event == expected))
        for place, event in observed[len(rewards) :]:
            self.rewards.append(RewardRow(block, place, address, None, None, None, *event, matched=False))
        for expected in rewards[len(observed) :]:
            self.rewards.append(RewardRow(block, log_index, address, *expected, None, None, None, matched=False))

    def paid_since(self, done: int, added: int) -> Iterator[tuple[str, int]]:
        """Job and wei of KP3R of each work paid since the `done`-th of the history, and the `added`-th added."""
        for number in range(done, len(self.done)):
            if self.done[number].status == PAID and self._measured[number].amount_is != TOKEN:
                yield self._jobs[number], self.done[number].payment
        for work in self.added[added:]:
            if work.done.status == ADDED:
                yield work.job, work.done.payment

    def failed_since(self, done: int) -> bool:
        """Whether one of the works since the `done`-th reverted."""
        return any(work.status == REVERTED for work in self.done[done:])

    def take_back(self, done: int, rewards: int, error: str) -> None:
        """Let all works since the `done`-th revert, with their reward events since the `rewards`-th.

        Those that revert by themselves keep their error. The chain's own reward events remain, as of no call.
        """
        for number in range(done, len(self.done)):
            work, job = self.done[number], self._keep3r.jobs[self._jobs[number]]
            if work.status == PAID:
                self.done[number] = _reverted(error, job)
            else:
                self.done[number] = work._replace(credits_before=job.credits, credits_after=job.credits)
        self.rewards[rewards:] = [
            row._replace(
                expected_rewarded_at=None, expected_current_credits=None, expected_period_credits=None, matched=False
            )
            for row in self.rewards[rewards:]
            if row.rewarded_at is not None
        ]


def _reverted(error: str, job: Job) -> WorkDone:
    return WorkDone(REVERTED, error, 0, None, None, None, job.credits, job.credits, 0)
