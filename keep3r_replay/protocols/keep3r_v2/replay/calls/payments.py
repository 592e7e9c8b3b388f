"""What explains the amount of a KeeperWork in KP3R: one formula a version, each with what its events leave open.

The formulas and their bounds are derived in docs/payments.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import ARITHMETIC_PANIC, Revert
from keep3r_replay.protocols.keep3r_v2.contract.helper import (
    BOOST_BASE,
    ONE_ETHER,
    gas_for_payment,
    payment,
    price_fraction,
    usd_for_payment,
)
from keep3r_replay.protocols.keep3r_v2.contract.versions import Payment
from keep3r_replay.protocols.keep3r_v2.contract.work import cached_tick_difference, payment_parameters, reward_boost
from keep3r_replay.protocols.keep3r_v2.replay.bounds import (
    PaymentSlots,
    cached_price_bounds,
    root_price_bounds,
    root_price_gas,
)

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext

EXACT = "exact"
STALE_GAS = "stale_gas"
INTERVAL = "interval"
"""The payment lies between the bounds that the formula gives for what events leave open."""
TOKEN_PAYMENT = "token_payment"  # noqa: S105 - no password
SOLVED_GAS = "solved_gas"
"""The formula gives the payment with a gas meter that no event told."""
UNEXPLAINED = "unexplained"
"""The formula does not give the payment, so it is the job's own choice, or wrong."""

UNMETERED = "unmetered"
"""Unexplained, where a validation that left no event may have set the gas meter: its measure is not to be had."""
UNPRICED = "unpriced"
"""Unexplained, where the cached price is unknown since a start from views."""
CHOSEN = "chosen"
"""The transaction itself calls `bondedPayment`, so the amount is the job's own choice."""
REFUTED = "refuted"
"""The transaction itself calls `worked`, and the formula gives another amount."""

PAYMENT_COLUMNS = (
    "explanation",
    "computed_payment",
    "lowest_payment",
    "highest_payment",
    "initial_gas",
    "boost",
    "one_eth_quote",
    "extra_gas",
    "usd_per_gas_unit",
    "suspicious",
    "obstacle",
)
"""Columns that explain a payment: wei, gas and parts of 10,000.

`computed_payment` is the formula's amount, `lowest_payment` and `highest_payment` its bounds where events do not tell
all of it. `obstacle` is why the formula has no answer. `suspicious` marks an unexplained payment that lies within one
unit of gas of the formula's amount (a job's own choice has no reason to), and a gas meter that no silent validation
explains by itself: an event of the transaction told another one, or the keeper passes the plain test.
"""

_Amount = int | None
Explanation = tuple[str, _Amount, _Amount, _Amount, _Amount, _Amount, _Amount, _Amount, _Amount, bool, str]
"""Values of `PAYMENT_COLUMNS`."""

Explain = Callable[["CallContext", str, str, int, int], Explanation]
"""A version's explanation of a payment: (context, job, keeper, amount, gas left)."""

TOKEN: Explanation = (TOKEN_PAYMENT, None, None, None, None, None, None, None, None, False, "")


def explain_live_price(context: CallContext, _job: str, keeper: str, amount: int, gas_left: int) -> Explanation:
    """2.2 and 2.3: every term is told, so the formula gives one amount.

    A payment that the formula gives is a `worked`, and moves the gas meter as one does; so does one that it gives
    with a meter set by a validation that left no event. Any other leaves the meter alone, as `bondedPayment` does.
    """
    keep3r = context.keep3r
    clears = keep3r.rules.worked_clears_gas_meter
    meter = keep3r.gas_meter
    try:
        boost, quote, extra = payment_parameters(keep3r, keeper, context.now, context.base_fee)
    except Revert as revert:
        return _unexplained(meter, f"worked reverts with {revert.name}")
    told_here = context.metered_in == context.transaction
    computed = None
    obstacle = _meter_obstacle(context, gas_left)
    if not obstacle:
        computed = payment(meter - gas_left + extra, boost, quote)
        if computed == amount:
            if clears:
                keep3r.gas_meter = 0
            kind = EXACT if told_here else STALE_GAS
            return kind, computed, None, None, meter, boost, quote, extra, None, False, ""
    gas = gas_for_payment(amount, boost, quote)
    if gas is not None and extra <= gas <= extra - gas_left + _most_gas(context):
        solved = gas + gas_left - extra
        keep3r.gas_meter = 0 if clears else solved
        suspicious = told_here or keeper in keep3r.keeper_list
        return SOLVED_GAS, computed, None, None, solved, boost, quote, extra, None, suspicious, obstacle
    near = computed is not None and abs(amount - computed) * BOOST_BASE * ONE_ETHER < boost * quote
    return UNEXPLAINED, computed, None, None, meter, boost, quote, extra, None, near, obstacle


