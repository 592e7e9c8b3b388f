"""KeeperValidation, LiquidityCreditsReward and KeeperWork: the works of a job, and what explains each payment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import ARITHMETIC_PANIC, Revert
from keep3r_replay.keep3r_v2.calls.context import CallContext, EventHandler, Row
from keep3r_replay.keep3r_v2.credits import Reward
from keep3r_replay.keep3r_v2.helper import BOOST_BASE, ONE_ETHER, gas_for_payment, payment
from keep3r_replay.keep3r_v2.work import check_payer, earn, pay_credits, pay_token, payment_parameters

if TYPE_CHECKING:
    from keep3r_replay.keep3r_v2.state import Job

EXACT = "exact"
STALE_GAS = "stale_gas"
TOKEN_PAYMENT = "token_payment"  # noqa: S105 - no password
SOLVED_GAS = "solved_gas"
"""The formula gives the payment with a gas meter that no event told."""
UNEXPLAINED = "unexplained"
"""The formula does not give the payment, so it is the job's own choice, or wrong."""

WORK_COLUMNS = (
    "explanation",
    "computed_payment",
    "initial_gas",
    "boost",
    "one_eth_quote",
    "extra_gas",
    "credits_before",
    "credits_after",
    "rewards",
    "suspicious",
    "obstacle",
)
"""Columns of a work's record beside its event's: wei, gas and parts of 10,000.

`rewards` counts the reward events; `obstacle` is why the formula has no answer. `suspicious` marks an unexplained
payment that lies within one unit of gas of the formula's amount (a job's own choice has no reason to), and a gas
meter that no silent validation explains by itself: an event of the transaction told another one, or the keeper passes
the plain test.
"""

REWARD_COLUMNS = (
    "block_number",
    "log_index",
    "job",
    "expected_rewarded_at",
    "expected_current_credits",
    "expected_period_credits",
    "rewarded_at",
    "current_credits",
    "period_credits",
    "matched",
)
"""Columns of a reward's record: what the model predicted beside what the event says."""

Explanation = tuple[str, int | None, int | None, int | None, int | None, int | None, bool, str]
"""The first six of `WORK_COLUMNS`, then `suspicious` and `obstacle`."""


def on_validation(context: CallContext, row: Row) -> None:
    """KeeperValidation: a keeper passed the test of its job, and the gas meter runs from here."""
    context.keep3r.gas_meter = row[1]
    context.metered_in = context.transaction
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
    if credit != keep3r.parameters.keep3r_v1:
        pay_token(keep3r, address, keeper, credit, amount)
        compare_rewards(context, log_index, address, job, [], observed)
        context.works.append((TOKEN_PAYMENT, None, None, None, None, None, job.credits, job.credits, 0, False, ""))
    else:
        check_payer(keep3r, address)
        *explained, suspicious, obstacle = _explain(context, keeper, amount, gas_left)
        try:
            rewards = earn(keep3r, job, amount, context.now)
        except Revert as revert:
            rewards = [event for _, event in observed or ()]
            context.impossible(log_index, address, revert.name)
        if rewards or observed:
            compare_rewards(context, log_index, address, job, rewards, observed)
        before = job.credits
        pay_credits(keep3r, job, keeper, amount, context.now)
        context.works.append((*explained, before, job.credits, len(rewards), suspicious, obstacle))
    if keep3r.collected:
        context.report_failed_checks(log_index, address)


def _explain(context: CallContext, keeper: str, amount: int, gas_left: int) -> Explanation:
    """What the payment formula makes of a payment in KP3R.

    A payment that the formula gives is a `worked`, and moves the gas meter as one does; so does one that it gives
    with a meter set by a validation that left no event. Any other leaves the meter alone, as `bondedPayment` does.
    """
    keep3r = context.keep3r
    clears = keep3r.rules.worked_clears_gas_meter
    meter = keep3r.gas_meter
    try:
        boost, one_eth_quote, extra = payment_parameters(keep3r, keeper, context.now, context.base_fee)
    except Revert as revert:
        return UNEXPLAINED, None, meter, None, None, None, False, f"worked reverts with {revert.name}"
    told_here = context.metered_in == context.transaction
    computed = None
    obstacle = ""
    if clears and not meter:
        obstacle = "worked reverts with GasNotInitialized"
    elif meter < gas_left:
        obstacle = f"worked reverts with {ARITHMETIC_PANIC}: more gas is left than the meter holds"
    else:
        computed = payment(meter - gas_left + extra, boost, one_eth_quote)
        if computed == amount:
            if clears:
                keep3r.gas_meter = 0
            return EXACT if told_here else STALE_GAS, computed, meter, boost, one_eth_quote, extra, False, ""
    gas = gas_for_payment(amount, boost, one_eth_quote)
    if gas is not None and extra <= gas <= extra - gas_left + context.gas_limit * 64 // 63:
        solved = gas + gas_left - extra
        keep3r.gas_meter = 0 if clears else solved
        suspicious = told_here or keeper in keep3r.keeper_list
        return SOLVED_GAS, computed, solved, boost, one_eth_quote, extra, suspicious, obstacle
    near = computed is not None and abs(amount - computed) * BOOST_BASE * ONE_ETHER < boost * one_eth_quote
    return UNEXPLAINED, computed, meter, boost, one_eth_quote, extra, near, obstacle


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
        job.rewarded_at, job.credits, job.period_credits = events[-1][1]


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
