"""What explains the amount of a KeeperWork in KP3R: one formula a version, each with what its events leave open.

The formulas and their bounds are derived in docs/payments.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import ARITHMETIC_PANIC, Revert
from keep3r_replay.protocols.keep3r_v2.contract.helper import (
    BOOST_BASE,
    gas_for_payment,
    payment,
    price_fraction,
    usd_for_payment,
)
from keep3r_replay.protocols.keep3r_v2.contract.versions import Payment
from keep3r_replay.protocols.keep3r_v2.contract.work import cached_tick_difference, payment_parameters, reward_boost
from keep3r_replay.protocols.keep3r_v2.replay.bounds import (
    cached_price_bounds,
    nearest_gas,
    root_price_bounds,
    root_price_gas,
)
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import (
    CHOSEN,
    EXACT,
    INTERVAL,
    REFUTED,
    SILENT_ACCESS,
    SOLVED_GAS,
    STALE_GAS,
    UNEXPLAINED,
    UNMETERED,
    UNPRICED,
    Explained,
)
from keep3r_replay.protocols.keep3r_v2.replay.direct_calls import direct_arguments

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext

Explain = Callable[["CallContext", str, str, int, int], Explained]
"""A version's explanation of a payment: (context, job, keeper, amount, gas left)."""


def explain_live_price(context: CallContext, _job: str, keeper: str, amount: int, gas_left: int) -> Explained:
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
            return Explained(kind, computed, None, None, meter, boost, quote, extra, None, False, "", told_here)
    gas = gas_for_payment(amount, boost, quote)
    if gas is not None and extra <= gas <= extra - gas_left + _most_gas(context):
        solved = gas + gas_left - extra
        keep3r.gas_meter = 0 if clears else solved
        suspicious = told_here or keeper in keep3r.keeper_list
        return Explained(SOLVED_GAS, computed, None, None, solved, boost, quote, extra, None, suspicious, obstacle)
    return Explained(
        UNEXPLAINED,
        computed,
        initial_gas=meter,
        boost=boost,
        one_eth_quote=quote,
        extra_gas=extra,
        obstacle=obstacle,
        told_here=told_here,
        off_by=None if computed is None else abs(amount - computed),
    )


def explain_usd_price(context: CallContext, job: str, keeper: str, amount: int, gas_left: int) -> Explained:
    """Sidechain: as the live price, but for the USD that the job asks for a unit of gas.

    A direct call tells it. Otherwise a price that the job was seen to ask before is tried first; any other must be the
    only one that gives the amount.
    """
    keep3r = context.keep3r
    meter = keep3r.gas_meter
    try:
        boost, one_usd_quote, extra = payment_parameters(keep3r, keeper, context.now, context.base_fee)
    except Revert as revert:
        return _unexplained(meter, f"worked reverts with {revert.name}")
    told_here = context.metered_in == context.transaction
    asked = direct_arguments(context.direct_inputs, context.transaction, "worked(address,uint256)")
    known = {int(asked[1]): None} if asked is not None else context.usd_prices.setdefault(job, {})
    terms = Explained(
        EXACT if told_here else STALE_GAS,
        None,
        initial_gas=meter,
        boost=boost,
        one_eth_quote=one_usd_quote,
        extra_gas=extra,
        told_here=told_here,
        price_is_told=asked is not None,
    )
    obstacle = _meter_obstacle(context, gas_left)
    off_by = None
    if not obstacle:
        gas = meter - gas_left + extra
        distances = {usd: abs(payment(gas, boost, one_usd_quote * usd) - amount) for usd in known}
        nearest = min(known, key=lambda usd: distances[usd], default=None)
        if nearest is not None and distances[nearest]:
            off_by = distances[nearest]
            nearest = None
        if nearest is None and asked is None:
            nearest = usd_for_payment(amount, gas, boost, one_usd_quote)
        if nearest is not None:
            known[nearest] = None
            keep3r.gas_meter = 0
            return terms._replace(computed_payment=amount, usd_per_gas_unit=nearest)
    for usd in known:
        solved = gas_for_payment(amount, boost, one_usd_quote * usd)
        if solved is not None and extra <= solved <= extra - gas_left + _most_gas(context):
            keep3r.gas_meter = 0
            return terms._replace(
                explanation=SOLVED_GAS,
                initial_gas=solved + gas_left - extra,
                usd_per_gas_unit=usd,
                suspicious=told_here or keeper in keep3r.keeper_list,
                obstacle=obstacle,
                told_here=False,
            )
    kind = _unexplained_kind(context, keeper)
    return terms._replace(explanation=kind, obstacle=obstacle, off_by=off_by)


