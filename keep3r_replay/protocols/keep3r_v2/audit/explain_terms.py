"""Terms of one work or reward: every number that it was made from, with where the number comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import Revert, truncating_div
from keep3r_replay.protocols.keep3r_v2.audit.explain_bounds import bounds_terms, cached_price_terms
from keep3r_replay.protocols.keep3r_v2.audit.explain_quote import Term, eth_quote_terms, usd_quote_terms
from keep3r_replay.protocols.keep3r_v2.contract.helper import BOOST_BASE, ONE_ETHER
from keep3r_replay.protocols.keep3r_v2.contract.quoting import quote_cached, reward
from keep3r_replay.protocols.keep3r_v2.contract.versions import Payment
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import SOLVED_GAS, Explained

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keep3r_replay.protocols.keep3r_v2.contract.helper import Helper
    from keep3r_replay.protocols.keep3r_v2.contract.state import Job, Keep3r
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext


class Before(NamedTuple):
    """A job as a call finds it: wei and seconds."""

    credits: int
    period_credits: int
    rewarded_at: int
    worked_at: int


def job_before(job: Job) -> Before:
    """The job's present state."""
    return Before(job.credits, job.period_credits, job.rewarded_at, job.worked_at)


def accountance_terms(keep3r: Keep3r, before: Before, now: int) -> Iterator[Term]:
    """Which branch of the accountance rules a call at `now` takes for a job that it finds as `before`, and why."""
    section = "credits"
    window = keep3r.parameters.reward_period_time
    start, previous = now - now % window, (now - window) - (now - window) % window
    yield Term(section, "now", now, "the block's timestamp, s")
    yield Term(section, "reward_period_time", window, "parameter of Keep3r, s")
    yield Term(section, "period_start", start, "now - now % reward_period_time")
    yield Term(section, "previous_period_start", previous, "the same of now - reward_period_time")
    yield Term(section, "rewarded_at", before.rewarded_at, "the job's clock before, s")
    yield Term(section, "worked_at", before.worked_at, "the job's last work before, s")
    yield Term(section, "credits_before", before.credits, "stored, wei")
    yield Term(section, "period_credits_before", before.period_credits, "stored, wei")
    yield Term(section, "branch", *_branch(before, now, window, start, previous))


def _branch(before: Before, now: int, window: int, start: int, previous: int) -> tuple[str, str]:
    if before.rewarded_at >= start:
        return "none", "rewarded_at >= period_start: the job was rewarded in this period"
    if before.rewarded_at <= previous:
        return "reset", (
            "rewarded_at <= previous_period_start: what is left expires, one period's credits come, "
            "and the clock stands at period_start"
        )
    if now - before.rewarded_at >= window:
        return "reset", (
            f"now - rewarded_at = {now - before.rewarded_at} >= reward_period_time: what is left expires, "
            "one period's credits come, and the clock moves on by one period"
        )
    if before.worked_at < start:
        return "repriced", "worked_at < period_start: first work of the period, credits follow the new quotes"
    return "none", "the job worked in this period, and its last reward is less than one period old"


def liquidity_terms(keep3r: Keep3r, job: Job) -> Iterator[Term]:
    """What the job's approved liquidities mine in a period, from the cached ticks."""
    section = "liquidity"
    window = keep3r.parameters.reward_period_time
    for liquidity in job.liquidities:
        approval = keep3r.approvals[liquidity]
        amount = job.liquidity_amounts[liquidity]
        yield Term(section, "liquidity", liquidity, "bonded to the job")
        yield Term(section, "amount", amount, "of the liquidity, wei")
        if liquidity not in keep3r.approved_liquidities:
            yield Term(section, "approved", "no", "counts for nothing at the next refresh")
            continue
        difference = approval.tick.difference if approval.is_kp3r_token0 else -approval.tick.difference
        yield Term(section, "observed_period", approval.tick.period, "start of the period of the cached observation, s")
        yield Term(section, "tick_difference", difference, "cached gain of tickCumulative in a period, KP3R first")
        yield Term(section, "average_tick", truncating_div(difference, window), "tick_difference / reward_period_time")
        try:
            mined = reward(keep3r, quote_cached(keep3r, liquidity, amount))
        except Revert as revert:
            yield Term(section, "mined_per_period", f"reverts: {revert.name}", "")
        else:
            yield Term(section, "mined_per_period", mined, "its worth in KP3R times reward period by inflation period")


