"""What explains the amount of a KeeperWork in 2.0 and 2.1, whose price is cached and whose gas events tell in part.

The bounds are derived in docs/payments.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.contract.helper import BOOST_BASE, price_fraction
from keep3r_replay.protocols.keep3r_v2.contract.work import cached_tick_difference, reward_boost
from keep3r_replay.protocols.keep3r_v2.replay.bounds import (
    cached_price_bounds,
    nearest_gas,
    root_price_bounds,
    root_price_gas,
)
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import (
    INTERVAL,
    OTHER_BONDS,
    SILENT_ACCESS,
    SOLVED_GAS,
    UNEXPLAINED,
    UNPRICED,
    Explained,
)
from keep3r_replay.protocols.keep3r_v2.replay.calls.meter import meter_obstacle, most_gas, unexplained, unexplained_kind
from keep3r_replay.protocols.keep3r_v2.replay.calls.other_bonds import other_boost

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext


def explain_cached_price(context: CallContext, _job: str, keeper: str, amount: int, gas_left: int) -> Explained:
    """2.1: the gas left before the top-up is not logged, so the formula gives bounds, some hundred wei apart."""
    keep3r = context.keep3r
    meter = keep3r.gas_meter
    told_here = context.metered_in == context.transaction
    try:
        boost = reward_boost(keep3r, keeper, context.base_fee)
        price = price_fraction(cached_tick_difference(keep3r), keep3r.parameters.reward_period_time)
    except Revert as revert:
        return unexplained(meter, f"worked reverts with {revert.name}")
    obstacle = meter_obstacle(context, gas_left)
    bounds = None
    if not obstacle:
        bounds = cached_price_bounds(meter - gas_left, boost, price, told_here=told_here)
        if bounds[0] <= amount <= bounds[1]:
            return Explained(INTERVAL, None, *bounds, meter, boost, told_here=told_here)
        gas = meter - gas_left
        other = other_boost(
            context, amount, gas, price, lambda each: cached_price_bounds(gas, each, price, told_here=told_here)
        )
        if other is not None:
            return Explained(OTHER_BONDS, None, *bounds, meter, other, told_here=told_here)
    numerator, denominator = price[0] * boost, price[1] * BOOST_BASE
    if numerator and amount:
        gas = -(-amount * denominator // numerator)
        lowest, highest = cached_price_bounds(gas, boost, price, told_here=False)
        if 0 < gas <= most_gas(context) - gas_left and lowest <= amount <= highest:
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
    """2.0: the gas that counts is logged a little late at both ends, by one of a few sums of gas costs."""
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
        return unexplained(meter, f"worked reverts with {revert.name}")
    return Explained(
        unexplained_kind(context, keeper),
        None,
        low,
        high,
        meter,
        boost,
        told_here=told_here,
        choices=len(late),
        off_by=_outside(amount, low, high),
    )


def _outside(amount: int, lowest: int, highest: int) -> int:
    return max(lowest - amount, amount - highest, 0)