def explain_cached_price(context: CallContext, _job: str, keeper: str, amount: int, gas_left: int) -> Explained:
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
            return Explained(INTERVAL, None, *bounds, meter, boost, told_here=told_here)
    numerator, denominator = price[0] * boost, price[1] * BOOST_BASE
    if numerator and amount:
        gas = -(-amount * denominator // numerator)
        lowest, highest = cached_price_bounds(gas, boost, price, told_here=False)
        if 0 < gas <= _most_gas(context) - gas_left and lowest <= amount <= highest:
            keep3r.gas_meter = gas + gas_left
            suspicious = told_here or keeper in keep3r.keeper_list
            return Explained(
                SOLVED_GAS,
                None,
                lowest,
                highest,
                gas + gas_left,
                boost,
                suspicious=suspicious,
                obstacle=obstacle,
            )
    kind = UNPRICED if context.price_is_uncertain else UNEXPLAINED
    low, high = bounds or (None, None)
    off_by = None if bounds is None else _outside(amount, *bounds)
    return Explained(kind, None, low, high, meter, boost, obstacle=obstacle, told_here=told_here, off_by=off_by)


def explain_root_price(context: CallContext, job: str, keeper: str, amount: int, gas_left: int) -> Explained:
    """2.0: the gas that counts is told a little late at both ends, by one of a few sums of gas costs."""
    keep3r = context.keep3r
    meter = keep3r.gas_meter
    told_here = context.metered_in == context.transaction
    terms = cached_tick_difference(keep3r), keep3r.parameters.reward_period_time
    told = meter - gas_left
    late, silent = context.slots.lateness(context, job, keeper, amount)
    context.slots.paid(context, job, keeper)
    if keep3r.approvals[keep3r.parameters.kp3r_weth_pool].tick.period == 0 and amount == 0:
        # Gas is quoted like liquidity, which is worth nothing while the pool's cache is empty.
        return Explained(INTERVAL, None, 0, 0, meter, told_here=told_here)
    try:
        boost = reward_boost(keep3r, keeper, context.base_fee)
        for kind, cases in ((INTERVAL, late), (SILENT_ACCESS, silent)):
            gas = root_price_gas(amount, told, boost, *terms, cases, told_here=told_here)
            if gas is not None:
                bounds = root_price_bounds(gas, boost, *terms, told_here=told_here)
                return Explained(kind, None, *bounds, meter, boost, told_here=told_here, choices=len(cases))
        nearest = nearest_gas(amount, told, boost, *terms, late)
        low, high = root_price_bounds(nearest, boost, *terms, told_here=told_here)
    except Revert as revert:
        return _unexplained(meter, f"worked reverts with {revert.name}")
    return Explained(
        _unexplained_kind(context, keeper),
        None,
        low,
        high,
        meter,
        boost,
        told_here=told_here,
        choices=len(late),
        off_by=_outside(amount, low, high),
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


def by_direct_call(explained: Explained, *, calls_worked: bool) -> Explained:
    """The explanation of a payment whose transaction calls Keep3r itself, and so tells which function it was."""
    if not calls_worked:
        return explained._replace(explanation=CHOSEN)
    if explained.explanation in {UNEXPLAINED, UNMETERED}:
        return explained._replace(explanation=REFUTED)
    return explained


def _unexplained(meter: int, obstacle: str) -> Explained:
    return Explained(UNEXPLAINED, initial_gas=meter, obstacle=obstacle)


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
