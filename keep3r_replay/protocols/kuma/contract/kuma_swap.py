"""KUMASwap: bonds sold for KIBT and bought back; expiry, claims, fees and the pause."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import checked_sub
from keep3r_replay.protocols.kuma.contract import access, nfts
from keep3r_replay.protocols.kuma.contract.kib_token import (
    burn,
    mint,
    previous_epoch,
    refresh_yield,
    updated_previous,
)
from keep3r_replay.protocols.kuma.contract.number_set import add, remove
from keep3r_replay.protocols.kuma.contract.rate_feed import get_rate
from keep3r_replay.protocols.kuma.contract.ray import (
    RAY,
    checked_add,
    percent_mul,
    ray_div,
    ray_mul,
    ray_pow,
    ray_to_wad,
    wad_to_ray,
)
from keep3r_replay.protocols.kuma.contract.state import Bond, CloneBond

if TYPE_CHECKING:
    from keep3r_replay.protocols.kuma.contract.state import Category, KIBToken, Kuma

PAUSED = "Error(Pausable: paused)"
DEPRECATED = "DEPRECATION_MODE_ENABLED"
NO_SUCH_BOND = "INVALID_TOKEN_ID"


class Purchase(NamedTuple):
    """What a purchase comes to: the bond's face value and the price in wei of KIBT, and the clone's id (0: none)."""

    face: int
    realized: int
    clone_id: int


class Sale(NamedTuple):
    """What a sale comes to: the bond, its face value, the fee and what the seller gets, in wei of KIBT."""

    bond: Bond
    value: int
    fee: int
    minted: int


# VALUES


def bond_value(token: KIBToken, bond: Bond, now: int) -> int:
    """Face value at the start of the epoch, capped after `term` seconds from issuance (wei)."""
    boundary = previous_epoch(token, now)
    if boundary <= bond.issuance:
        return bond.principal
    return ray_mul(ray_pow(bond.coupon, min(boundary - bond.issuance, bond.term)), bond.principal)


def realized_value(token: KIBToken, base_value: int, now: int) -> int:
    """Price of a bond in KIBT: its base value times the cumulative yield at the epoch's start (wei)."""
    return ray_to_wad(ray_mul(base_value, updated_previous(token, now)))


# SALE


def sell_bond(kuma: Kuma, category: Category, seller: str, token_id: int) -> Sale:
    """KUMASwap.sellBond: a bond for KIBT of its face value, less the fee.

    Raises `Revert`: paused, deprecated, coupons full, no such bond or of another category, matured, stale rate, coupon
    below the rate, fee above the value, a seller who does not own the bond.
    """
    swap, token, rules = category.swap, category.kibt, kuma.rules

    # CHECKS
    kuma.require(not swap.is_paused, PAUSED)
    kuma.require(not swap.is_deprecated, DEPRECATED)
    full = len(swap.coupons) == rules.maximum_of_coupons(category.term)
    if not rules.maximum_spares_known:
        kuma.require(not full, "MAX_COUPONS_REACHED")
    bond = nfts.get_bond(kuma, token_id)
    if rules.maximum_spares_known:
        kuma.require(not full or bond.coupon in swap.coupons, "MAX_COUPONS_REACHED")
    kuma.require(bond.risk_category == category.risk_category, "WRONG_RISK_CATEGORY")
    kuma.require(bond.maturity > kuma.now, "CANNOT_SELL_MATURED_BOND")
    kuma.require(bond.coupon >= get_rate(kuma, category), "COUPON_TOO_LOW")

    # EFFECTS
    if not swap.coupons or bond.coupon < swap.min_coupon:
        swap.min_coupon = bond.coupon
    add(swap.coupons, bond.coupon)
    swap.coupon_inventory[bond.coupon] = swap.coupon_inventory.get(bond.coupon, 0) + 1
    add(swap.bond_reserve, token_id)
    value = bond_value(token, bond, kuma.now)
    swap.base_values[token_id] = ray_div(wad_to_ray(value), updated_previous(token, kuma.now))
    fee = sale_fee(category, value)
    if fee > 0:
        minted = checked_sub(value, fee)
        mint(kuma, category, category.collector.address, fee)
    else:
        minted = value
    mint(kuma, category, seller, minted)
    nfts.transfer_from(kuma, kuma.bond_token, swap.address, seller, swap.address, token_id)
    kuma.emit(swap.address, "FeeCharged", fee)
    kuma.emit(swap.address, "BondSold", token_id, minted, seller)
    return Sale(bond, value, fee, minted)


def sale_fee(category: Category, value: int) -> int:
    """Fee of a sale of so many wei: basis points of the value, and a fixed part."""
    swap = category.swap
    variable = percent_mul(value, swap.variable_fee) if swap.variable_fee > 0 else 0
    return checked_add(variable, swap.fixed_fee)


# PURCHASE


