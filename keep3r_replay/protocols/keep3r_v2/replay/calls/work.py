"""KeeperValidation, LiquidityCreditsReward and KeeperWork: the works of a job, and what explains each payment."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import ADOPTED
from keep3r_replay.protocols.keep3r_v2.contract.credits import Reward, reward_event, update_if_needed
from keep3r_replay.protocols.keep3r_v2.contract.work import check_payer, direct_token_payment, pay_credits, top_up
from keep3r_replay.protocols.keep3r_v2.replay.calls.context import RewardRow
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import OTHER_BONDS, TOKEN, UNEXPLAINED, WorkRecord
from keep3r_replay.protocols.keep3r_v2.replay.calls.other_bonds import adopt_bonds
from keep3r_replay.protocols.keep3r_v2.replay.calls.payments import by_direct_call
from keep3r_replay.protocols.keep3r_v2.replay.direct_calls import direct_function
from keep3r_replay.replay.protocol import EventHandler, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.keep3r_v2.contract.state import Job
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext


class WorkEvent(NamedTuple):
    """A row of KeeperWork as its handler gets it: wei, and the gas left as it was logged."""

    log_index: int
    credit: str
    job: str
    keeper: str
    payment: int
    gas_left: int


def on_validation(context: CallContext, row: Row) -> None:
    """KeeperValidation: a keeper passed the test of its job, and the gas meter runs from here."""
    log_index, gas_left = row
    if context.tells_gas_late:
        context.slots.validation(context, gas_left)
    context.keep3r.gas_meter = gas_left
    context.metered_in = context.transaction
    context.meter_is_read = False
    context.metered_at = (context.block_number, log_index)


def on_reward(context: CallContext, row: Row) -> None:
    """LiquidityCreditsReward: belongs to the next KeeperWork or LiquidityAddition of the same job."""
    log_index, job, rewarded_at, current_credits, period_credits = row
    event = (log_index, Reward(rewarded_at, current_credits, period_credits))
    context.pending_rewards.setdefault(job, []).append(event)


def on_work(context: CallContext, row: Row) -> None:
    """KeeperWork: a `worked`, a `bondedPayment` or a `directTokenPayment`."""
    log_index, credit, address, keeper, amount, gas_left = row
    keep3r = context.keep3r
    observed = context.pending_rewards.pop(address, ())
    if observed:
        _expect_order(context, log_index, address, observed)
    if credit != keep3r.parameters.keep3r_v1:
        job = keep3r.jobs[address]
        direct_token_payment(keep3r, address, keeper, credit, amount)
        compare_rewards(context, log_index, address, observed, [])
        context.works.append(WorkRecord(TOKEN._replace(code=context.code), job.credits, job.credits, 0))
    else:
        context.works.append(_paid_in_kp3r(context, log_index, address, keeper, amount, gas_left, observed))
    if context.checks.failed:
        context.report_failed_checks(log_index, address)


def _paid_in_kp3r(
    context: CallContext,
    log_index: int,
    address: str,
    keeper: str,
    amount: int,
    gas_left: int,
    observed: Sequence[tuple[int, Reward]],
) -> WorkRecord:
    """The record of a work paid in KP3R: the chain says what it was paid, and so the model pays that."""
    keep3r, now = context.keep3r, context.now
    job = keep3r.jobs[address]
    if context.tells_gas_late:
        context.slots.work(context, job)
    # The steps of `pay_keeper`, one by one: rewards are compared, and the payment explained, in between.
    check_payer(keep3r, address)
    rewards: Sequence[Reward] = ()
    try:
        if update_if_needed(keep3r, job, now):
            rewards = (reward_event(job),)
        if amount > job.credits:
            rewards = (*rewards, top_up(keep3r, job, now))
    except Revert as revert:
        context.impossible(log_index, address, revert.name)
        rewards = [event for _, event in observed]
    if rewards or observed:
        compare_rewards(context, log_index, address, observed, rewards)
    # What explains the payment are the keeper's bonds before it, and prices after the job's update.
    explained = context.explain(context, address, keeper, amount, gas_left)
    if context.transaction in context.direct_inputs:
        function = direct_function(context.direct_inputs, context.transaction)
        if function in {"worked", "bondedPayment"}:
            explained = by_direct_call(explained, calls_worked=function == "worked")
    code = context.code
    if code:
        # What other code would pay says nothing of the keeper's bonds.
        word = UNEXPLAINED if explained.explanation == OTHER_BONDS else explained.explanation
        explained = explained._replace(explanation=word, code=code)
    if explained.explanation == OTHER_BONDS:
        adopt_bonds(context, log_index, keeper, amount, explained)
    before = job.credits
    pay_credits(keep3r, job, keeper, amount, now)
    return WorkRecord(explained, before, job.credits, len(rewards))


def _expect_order(context: CallContext, log_index: int, address: str, events: Sequence[tuple[int, Reward]]) -> None:
    """The reward events of a work stand right before it: nothing that logs is called between them."""
    first = log_index - len(events)
    for expected, (place, _) in enumerate(events, first):
        context.expect(
            place, address, "log_index", expected, place, "a work logs its rewards and itself without a log between"
        )


def compare_rewards(
    context: CallContext,
    log_index: int,
    address: str,
    observed: Sequence[tuple[int, Reward]],
    predicted: Sequence[Reward],
) -> None:
    """Hold the predicted reward events of one call against those the chain emitted before the event at `log_index`.

    Where they differ, the job takes over what the chain's last one says; the finding tells of it.
    """
    journal = context.journal
    job = context.keep3r.jobs[address]
    if address in context.uncertain_jobs or context.oracle_is_unknown:
        _adopt_uncertain(context, address, job, observed)
        return
    differs = len(predicted) != len(observed)
    for (place, event), expected in zip(observed, predicted, strict=False):
        matched = event == expected
        context.rewards.append(RewardRow(context.block_number, place, address, *expected, *event, matched))
        if not matched:
            differs = True
            for name, model, chain in zip(Reward._fields, expected, event, strict=True):
                if model != chain:
                    journal.disagree(
                        "reward_mismatch",
                        place,
                        address,
                        name,
                        model,
                        chain,
                        "the model's accountance of the job gives another value; the chain's is adopted",
                    )
    for place, event in observed[len(predicted) :]:
        context.rewards.append(RewardRow(context.block_number, place, address, None, None, None, *event, matched=False))
        journal.disagree(
            "unexpected_reward",
            place,
            address,
            "event",
            "none",
            "LiquidityCreditsReward",
            "by the model the job is neither in a new period nor short of credits; its state is adopted from the event",
        )
    for expected in predicted[len(observed) :]:
        journal.events_not_emitted += 1
        journal.note(
            "missing_reward",
            log_index,
            address,
            "event",
            f"LiquidityCreditsReward{tuple(expected)}",
            "none",
            "by the model this call rewards the job, and emits that, before the event at this place",
        )
    if differs and observed:
        former, rewarded_before = job.credits, job.rewarded_at
        _, last = observed[-1]
        job.rewarded_at, job.credits, job.period_credits = last
        if context.keep3r.ledger is not None:
            context.keep3r.ledger.log_index = log_index
            context.keep3r.ledger.note(ADOPTED, job, job.credits - former, rewarded_before)


def _adopt_uncertain(context: CallContext, address: str, job: Job, events: Sequence[tuple[int, Reward]]) -> None:
    """Take over the first reward event of a job whose stored credits are unknown; from there on it is certain."""
    for place, event in events:
        context.rewards.append(RewardRow(context.block_number, place, address, *event, *event, matched=True))
        job.rewarded_at, job.credits, job.period_credits = event
        context.uncertain_jobs.pop(address, None)


def end_transaction(context: CallContext) -> None:
    """Reward events that no event of their transaction accounts for."""
    for address, events in context.pending_rewards.items():
        first, _ = events[0]
        compare_rewards(context, first, address, events, [])
    context.pending_rewards.clear()


HANDLERS = {
    "keep3r.KeeperValidation": EventHandler(("gas_left",), on_validation),
    "keep3r.LiquidityCreditsReward": EventHandler(
        ("job", "rewarded_at", "current_credits", "period_credits"), on_reward
    ),
    "keep3r.KeeperWork": EventHandler(("credit", "job", "keeper", "payment", "gas_left"), on_work),
}
