"""What a plain work must have been paid: the formulas of `calls.payments`, for many works of a block at once.

Each holds where `calls.payments` explains a payment by the formula with a meter that a log of the same transaction set,
and gives the same terms; wherever it does not hold, the work goes one by one. Only what differs from work to work is
computed again for each: bonds, gas, amount.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.contract.helper import BOOST_BASE, ONE_ETHER, Helper, payment, price_fraction
from keep3r_replay.protocols.keep3r_v2.contract.versions import Payment
from keep3r_replay.protocols.keep3r_v2.contract.work import cached_tick_difference
from keep3r_replay.protocols.keep3r_v2.replay.bounds import cached_price_bounds
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import EXACT, INTERVAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext

Explains = Callable[[str, int, int, int], bool]
"""Whether a job's payment follows from the keeper's bonds and the gas between validation and work: (job, bonds, gas,
amount). The terms of one that does are noted."""

Terms = dict[str, list[int]]
"""What is noted of each work that a formula explains, by column."""


class OfRun(NamedTuple):
    """A formula in a block: its test, and the terms that all works of a run have in common (wei, gas)."""

    explains: Explains
    one_eth_quote: int | None
    extra_gas: int | None


class Formula(NamedTuple):
    """How a version pays: the word for what it explains, the columns of its terms, and the formula in a block.

    Attributes:
        explanation: as in `calls.explained`.
        terms: columns that it notes of each work.
        is_exact: it gives one amount, not bounds.
        begin: the formula in the context's block, or None where it has no answer.
    """

    explanation: str
    terms: tuple[str, ...]
    is_exact: bool
    begin: Callable[[CallContext, Terms], OfRun | None]


_Boost = tuple[int, int, int, int, int]
"""`Helper.reward_boost` in a block: what it is from the target on, that target, least boost, span, and the fee."""


def _boost(context: CallContext) -> tuple[Helper, _Boost] | None:
    """The helper in force and its boost; None where it has none, or not by this formula."""
    helper = context.keep3r.helpers.get(context.keep3r.parameters.keep3r_helper)
    if helper is None or helper.rules.boost_from_zero:
        return None
    parameters = helper.parameters
    least, target = parameters.min_boost, parameters.target_bond
    span = parameters.max_boost - least
    if span < 0 or not target:
        return None
    fee = helper.base_fee(context.base_fee)
    return helper, ((least + span) * fee, target, least, span, fee)


def _boost_for(bonds: int, boost: _Boost) -> int:
    most, target, least, span, fee = boost
    return most if bonds >= target else (least + span * bonds // target) * fee


def _live_price(context: CallContext, terms: Terms) -> OfRun | None:
    """2.2 and 2.3: see `calls.payments.explain_live_price`."""
    found = _boost(context)
    if found is None or not found[0].rules.pays_base_fee:
        return None
    helper, (most, target, least, span, fee) = found
    try:
        quote = helper.quote_one_ether(context.now)
    except Revert:
        return None
    extra = helper.parameters.work_extra_gas
    note = terms["boost"].append

    def explains(_job: str, bonds: int, gas: int, amount: int) -> bool:
        # `_boost_for` and `payment`, written out: a history has many thousands of works.
        boost = most if bonds >= target else (least + span * bonds // target) * fee
        if (gas + extra) * boost // BOOST_BASE * quote // ONE_ETHER != amount:
            return False
        note(boost)
        return True

    return OfRun(explains, quote, extra)


def _usd_price(context: CallContext, terms: Terms) -> OfRun | None:
    """Sidechain: see `calls.payments.explain_usd_price`; at a price that the job was seen to ask before."""
    found = _boost(context)
    if found is None:
        return None
    helper, boosts = found
    try:
        _, quote, extra = helper.payment_parameters(0, context.now, context.base_fee)
    except Revert:
        return None

    def explains(job: str, bonds: int, gas: int, amount: int) -> bool:
        boost = _boost_for(bonds, boosts)
        for usd in context.usd_prices.get(job, ()):
            if payment(gas + extra, boost, quote * usd) == amount:
                terms["boost"].append(boost)
                terms["usd_per_gas_unit"].append(usd)
                return True
        return False

    return OfRun(explains, quote, extra)


def _cached_price(context: CallContext, terms: Terms) -> OfRun | None:
    """2.1: see `calls.cached_payments.explain_cached_price`."""
    found = _boost(context)
    if found is None:
        return None
    _, boosts = found
    keep3r = context.keep3r
    try:
        price = price_fraction(cached_tick_difference(keep3r), keep3r.parameters.reward_period_time)
    except Revert:
        return None

    def explains(_job: str, bonds: int, gas: int, amount: int) -> bool:
        boost = _boost_for(bonds, boosts)
        lowest, highest = cached_price_bounds(gas, boost, price, told_here=True)
        if not lowest <= amount <= highest:
            return False
        terms["boost"].append(boost)
        terms["lowest_payment"].append(lowest)
        terms["highest_payment"].append(highest)
        return True

    return OfRun(explains, None, None)


FORMULAS: Mapping[Payment, Formula] = {
    Payment.LIVE_PRICE: Formula(EXACT, ("boost",), True, _live_price),
    Payment.USD_PRICE: Formula(EXACT, ("boost", "usd_per_gas_unit"), True, _usd_price),
    Payment.CACHED_PRICE: Formula(INTERVAL, ("boost", "lowest_payment", "highest_payment"), False, _cached_price),
}
"""By the contract's rule. 2.0 has none: what its gas figures are late by depends on each access to storage."""