def explain_usd_price(context: CallContext, job: str, keeper: str, amount: int, gas_left: int) -> Explanation:
    """Sidechain: as the live price, but for the USD that the job asks for a unit of gas, which is solved for.

    A price that the job was seen to ask before is tried first; any other must be the only one that gives the amount.
    """
    keep3r = context.keep3r
    meter = keep3r.gas_meter
    try:
        boost, one_usd_quote, extra = payment_parameters(keep3r, keeper, context.now, context.base_fee)
    except Revert as revert:
        return _unexplained(meter, f"worked reverts with {revert.name}")
    told_here = context.metered_in == context.transaction
    known = context.usd_prices.setdefault(job, {})
    obstacle = _meter_obstacle(context, gas_left)
    if not obstacle:
        gas = meter - gas_left + extra
        for usd in known:
            if payment(gas, boost, one_usd_quote * usd) == amount:
                keep3r.gas_meter = 0
                kind = EXACT if told_here else STALE_GAS
                return kind, amount, None, None, meter, boost, one_usd_quote, extra, usd, False, ""
        solved_usd = usd_for_payment(amount, gas, boost, one_usd_quote)
        if solved_usd is not None:
            known[solved_usd] = None
            keep3r.gas_meter = 0
            kind = EXACT if told_here else STALE_GAS
            return kind, amount, None, None, meter, boost, one_usd_quote, extra, solved_usd, False, ""
    for usd in known:
        solved = gas_for_payment(amount, boost, one_usd_quote * usd)
        if solved is not None and extra <= solved <= extra - gas_left + _most_gas(context):
            keep3r.gas_meter = 0
            suspicious = told_here or keeper in keep3r.keeper_list
            initial = solved + gas_left - extra
            return SOLVED_GAS, None, None, None, initial, boost, one_usd_quote, extra, usd, suspicious, obstacle
    kind = _unexplained_kind(context, keeper)
    return kind, None, None, None, meter, boost, one_usd_quote, extra, None, False, obstacle


