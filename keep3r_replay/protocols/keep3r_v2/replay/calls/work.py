"""KeeperValidation, LiquidityCreditsReward and KeeperWork: the works of a job, and what explains each payment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.contract.credits import Reward
from keep3r_replay.protocols.keep3r_v2.contract.moves import ADOPTED
from keep3r_replay.protocols.keep3r_v2.contract.work import check_payer, earn, pay_credits, pay_token
from keep3r_replay.protocols.keep3r_v2.replay.calls.payments import PAYMENT_COLUMNS, TOKEN, by_direct_call
from keep3r_replay.protocols.keep3r_v2.replay.direct_calls import direct_function
from keep3r_replay.replay.protocol import EventHandler, Row

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.contract.state import Job
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext

WORK_COLUMNS = (*PAYMENT_COLUMNS, "credits_before", "credits_after", "rewards")
"""Columns of a work's record beside its event's: what explains the payment, the job's credits around it in wei, and the
number of its reward events."""

REWARD_SCHEMA = pl.Schema(
    {
        "block_number": pl.UInt32(),
        "log_index": pl.UInt32(),
        "job": pl.String(),
        "expected_rewarded_at": pl.Decimal(38, 0),
        "expected_current_credits": pl.Decimal(38, 0),
        "expected_period_credits": pl.Decimal(38, 0),
        "rewarded_at": pl.Decimal(38, 0),
        "current_credits": pl.Decimal(38, 0),
        "period_credits": pl.Decimal(38, 0),
        "matched": pl.Boolean(),
    }
)
"""Table `rewards`: what the model predicted beside what the event says."""


def on_validation(context: CallContext, row: Row) -> None:
    """KeeperValidation: a keeper passed the test of its job, and the gas meter runs from here."""
    context.keep3r.gas_meter = row[1]
    context.metered_in = context.transaction
    context.meter_is_read = False
    context.metered_at = (context.block_number, row[0])


def on_reward(context: CallContext, row: Row) -> None:
    """LiquidityCreditsReward: belongs to the next KeeperWork or LiquidityAddition of the same job."""
    log_index, job, rewarded_at, current_credits, period_credits = row
    event = (log_index, Reward(rewarded_at, current_credits, period_credits))
    context.pending_rewards.setdefault(job, []).append(event)


def on_work(context: CallContext, row: Row) -> None:
    """KeeperWork: a `worked`, a `bondedPayment` or a `directTokenPayment`."""
    log_index, credit, address, keeper, amount, gas_left = row
    keep3r = context.keep3r
    job = keep3r.jobs[address]
    observed = context.pending_rewards.pop(address, None)
    if observed:
        _expect_order(context, log_index, address, observed)
    if credit != keep3r.parameters.keep3r_v1:
        pay_token(keep3r, address, keeper, credit, amount)
        compare_rewards(context, log_index, address, job, [], observed)
        context.works.append((*TOKEN, job.credits, job.credits, 0))
    else:
        check_payer(keep3r, address)
        try:
            rewards = earn(keep3r, job, amount, context.now)
        except Revert as revert:
            rewards = [event for _, event in observed or ()]
            context.impossible(log_index, address, revert.name)
        if rewards or observed:
            compare_rewards(context, log_index, address, job, rewards, observed)
        explained = context.explain(context, address, keeper, amount, gas_left)
        if context.transaction in context.direct_inputs:
            function = direct_function(context.direct_inputs, context.transaction)
            if function in {"worked", "bondedPayment"}:
                explained = by_direct_call(explained, calls_worked=function == "worked")
        before = job.credits
        pay_credits(keep3r, job, keeper, amount, context.now)
        context.works.append((*explained, before, job.credits, len(rewards)))
    if keep3r.collected:
        context.report_failed_checks(log_index, address)


def _expect_order(context: CallContext, log_index: int, address: str, events: list[tuple[int, Reward]]) -> None:
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
    job: Job,
    predicted: list[Reward],
    observed: list[tuple[int, Reward]] | None,
) -> None:
    """Hold the predicted reward events of one call against those the chain emitted before the event at `log_index`.

    Where they differ, the job takes over what the chain's last one says; the finding tells of it.
    """
    journal = context.journal
    events = observed or []
    if address in context.uncertain_jobs:
        _adopt_uncertain(context, address, job, events)
        return
    differs = len(predicted) != len(events)
    for (place, event), expected in zip(events, predicted, strict=False):
        matched = event == expected
        context.rewards.append((context.block_number, place, address, *expected, *event, matched))
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
    for place, event in events[len(predicted) :]:
        context.rewards.append((context.block_number, place, address, None, None, None, *event, False))
        journal.disagree(
            "unexpected_reward",
            place,
            address,
            "event",
            "none",
            "LiquidityCreditsReward",
            "by the model the job is neither in a new period nor short of credits; its state is adopted from the event",
        )
    for expected in predicted[len(events) :]:
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
    if differs and events:
        former, rewarded_before = job.credits, job.rewarded_at
        job.rewarded_at, job.credits, job.period_credits = events[-1][1]
        if context.keep3r.ledger is not None:
            context.keep3r.ledger.log_index = log_index
            context.keep3r.ledger.note(ADOPTED, job, job.credits - former, rewarded_before)


def _adopt_uncertain(context: CallContext, address: str, job: Job, events: list[tuple[int, Reward]]) -> None:
    """Take over the first reward event of a job whose stored credits are unknown; from there on it is certain."""
    for place, event in events:
        context.rewards.append((context.block_number, place, address, *event, *event, True))
        job.rewarded_at, job.credits, job.period_credits = event
        context.uncertain_jobs.pop(address, None)


def end_transaction(context: CallContext) -> None:
    """Reward events that no event of their transaction accounts for."""
    for address, events in context.pending_rewards.items():
        compare_rewards(context, events[0][0], address, context.keep3r.jobs[address], [], events)
    context.pending_rewards.clear()


HANDLERS = {
    "keep3r.KeeperValidation": EventHandler(("gas_left",), on_validation),
    "keep3r.LiquidityCreditsReward": EventHandler(
        ("job", "rewarded_at", "current_credits", "period_credits"), on_reward
    ),
    "keep3r.KeeperWork": EventHandler(("credit", "job", "keeper", "payment", "gas_left"), on_work),
}
