"""Works of a what-if: the attempts and their gas are given; payment, credits and bonds follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.contract.credits import expire_by_age
from keep3r_replay.protocols.keep3r_v2.contract.savepoint import Savepoint
from keep3r_replay.protocols.keep3r_v2.contract.work import direct_token_payment, pay_keeper
from keep3r_replay.protocols.keep3r_v2.what_if.calls import SYNTHETIC
from keep3r_replay.protocols.keep3r_v2.what_if.prices import (
    FORMULA,
    GIVEN_PRICE,
    SCALED,
    TOKEN,
    Measured,
    Priced,
    formula_price,
    scaled_price,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

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


class Works:
    """Handler of KeeperWork.

    Args:
        keep3r: the model.
        measured: the works of the history, in its order.
        dropped: numbers of those that do not happen.
    """

    def __init__(self, keep3r: Keep3r, measured: list[Measured], dropped: frozenset[int]) -> None:
        self.done: list[WorkDone] = []
        self.added: list[AddedWork] = []
        self.rewards: list[tuple[Any, ...]] = []
        self.wanted: dict[int, Measured] = {}
        """Works to add, by the log index that they are called with."""
        self._keep3r = keep3r
        self._measured = measured
        self._dropped = dropped
        self._number = 0

    def on_work(self, context: CallContext, row: Row) -> None:
        """KeeperWork of the history, or one added."""
        log_index, credit, address, keeper, amount, _ = row
        keep3r = self._keep3r
        job = keep3r.jobs[address]
        if keep3r.expiry.by_age:
            expire_by_age(keep3r, job, context.now)
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
                done, rewards = WorkDone(DROPPED, "", 0, *nothing), ()
            elif work.amount_is == TOKEN:
                done, rewards = self._pay_token(address, job, keeper, credit, amount), ()
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
    ) -> tuple[WorkDone, Sequence[Reward]]:
        """`worked` or `bondedPayment`, taken back if it reverts."""
        keep3r, now, base_fee = self._keep3r, context.now, context.base_fee
        before = Savepoint(keep3r, (address, keeper), lists=False)
        priced: Priced = GIVEN_PRICE
        rewards: Sequence[Reward] = ()

        def price() -> int:
            nonlocal priced
            if work.amount_is == FORMULA:
                priced = formula_price(keep3r, keeper, work, now, base_fee)
            elif work.amount_is == SCALED:
                priced = scaled_price(keep3r, keeper, work, base_fee)
            return work.paid if priced.amount is None else priced.amount

        def emit(emitted: Sequence[Reward]) -> None:
            nonlocal rewards
            rewards = emitted

        try:
            paid = pay_keeper(keep3r, address, keeper, price, now, emit)
        except Revert as revert:
            before.restore()
            return WorkDone(REVERTED, revert.name, 0, None, None, None, job.credits, job.credits, 0), ()
        _, boost, quote, extra = priced
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
            self.rewards.append((block, place, address, *expected, *event, event == expected))
        for place, event in observed[len(rewards) :]:
            self.rewards.append((block, place, address, None, None, None, *event, False))
        for expected in rewards[len(observed) :]:
            self.rewards.append((block, log_index, address, *expected, None, None, None, False))
