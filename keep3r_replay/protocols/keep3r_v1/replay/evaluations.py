"""A payment seen through the helpers of a deployment: which limits it is, and of how much gas.

Only helpers that ask no oracle can have images in common. So where a payment is an image of the helper in force, the
others that ask none are looked at when somebody asks, by the numbers as they stood at the payment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v1.contract.helpers import HELPERS, Pricing, Source, invert
from keep3r_replay.protocols.keep3r_v1.contract.market import AS_IT_IS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1


_BEYOND_CHANCE = 1_000_000
"""An amount is told to be beside a limit where no more than one in so many would be."""


class Evaluation(NamedTuple):
    """A payment seen through one helper.

    Attributes:
        helper: its address.
        gas: smallest gas whose limit reaches the payment; None where no gas does, or the oracle reverts.
        image: whether the payment is that very limit.
        limit_at_bound: limit of the largest plausible gas, in wei; None where the oracle reverts.
        price: KP3R (wei) that the helper's oracle gives for one WETH; None for a helper without one.
        worth: wei of ETH that buy the payment by the helper's own quote.
        reverts: the reason with which `getQuoteLimit` reverts; empty if it does not.
        beside: how far the payment is from the nearest limit (wei, below 0: it is less), where it is none itself and
            so close that an amount chosen freely is it once in a million; None otherwise.
    """

    helper: str
    gas: int | None
    image: bool
    limit_at_bound: int | None
    price: int | None
    worth: int | None
    reverts: str = ""
    beside: int | None = None


def evaluate(kp3r: Keep3rV1, helper: str, amount: int, bond: int, bound: int | None) -> Evaluation:
    """A payment of `amount` (wei) as `helper` sees it, for an origin with `bond` (wei)."""
    try:
        return seen_by(kp3r.market.pricing(helper, bond, kp3r.now), helper, amount, bound)
    except Revert as error:
        return Evaluation(helper, None, False, None, None, None, error.name)


def seen_by(pricing: Pricing, helper: str, amount: int, bound: int | None) -> Evaluation:
    """`evaluate` by a helper's pricing. Raises `Revert` where a limit does not fit the contract's arithmetic."""
    rules, _, rate, _ = pricing
    gas, image = invert(pricing, amount)
    at_bound = None if bound is None else pricing.limit(bound)
    price = None if rules.source is Source.FEED else rate.price
    beside = None if image or not gas else _beside(pricing, amount, gas)
    return Evaluation(helper, gas, image, at_bound, price, rate.least(amount), "", beside)


def _beside(pricing: Pricing, amount: int, gas: int) -> int | None:
    """The distance to the nearer of two limits that the payment lies between; None where it may be chance."""
    below, above = pricing.limit(gas - 1), pricing.limit(gas)
    distance = amount - below if amount - below < above - amount else amount - above
    return distance if (2 * abs(distance) + 1) * _BEYOND_CHANCE <= above - below else None


def fits(evaluation: Evaluation, bound: int | None) -> bool:
    """Whether a payment is an image of this helper with plausible gas."""
    gas = evaluation.gas
    return evaluation.image and gas is not None and gas > 0 and (bound is None or gas <= bound)


@dataclass(slots=True)
class Evaluations:
    """A payment under every helper that may explain it, as far as anybody has asked.

    Attributes:
        told: those that were asked for, by helper's address.
        waiting: versions by address of helpers without an oracle that nobody has asked about yet.
        amount, feed, bond: of the payment (wei), the feed's answer and the origin's bond as they stood.
        bound: gas whose limit is asked for; None where nothing is known of it.
    """

    told: dict[str, Evaluation]
    waiting: Mapping[str, str]
    amount: int = 0
    feed: int = 0
    bond: int = 0
    bound: int | None = None

    def of(self, helper: str) -> Evaluation | None:
        """The payment as a helper sees it; None for one that is unknown, or that can have nothing in common."""
        found = self.told.get(helper)
        if found is None and helper in self.waiting:
            rules = HELPERS[self.waiting[helper]]
            found = seen_by(Pricing(rules, self.feed, AS_IT_IS, self.bond), helper, self.amount, self.bound)
            self.told[helper] = found
        return found

    def helpers(self) -> tuple[str, ...]:
        """Every helper that may explain the payment."""
        return tuple(dict.fromkeys((*self.told, *self.waiting)))


NONE = Evaluations({}, {})
"""Of a payment in another token, or in ETH."""
