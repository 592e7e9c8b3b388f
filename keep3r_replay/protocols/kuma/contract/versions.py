"""What differs between KUMA v1 and v1.1, as named rules; nothing else compares versions."""

from __future__ import annotations

from dataclasses import dataclass

DAYS_OF_A_COUPON = 30 * 86_400
"""v1 allows one coupon for every thirty days of a category's term."""


@dataclass(frozen=True, slots=True)
class Rules:
    """One version's rules.

    Attributes:
        version: its name in deployments and tables.
        refuses_self_transfer: a transfer of KIBT to its sender reverts; otherwise it inflates the account.
        rate_grows_stale: the feed refuses an answer older than its threshold.
        coupons_maximum: different coupons a swap may hold; None: one for every thirty days of the term.
        maximum_spares_known: a full swap still takes a bond whose coupon it has already.
        expires_once: a second `expireBond` of a bond reverts; otherwise it refreshes and emits again.
        epoch_length_has_minimum: a minimum is stored, and a refresh is due where the previous boundary moves back;
            otherwise any length from one second counts, and a refresh is due where it grows.
        clone_before_burn: a purchase issues its clone before it burns the price.
        keeps_base_value: a purchase leaves the bond's base value in storage.
        views_bond_value: the swap has `getBondValue`.
        issuer: a category is named by a 32-byte issuer and a uint32 term, not by a 4-byte country and a uint64 term.
    """

    version: str
    refuses_self_transfer: bool
    rate_grows_stale: bool
    coupons_maximum: int | None
    maximum_spares_known: bool
    expires_once: bool
    epoch_length_has_minimum: bool
    clone_before_burn: bool
    keeps_base_value: bool
    views_bond_value: bool
    issuer: bool

    def maximum_of_coupons(self, term: int) -> int:
        """Different coupons that a swap of a category of so many seconds may hold."""
        if self.coupons_maximum is not None:
            return self.coupons_maximum
        return term // DAYS_OF_A_COUPON & 0xFFFF


RULES: dict[str, Rules] = {
    "1.0": Rules(
        version="1.0",
        refuses_self_transfer=False,
        rate_grows_stale=False,
        coupons_maximum=None,
        maximum_spares_known=False,
        expires_once=False,
        epoch_length_has_minimum=False,
        clone_before_burn=True,
        keeps_base_value=True,
        views_bond_value=False,
        issuer=False,
    ),
    "1.1": Rules(
        version="1.1",
        refuses_self_transfer=True,
        rate_grows_stale=True,
        coupons_maximum=500,
        maximum_spares_known=True,
        expires_once=True,
        epoch_length_has_minimum=True,
        clone_before_burn=False,
        keeps_base_value=False,
        views_bond_value=True,
        issuer=True,
    ),
}
"""Rules by version."""