def buy_bond(kuma: Kuma, category: Category, buyer: str, token_id: int) -> Purchase:
    """KUMASwap.buyBond: KIBT is burned for the bond, or for a clone where the bond is worth more than the price.

    Raises `Revert`: paused, deprecated, no such bond or not in reserve, another bond expired, stale rate, too little
    KIBT.
    """
    swap, token = category.swap, category.kibt

    # CHECKS
    kuma.require(not swap.is_paused, PAUSED)
    kuma.require(not swap.is_deprecated, DEPRECATED)
    bond = nfts.get_bond(kuma, token_id)
    kuma.require(token_id in swap.bond_reserve, NO_SUCH_BOND)
    is_expired = token_id in swap.expired_bonds
    kuma.require(not swap.expired_bonds or is_expired, "EXPIRED_BONDS_MUST_BE_BOUGHT_FIRST")

    # EFFECTS
    held = swap.coupon_inventory.get(bond.coupon, 0)
    if held == 1:
        remove(swap.coupons, bond.coupon)
    swap.coupon_inventory[bond.coupon] = checked_sub(held, 1)
    remove(swap.bond_reserve, token_id)
    remove(swap.expired_bonds, token_id)
    face = bond_value(token, bond, kuma.now)
    realized = realized_value(token, swap.base_values.get(token_id, 0), kuma.now)
    clone = None
    if face > realized:
        clone = CloneBond(token_id, previous_epoch(token, kuma.now), token.yield_, realized)
    if not kuma.rules.keeps_base_value:
        swap.base_values.pop(token_id, None)
    clone_id = 0
    if clone is not None and kuma.rules.clone_before_burn:
        clone_id = swap.clone_bonds[token_id] = nfts.issue_clone(kuma, buyer, clone)
    _update_min_coupon(kuma, category)
    burn(kuma, category, buyer, realized)
    if clone is not None and not kuma.rules.clone_before_burn:
        clone_id = swap.clone_bonds[token_id] = nfts.issue_clone(kuma, buyer, clone)
    if clone is None:
        nfts.transfer_from(kuma, kuma.bond_token, swap.address, swap.address, buyer, token_id)
    kuma.emit(swap.address, "BondBought", token_id, realized, buyer)
    return Purchase(face, realized, clone_id)


def _update_min_coupon(kuma: Kuma, category: Category) -> None:
    swap, old = category.swap, category.swap.min_coupon
    if not swap.coupons:
        swap.min_coupon = RAY
    elif swap.coupon_inventory.get(old, 0) != 0:
        return
    else:
        swap.min_coupon = min(swap.coupons)
    kuma.emit(swap.address, "MinCouponUpdated", old, swap.min_coupon)


# EXPIRY AND CLAIM


def expire_bond(kuma: Kuma, category: Category, token_id: int) -> None:
    """KUMASwap.expireBond, by anyone: a matured bond of the reserve stops all accrual until it is bought.

    Raises `Revert`: deprecated, not in reserve, expired already (v1.1), not matured.
    """
    swap = category.swap
    kuma.require(not swap.is_deprecated, DEPRECATED)
    kuma.require(token_id in swap.bond_reserve, NO_SUCH_BOND)
    if kuma.rules.expires_once:
        kuma.require(token_id not in swap.expired_bonds, "BOND_ALREADY_EXPIRED")
    kuma.require(nfts.get_bond(kuma, token_id).maturity <= kuma.now, "BOND_NOT_MATURED")
    add(swap.expired_bonds, token_id)
    refresh_yield(kuma, category)
    kuma.emit(swap.address, "BondExpired", token_id)


def claim_bond(kuma: Kuma, category: Category, sender: str, token_id: int) -> None:
    """KUMASwap.claimBond: the bond behind a clone goes to the claimer; the clone is burned, whoever holds it.

    Raises `Revert`: no role, no clone.
    """
    swap = category.swap
    access.only_role(kuma, sender, access.KUMA_SWAP_CLAIM, category.risk_category)
    clone_id = swap.clone_bonds.get(token_id, 0)
    kuma.require(clone_id != 0, "BOND_NOT_AVAILABLE_FOR_CLAIM")
    swap.clone_bonds.pop(token_id, None)
    nfts.redeem_clone(kuma, clone_id)
    nfts.transfer_from(kuma, kuma.bond_token, swap.address, swap.address, sender, token_id)
    kuma.emit(swap.address, "BondClaimed", token_id, clone_id)


# SETTINGS


def set_fees(kuma: Kuma, category: Category, sender: str, variable_fee: int, fixed_fee: int) -> None:
    """KUMASwap.setFees: basis points and wei. Raises `Revert` unless a manager calls."""
    access.only_role(kuma, sender, access.KUMA_MANAGER)
    category.swap.variable_fee = variable_fee
    category.swap.fixed_fee = fixed_fee
    kuma.emit(category.swap.address, "FeeSet", variable_fee, fixed_fee)


def pause(kuma: Kuma, category: Category, sender: str) -> None:
    """KUMASwap.pause: sales and purchases stop; expiry does not."""
    access.only_role(kuma, sender, access.KUMA_SWAP_PAUSE, category.risk_category)
    kuma.require(not category.swap.is_paused, PAUSED)
    category.swap.is_paused = True
    kuma.emit(category.swap.address, "Paused", sender)


def unpause(kuma: Kuma, category: Category, sender: str) -> None:
    """KUMASwap.unpause."""
    access.only_role(kuma, sender, access.KUMA_SWAP_UNPAUSE, category.risk_category)
    kuma.require(category.swap.is_paused, "Error(Pausable: not paused)")
    category.swap.is_paused = False
    kuma.emit(category.swap.address, "Unpaused", sender)