def price_terms(context: CallContext, keeper: str) -> Iterator[Term]:
    """What a unit of gas is worth to the keeper as the payment is worked out, before it is paid."""
    keep3r = context.keep3r
    helper = keep3r.helpers.get(keep3r.parameters.keep3r_helper)
    if helper is None:
        return
    section = "price"
    bonds = keep3r.keepers[keeper].bonds.get(keep3r.parameters.keep3r_v1, 0) if keeper in keep3r.keepers else 0
    parameters = helper.parameters
    yield Term(section, "bonds", bonds, "the keeper's bonded KP3R before this payment, wei")
    for name, value in (
        ("min_boost", parameters.min_boost),
        ("max_boost", parameters.max_boost),
        ("target_bond", parameters.target_bond),
    ):
        yield Term(section, name, value, f"parameter of the helper {helper.address}")
    yield Term(section, "block_base_fee", context.base_fee, "the block's, wei per gas")
    if helper.rules.has_minimum_base_fee:
        yield Term(section, "min_base_fee", parameters.min_base_fee, "parameter of the helper")
        yield Term(section, "min_priority_fee", parameters.min_priority_fee, "parameter of the helper")
    fee = helper.base_fee(context.base_fee)
    yield Term(section, "base_fee", fee, _fee_rule(helper))
    if keep3r.rules.payment is Payment.LIVE_PRICE:
        yield from eth_quote_terms(helper, context.now)
    elif keep3r.rules.payment is Payment.USD_PRICE:
        yield from usd_quote_terms(helper, context.now)


def _fee_rule(helper: Helper) -> str:
    if not helper.rules.pays_base_fee:
        return "1: the job names the price of gas"
    if helper.rules.has_minimum_base_fee:
        return "max(min_base_fee, block_base_fee + min_priority_fee), wei per gas"
    return "block_base_fee"


def price_after_terms(context: CallContext) -> Iterator[Term]:
    """The price that 2.0 and 2.1 take from their cache, which the call itself may have refreshed; else none."""
    if context.keep3r.rules.payment in {Payment.ROOT_PRICE, Payment.CACHED_PRICE}:
        yield from cached_price_terms(context.keep3r)


def payment_terms(context: CallContext, record: Explained, gas_left: int, paid: int) -> Iterator[Term]:
    """How the payment follows from gas and price; `record` explains it."""
    section = "payment"
    numbers = {
        name: value
        for name, value in record._asdict().items()
        if isinstance(value, int) and not isinstance(value, bool)
    }
    yield Term(section, "explanation", record.explanation, "what the formula says of the payment by itself")
    if "initial_gas" in numbers:
        block, log_index = context.metered_at
        source = f"KeeperValidation, block {block} log {log_index}"
        if record.explanation == SOLVED_GAS:
            source = "solved for: no event tells the validation that set it"
        yield Term(section, "initial_gas", numbers["initial_gas"], source)
    yield Term(section, "gas_left", gas_left, "KeeperWork")
    if "extra_gas" in numbers:
        yield Term(section, "extra_gas", numbers["extra_gas"], "parameter workExtraGas of the helper")
    if "boost" in numbers:
        yield Term(section, "boost", numbers["boost"], _boost_rule(context.keep3r))
    if "usd_per_gas_unit" in numbers:
        yield Term(
            section,
            "usd_per_gas_unit",
            numbers["usd_per_gas_unit"],
            "argument of worked, told by the input" if record.price_is_told else "argument of worked, solved for",
        )
    exact = context.keep3r.rules.payment in {Payment.LIVE_PRICE, Payment.USD_PRICE}
    if exact and {"initial_gas", "boost", "extra_gas", "one_eth_quote"} <= set(numbers):
        yield from _steps(numbers, gas_left, context.keep3r.rules.payment)
    if not exact:
        yield from bounds_terms(context.keep3r, record, gas_left)
    if record.obstacle:
        yield Term(section, "obstacle", record.obstacle, "why the formula has no answer")
    yield Term(section, "paid", paid, "KeeperWork, wei")


def _boost_rule(keep3r: Keep3r) -> str:
    """What the helper in force computes a boost by (`getRewardBoostFor`)."""
    helper = keep3r.helpers.get(keep3r.parameters.keep3r_helper)
    if helper is not None and helper.rules.boost_from_zero:
        return "max(min_boost, max_boost * min(bonds, target_bond) // target_bond) * base_fee"
    return "(min_boost + (max_boost - min_boost) * min(bonds, target_bond) // target_bond) * base_fee"


def _steps(numbers: dict[str, int], gas_left: int, rule: Payment) -> Iterator[Term]:
    """The formula step by step, with the cuts where the contract makes them."""
    section = "payment"
    gas = numbers["initial_gas"] - gas_left + numbers["extra_gas"]
    boosted = gas * numbers["boost"] // BOOST_BASE
    quote = numbers["one_eth_quote"]
    yield Term(section, "gas", gas, "initial_gas - gas_left + extra_gas")
    if rule is Payment.LIVE_PRICE:
        yield Term(section, "eth", boosted, "gas * boost // 10000, wei of ETH")
        yield Term(section, "computed", boosted * quote // ONE_ETHER, "eth * one_eth_quote // 10**18")
    elif "usd_per_gas_unit" in numbers:
        computed = boosted * (quote * numbers["usd_per_gas_unit"]) // ONE_ETHER
        yield Term(section, "boosted_gas", boosted, "gas * boost // 10000")
        yield Term(section, "computed", computed, "boosted_gas * (one_usd_quote * usd_per_gas_unit) // 10**18")
