"""The seven helpers: what `getQuoteLimit` allows for a quantity of gas, each in one line, and its inversion.

A limit is a price of the gas in KP3R (or, by mistake or for want of an oracle, in WETH taken for KP3R), raised by a
bonus that grows with the origin's bond. Every step is a floored product, so every step has a smallest preimage, and so
has the limit: the gas of a payment is found without a search.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from keep3r_replay.uniswap_v2.pair import Rate

ETHER = 10**18


class Source(Enum):
    """Where a helper's price comes from."""

    FEED = "the feed alone"
    CONSULT_EXCHANGED = "UniswapV2Oracle.consult(KP3R, wei, WETH)"
    CONSULT = "UniswapV2Oracle.consult(WETH, wei, KP3R)"
    CURRENT = "Keep3rV1Oracle.current(WETH, wei, KP3R)"
    QUOTE = "Keep3rV2Oracle.quote(WETH, wei, KP3R, 1)"


class Share(NamedTuple):
    """A multiple as the contract computes it: times `numerator`, then divided by `denominator`, floored."""

    numerator: int
    denominator: int

    def of(self, amount: int) -> int:
        """The share of `amount`."""
        return amount * self.numerator // self.denominator

    def least(self, worth: int) -> int:
        """The smallest amount whose share is at least `worth`."""
        return -(-worth * self.denominator // self.numerator)


class HelperRules(NamedTuple):
    """One helper.

    Attributes:
        source: of its price.
        extra_gas: added to the measured gas.
        feed_multiple: of the feed's answer.
        least: share of the quote that is paid without a bond.
        most: share of the quote that a full bond earns; None where bonds earn nothing.
        full_bond: bonds and votes (wei) that earn it all, and at once the largest limit; 0 where bonds earn nothing.
    """

    source: Source
    extra_gas: int = 0
    feed_multiple: int = 1
    least: Share = Share(1, 1)
    most: Share | None = None
    full_bond: int = 0


HELPERS: dict[str, HelperRules] = {
    "launch": HelperRules(Source.FEED),
    "exchanged": HelperRules(Source.CONSULT_EXCHANGED),
    "seed": HelperRules(Source.CONSULT),
    "bonus": HelperRules(Source.FEED, most=Share(25, 10), full_bond=100 * ETHER),
    "h1530": HelperRules(Source.FEED, feed_multiple=10, most=Share(50, 10), full_bond=200 * ETHER),
    "h24e1": HelperRules(Source.CURRENT, extra_gas=300_000, most=Share(11, 10), full_bond=200 * ETHER),
    "h2720": HelperRules(
        Source.QUOTE, extra_gas=300_000, least=Share(11, 10), most=Share(12, 10), full_bond=200 * ETHER
    ),
}
"""Rules by version of role `keep3r_v1_helper`, in the order of publication (0 to 6)."""


class Pricing(NamedTuple):
    """What a limit depends on besides the gas: rules, the feed's answer (wei), the oracle's rate, the bond (wei)."""

    rules: HelperRules
    feed: int
    rate: Rate
    bond: int

    def limit(self, gas: int) -> int:
        """`getQuoteLimit(gas)` in wei of KP3R. Raises `Revert` where a product does not fit."""
        (_, extra_gas, multiple, (numerator, denominator), most, full_bond), feed, rate, bond = self
        quote = rate.of((gas + extra_gas) * multiple * feed)
        allowed = quote * numerator // denominator
        if most is None:
            return allowed
        high, low = most
        raised = quote * high // low * (min(full_bond, bond)) // full_bond
        allowed = max(allowed, raised)
        return min(full_bond, allowed)

    def smallest_gas(self, amount: int) -> int | None:
        """The smallest gas (0 or more) whose limit is at least `amount` wei; None if no gas has so large a limit."""
        (_, extra_gas, multiple, (numerator, denominator), most, full_bond), feed, rate, bond = self
        if amount <= 0:
            return 0
        quote = -(-amount * denominator // numerator)
        if most is not None:
            if amount > full_bond:
                return None
            if bond:
                raised = -(-amount * full_bond // min(bond, full_bond))
                quote = min(quote, -(-raised * most.denominator // most.numerator))
        wei = rate.least(quote)
        price = multiple * feed
        if wei is None or price <= 0:
            return None
        return max(0, -(-wei // price) - extra_gas)


class Inversion(NamedTuple):
    """The smallest gas whose limit reaches a payment (None: none does), and whether the payment is that very limit."""

    gas: int | None
    image: bool


def invert(pricing: Pricing, amount: int) -> Inversion:
    """Find the gas that a payment of `amount` wei was for. Nothing is paid for by choice: an amount of 0 is no image.

    Raises:
        Revert: a limit of that size does not fit the contract's arithmetic.
    """
    gas = pricing.smallest_gas(amount)
    if gas is None:
        return Inversion(None, image=False)
    return Inversion(gas, amount > 0 and pricing.limit(gas) == amount)
