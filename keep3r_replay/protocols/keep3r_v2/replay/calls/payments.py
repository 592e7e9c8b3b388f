"""What explains the amount of a KeeperWork in KP3R: one formula a version, each with what its events leave open.

The formulas and their bounds are derived in docs/payments.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.contract.helper import ONE_ETHER, gas_for_payment, payment, usd_for_payment
from keep3r_replay.protocols.keep3r_v2.contract.versions import Payment
from keep3r_replay.protocols.keep3r_v2.contract.work import payment_parameters
from keep3r_replay.protocols.keep3r_v2.replay.calls.cached_payments import explain_cached_price, explain_root_price
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import (
    CHOSEN,
    EXACT,
    OTHER_BONDS,
    REFUTED,
    SOLVED_GAS,
    STALE_GAS,
    UNEXPLAINED,
    UNFED,
    UNMETERED,
    Explained,
)
from keep3r_replay.protocols.keep3r_v2.replay.calls.meter import meter_obstacle, most_gas, unexplained, unexplained_kind
from keep3r_replay.protocols.keep3r_v2.replay.calls.other_bonds import other_boost
from keep3r_replay.protocols.keep3r_v2.replay.direct_calls import direct_arguments
from keep3r_replay.sidechain_oracle.oracle import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext, Explain


def explain_live_price(context: CallContext, _job: str, keeper: str, amount: int, gas_left: int) -> Explained:
    """2.2 and 2.3: every term is known from logs, so the formula gives one amount.

    A payment that the formula gives is a `worked`, and moves the gas meter as one does; so does one that it gives
    with a meter set by a validation that left no event. Any other leaves the meter alone, as `bondedPayment` does.
    """
    keep3r = context.keep3r
    clears = keep3r.rules.worked_clears_gas_meter
    meter = keep3r.gas_meter
    try:
        boost, quote, extra = payment_parameters(keep3r, keeper, context.now, context.base_fee)
    except Revert as revert:
        return unexplained(meter, f"worked reverts with {revert.name}")
    told_here = context.metered_in == context.transaction
    computed = None
    obstacle = meter_obstacle(context, gas_left)
    if not obstacle:
        computed = payment(meter - gas_left + extra, boost, quote)
        if computed == amount:
            if clears:
                keep3r.gas_meter = 0
            kind = EXACT if told_here else STALE_GAS
            return Explained(kind, computed, None, None, meter, boost, quote, extra, None, False, "", told_here)
        told = meter - gas_left + extra
        other = other_boost(context, amount, told, (quote, ONE_ETHER), lambda each: (payment(told, each, quote),) * 2)
        if other is not None:
            if clears:
                keep3r.gas_meter = 0
            return Explained(OTHER_BONDS, computed, None, None, meter, other, quote, extra, told_here=told_here)
    gas = gas_for_payment(amount, boost, quote)
    if gas is not None and extra <= gas <= extra - gas_left + most_gas(context):
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
        if revert.name == UNKNOWN:
            return Explained(UNFED, initial_gas=meter, obstacle=revert.name)
        return unexplained(meter, f"worked reverts with {revert.name}")
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
    obstacle = meter_obstacle(context, gas_left)
    off_by = None
    if not obstacle:
        gas = meter - gas_left + extra
        distances = {usd: abs(payment(gas, boost, one_usd_quote * usd) - amount) for usd in known}
        nearest = min(known, key=lambda usd: distances[usd], default=None)
        if nearest is not None and distances[nearest]:
            off_by = distances[nearest]
            by_bonds = _by_other_bonds(context, amount, gas, terms, known, nearest)
            if by_bonds is not None:
                return by_bonds
            nearest = None
        if nearest is None and asked is None:
            nearest = usd_for_payment(amount, gas, boost, one_usd_quote)
        if nearest is not None:
            known[nearest] = None
            keep3r.gas_meter = 0
            return terms._replace(computed_payment=amount, usd_per_gas_unit=nearest)
    for usd in known:
        solved = gas_for_payment(amount, boost, one_usd_quote * usd)
        if solved is not None and extra <= solved <= extra - gas_left + most_gas(context):
            keep3r.gas_meter = 0
            return terms._replace(
                explanation=SOLVED_GAS,
                initial_gas=solved + gas_left - extra,
                usd_per_gas_unit=usd,
                suspicious=told_here or keeper in keep3r.keeper_list,
                obstacle=obstacle,
                told_here=False,
            )
    kind = unexplained_kind(context, keeper)
    return terms._replace(explanation=kind, obstacle=obstacle, off_by=off_by)


def _by_other_bonds(
    context: CallContext, amount: int, gas: int, terms: Explained, prices: Iterable[int], nearest: int
) -> Explained | None:
    """Sidechain: a price that is known, and other bonds of the keeper; `nearest` is the price that comes nearest."""
    quote = terms.one_eth_quote or 0
    for usd in prices:

        def bounds(boost: int, usd: int = usd) -> tuple[int, int]:
            return (payment(gas, boost, quote * usd),) * 2

        other = other_boost(context, amount, gas, (quote * usd, ONE_ETHER), bounds)
        if other is not None:
            context.keep3r.gas_meter = 0
            computed = payment(gas, terms.boost or 0, quote * nearest)
            return terms._replace(explanation=OTHER_BONDS, computed_payment=computed, boost=other, usd_per_gas_unit=usd)
    return None


EXPLAIN: dict[Payment, Explain] = {
    Payment.ROOT_PRICE: explain_root_price,
    Payment.CACHED_PRICE: explain_cached_price,
    Payment.LIVE_PRICE: explain_live_price,
    Payment.USD_PRICE: explain_usd_price,
}
"""The explanation of a payment, by the contract's rule."""


def by_direct_call(explained: Explained, *, calls_worked: bool) -> Explained:
    """The explanation of a payment whose transaction calls Keep3r itself, and so tells which function it was."""
    if not calls_worked:
        return explained._replace(explanation=CHOSEN)
    if explained.explanation in {UNEXPLAINED, UNMETERED}:
        return explained._replace(explanation=REFUTED)
    return explained