def explain_cached_price(context: CallContext, _job: str, keeper: str, amount: int, gas_left: int) -> Explanation:
    """2.1: the gas left before the top-up is not told, so the formula gives bounds, some hundred wei apart."""
    keep3r = context.keep3r
    meter = keep3r.gas_meter
    told_here = context.metered_in == context.transaction
    try:
        boost = reward_boost(keep3r, keeper, context.base_fee)
        price = price_fraction(cached_tick_difference(keep3r), keep3r.parameters.reward_period_time)
    except Revert as revert:
        return _unexplained(meter, f"worked reverts with {revert.name}")
    obstacle = _meter_obstacle(context, gas_left)
    bounds = None
    if not obstacle:
        bounds = cached_price_bounds(meter - gas_left, boost, price, told_here=told_here)
        if bounds[0] <= amount <= bounds[1]:
            return INTERVAL, None, *bounds, meter, boost, None, None, None, False, ""
    numerator, denominator = price[0] * boost, price[1] * BOOST_BASE
    if numerator and amount:
        gas = -(-amount * denominator // numerator)
        lowest, highest = cached_price_bounds(gas, boost, price, told_here=False)
        if 0 < gas <= _most_gas(context) - gas_left and lowest <= amount <= highest:
            keep3r.gas_meter = gas + gas_left
            suspicious = told_here or keeper in keep3r.keeper_list
            return SOLVED_GAS, None, lowest, highest, gas + gas_left, boost, None, None, None, suspicious, obstacle
    low, high = bounds or (None, None)
    near = bounds is not None and _outside(amount, *bounds) * denominator < numerator
    kind = UNPRICED if context.price_is_uncertain else UNEXPLAINED
    return kind, None, low, high, meter, boost, None, None, None, near, obstacle


def explain_root_price(context: CallContext, job: str, keeper: str, amount: int, gas_left: int) -> Explanation:
    """2.0: the gas that counts is told a little late at both ends, by one of a few hundred sums of gas costs."""
    keep3r = context.keep3r
    meter = keep3r.gas_meter
    told_here = context.metered_in == context.transaction
    terms = cached_tick_difference(keep3r), keep3r.parameters.reward_period_time
    told = meter - gas_left
    if keep3r.approvals[keep3r.parameters.kp3r_weth_pool].tick.period == 0 and amount == 0:
        # Gas is quoted like liquidity, which is worth nothing while the pool's cache is empty.
        return INTERVAL, None, 0, 0, meter, None, None, None, None, False, ""
    try:
        boost = reward_boost(keep3r, keeper, context.base_fee)
        gas = root_price_gas(amount, told, boost, *terms, _payment_slots(context, job, keeper), told_here=told_here)
    except Revert as revert:
        return _unexplained(meter, f"worked reverts with {revert.name}")
    if gas is not None:
        bounds = root_price_bounds(gas, boost, *terms, told_here=told_here)
        return INTERVAL, None, *bounds, meter, boost, None, None, None, False, ""
    kind = _unexplained_kind(context, keeper)
    return kind, None, None, None, meter, boost, None, None, None, False, ""


def _payment_slots(context: CallContext, job_address: str, keeper_address: str) -> PaymentSlots:
    job = context.keep3r.jobs[job_address]
    keeper = context.keep3r.keepers.get(keeper_address)
    return PaymentSlots(
        works_again=job.worked_at == context.now,
        first_work=job.worked_at == 0,
        first_bond=keeper is None or not keeper.bonds.get(context.keep3r.parameters.keep3r_v1, 0),
        first_payment=keeper is None or not keeper.work_completed,
        meter_is_read=context.meter_is_read,
    )


EXPLAIN: dict[Payment, Explain] = {
    Payment.ROOT_PRICE: explain_root_price,
    Payment.CACHED_PRICE: explain_cached_price,
    Payment.LIVE_PRICE: explain_live_price,
    Payment.USD_PRICE: explain_usd_price,
}
"""The explanation of a payment, by the contract's rule."""


def _unexplained_kind(context: CallContext, keeper: str) -> str:
    """Whether an unknown price or a silent validation may stand behind a payment.

    The latter may if no event told the meter, and the keeper would have failed.
    """
    if context.price_is_uncertain:
        return UNPRICED
    told_here = context.metered_in == context.transaction
    return UNEXPLAINED if told_here or keeper in context.keep3r.keeper_list else UNMETERED


def by_direct_call(explanation: Explanation, *, calls_worked: bool) -> Explanation:
    """The explanation of a payment whose transaction calls Keep3r itself, and so tells which function it was."""
    if not calls_worked:
        return CHOSEN, *explanation[1:]
    if explanation[0] in {UNEXPLAINED, UNMETERED}:
        return REFUTED, *explanation[1:]
    return explanation


def _unexplained(meter: int, obstacle: str) -> Explanation:
    return UNEXPLAINED, None, None, None, meter, None, None, None, None, False, obstacle


def _meter_obstacle(context: CallContext, gas_left: int) -> str:
    meter = context.keep3r.gas_meter
    if context.keep3r.rules.worked_clears_gas_meter and not meter:
        return "worked reverts with GasNotInitialized"
    if meter < gas_left:
        return f"worked reverts with {ARITHMETIC_PANIC}: more gas is left than the meter holds"
    return ""


def _most_gas(context: CallContext) -> int:
    """More than any meter can hold: the block's gas limit, with the factor that the contract applies."""
    return context.gas_limit * 64 // 63


def _outside(amount: int, lowest: int, highest: int) -> int:
    return max(lowest - amount, amount - highest, 0)
