"""Payments that the formula gives for other bonds of the keeper than earlier events lead to.

Then the payment is right, and an event that moved the keeper's bonds before it is missing or says something else: a
job's own payment, which no formula tells, or one that was left out. The boost has a thousand steps and a payment some
1e15 wei, so that no free amount meets one of the thousand by chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.keep3r_v2.contract.helper import BOOST_BASE
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import OTHER_BONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.protocols.keep3r_v2.contract.helper import Helper
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext
    from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import Explained

BEYOND_CHANCE = 10**10
"""Free amounts, at least, among which one is given by some boost."""


class BondsRange(NamedTuple):
    """Wei of KP3R that a keeper holds who gets a boost; `highest` is None where more changes nothing."""

    lowest: int
    highest: int | None


def other_boost(
    context: CallContext, amount: int, gas: int, price: tuple[int, int], bounds: Callable[[int], tuple[int, int]]
) -> int | None:
    """A boost other than the keeper's that gives `amount` for `gas`; None where there is none, or chance may give one.

    Args:
        context: a log of this transaction must have set its meter.
        amount: wei of KP3R.
        gas: what is paid for.
        price: KP3R for one ETH, on the sidechain for a unit of gas, as numerator and denominator.
        bounds: least and most that is paid for a boost.
    """
    helper = _helper(context)
    if helper is None or gas <= 0 or price[0] <= 0 or context.metered_in != context.transaction:
        return None
    parameters, fee = helper.parameters, helper.base_fee(context.base_fee)
    steps = parameters.max_boost - parameters.min_boost + 1
    if steps <= 1 or not parameters.target_bond or fee <= 0:
        return None
    near = amount * BOOST_BASE * price[1] // (gas * fee * price[0])
    for cap in (near, near + 1):
        if parameters.min_boost <= cap <= parameters.max_boost:
            lowest, highest = bounds(cap * fee)
            width = highest - lowest + 1
            if lowest <= amount <= highest and amount * 3 >= 2 * BEYOND_CHANCE * steps * width:
                return cap * fee
    return None


def adopt_bonds(context: CallContext, log_index: int, keeper: str, amount: int, explained: Explained) -> None:
    """A finding for a payment by other bonds, and the nearest bonds that give it, so that the replay can go on."""
    helper, keep3r = _helper(context), context.keep3r
    if explained.explanation != OTHER_BONDS or helper is None or explained.boost is None:
        return
    wanted = bonds_of(helper, explained.boost // helper.base_fee(context.base_fee))
    bonds, token = keep3r.keepers[keeper].bonds, keep3r.parameters.keep3r_v1
    held = bonds.get(token, 0)
    most = "more" if wanted.highest is None else str(wanted.highest)
    context.journal.note(
        "state_mismatch",
        log_index,
        keeper,
        "payment",
        explained.highest_payment if explained.computed_payment is None else explained.computed_payment,
        amount,
        f"the formula gives this payment for bonds of {wanted.lowest} to {most} wei, and by the events so far the "
        f"keeper holds {held}: one that moved its bonds is missing or changed, or this payment is",
    )
    bonds[token] = max(held, wanted.lowest) if wanted.highest is None else min(max(held, wanted.lowest), wanted.highest)
    if keep3r.rules.has_total_bonds:
        keep3r.total_bonds += bonds[token] - held


def bonds_of(helper: Helper, cap: int) -> BondsRange:
    """Bonds that give a boost of `cap` parts of 10,000 (inverse of `Helper.reward_boost`)."""
    parameters = helper.parameters
    span, step = parameters.max_boost - parameters.min_boost, cap - parameters.min_boost
    lowest = -(-step * parameters.target_bond // span)
    return BondsRange(lowest, None if step == span else -(-(step + 1) * parameters.target_bond // span) - 1)


def _helper(context: CallContext) -> Helper | None:
    helper = context.keep3r.helpers.get(context.keep3r.parameters.keep3r_helper)
    return None if helper is None or helper.rules.boost_from_zero else helper
