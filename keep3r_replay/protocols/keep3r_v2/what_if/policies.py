"""How keepers and jobs behave in a what-if: works that are not worth their gas, and the gas of a reset."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.audit.gas_shares import gas_shares
from keep3r_replay.protocols.keep3r_v2.contract.helper import ONE_ETHER
from keep3r_replay.protocols.keep3r_v2.contract.versions import Payment
from keep3r_replay.protocols.keep3r_v2.what_if.prices import FORMULA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.keep3r_v2.audit.gas_shares import GasShare
    from keep3r_replay.protocols.keep3r_v2.what_if.baseline import Baseline
    from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay
    from keep3r_replay.protocols.keep3r_v2.what_if.prices import Measured

BELOW_COST = "BelowCost"
"""What a work that its keeper leaves out is dropped for."""


class Policies:
    """What depends on the work at hand; the base fee that the overlay adds is set block by block.

    Args:
        shares: of each work of the history, its part of its transaction's gas.
        least: works worth less than so many times their gas are left out; 0: none is.
        reset_gas: units of gas that a reset of the job's credits takes.
        resets: whether each work of the history comes after a reset.
    """

    def __init__(
        self,
        shares: Sequence[GasShare] = (),
        least: Fraction = Fraction(0),
        reset_gas: int = 0,
        resets: Sequence[bool] = (),
    ) -> None:
        self.added_fee = 0
        """Wei a unit of gas by which the present block's base fee is above that of the history."""
        self._shares = shares
        self._least = least
        self._reset_gas = reset_gas
        self._resets = resets

    def skips(self, number: int | None, payment: int, one_eth_quote: int | None) -> bool:
        """Whether the keeper leaves out the work of that number, for a payment in wei of KP3R; None: an added work.

        Its worth is the payment at the contract's own quote; its gas costs what its share of the transaction paid, and
        on top, for its share of the gas used, what the overlay adds to the base fee. Where one of them is unknown the
        work is done.
        """
        if not self._least or number is None or not one_eth_quote:
            return False
        paid, used = self._shares[number]
        if paid is None or used is None:
            return False
        cost = max(0, paid + used * self.added_fee)
        worth = payment * ONE_ETHER // one_eth_quote
        return worth * self._least.denominator < cost * self._least.numerator

    def metered(self, work: Measured, number: int | None, *, resets: bool) -> Measured:
        """The work with the gas of a reset more or less than it was measured with, where the formula pays for gas."""
        if not self._reset_gas or number is None or work.amount_is != FORMULA:
            return work
        return work._replace(gas=work.gas + self._reset_gas * (resets - self._resets[number]))


def policies_of(overlay: Overlay, baseline: Baseline, payment: Payment, resets: Sequence[bool]) -> Policies:
    """The policies of an overlay; `resets` are those of the history, where `reset_gas` needs them.

    Raises:
        UsageError: the version's works tell no price of ETH, or no gas that the formula pays for.
    """
    least = Fraction(overlay.skip_below)
    if least and payment is not Payment.LIVE_PRICE:
        raise UsageError("overlay.skip_below: works of this version tell no price of ETH to compare their gas with")
    if overlay.reset_gas and payment in {Payment.ROOT_PRICE, Payment.CACHED_PRICE}:
        raise UsageError("overlay.reset_gas: events of this version only bound the gas that a work is paid for")
    shares = gas_shares(baseline.lake, baseline.works, baseline.until_block) if least else []
    return Policies(shares, least, overlay.reset_gas, resets)
