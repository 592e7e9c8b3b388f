"""The end of a swap: two days' notice, then bonds for stablecoin, and stablecoin for KIBT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.kuma.contract import access, nfts, stable_coin
from keep3r_replay.protocols.kuma.contract.kib_token import burn, refresh_yield, total_supply
from keep3r_replay.protocols.kuma.contract.kuma_swap import DEPRECATED, NO_SUCH_BOND
from keep3r_replay.protocols.kuma.contract.number_set import remove
from keep3r_replay.protocols.kuma.contract.ray import wad_div, wad_mul
from keep3r_replay.protocols.kuma.contract.state import ZERO_ADDRESS

if TYPE_CHECKING:
    from keep3r_replay.protocols.kuma.contract.state import Category, Kuma

NOTICE = 2 * 86_400
"""Seconds between initialisation and the mode itself."""

_NOT_DEPRECATED = "DEPRECATION_MODE_NOT_ENABLED"
_ZERO_AMOUNT = "AMOUNT_CANNOT_BE_ZERO"


def initialize_deprecation_mode(kuma: Kuma, category: Category, sender: str) -> None:
    """KUMASwap.initializeDeprecationMode: the notice begins. Raises `Revert`: no manager, on or begun already."""
    swap = category.swap
    access.only_role(kuma, sender, access.KUMA_MANAGER)
    kuma.require(not swap.is_deprecated, DEPRECATED)
    kuma.require(swap.deprecation_initialized_at == 0, "DEPRECATION_MODE_ALREADY_INITIALIZED")
    swap.deprecation_initialized_at = kuma.now
    kuma.emit(swap.address, "DeprecationModeInitialized")


def uninitialize_deprecation_mode(kuma: Kuma, category: Category, sender: str) -> None:
    """KUMASwap.uninitializeDeprecationMode: the notice is withdrawn."""
    swap = category.swap
    access.only_role(kuma, sender, access.KUMA_MANAGER)
    kuma.require(not swap.is_deprecated, DEPRECATED)
    kuma.require(swap.deprecation_initialized_at != 0, "DEPRECATION_MODE_NOT_INITIALIZED")
    swap.deprecation_initialized_at = 0
    kuma.emit(swap.address, "DeprecationModeUninitialized")


def enable_deprecation_mode(kuma: Kuma, category: Category, sender: str) -> None:
    """KUMASwap.enableDeprecationMode: no yield from now on, for ever. Raises `Revert` before the notice has run."""
    swap = category.swap
    access.only_role(kuma, sender, access.KUMA_MANAGER)
    kuma.require(not swap.is_deprecated, DEPRECATED)
    kuma.require(swap.deprecation_initialized_at != 0, "DEPRECATION_MODE_NOT_INITIALIZED")
    kuma.require(
        kuma.now - swap.deprecation_initialized_at >= NOTICE,
        "ELAPSED_TIME_SINCE_DEPRECATION_MODE_INITIALIZATION_TOO_SHORT",
    )
    swap.is_deprecated = True
    refresh_yield(kuma, category)
    kuma.emit(swap.address, "DeprecationModeEnabled")


def buy_bond_for_stable_coin(
    kuma: Kuma, category: Category, sender: str, token_id: int, buyer: str, amount: int
) -> None:
    """KUMASwap.buyBondForStableCoin, by a manager: the bond goes to `buyer`, who pays `amount` of stablecoin.

    Coupons, inventory, smallest coupon and expired bonds are left as they were. Raises `Revert`: no manager, not
    deprecated, not in reserve, a zero, too little stablecoin.
    """
    swap = category.swap
    access.only_role(kuma, sender, access.KUMA_MANAGER)
    kuma.require(swap.is_deprecated, _NOT_DEPRECATED)
    kuma.require(token_id in swap.bond_reserve, NO_SUCH_BOND)
    kuma.require(buyer != ZERO_ADDRESS, "BUYER_CANNOT_BE_ADDRESS_ZERO")
    kuma.require(amount != 0, _ZERO_AMOUNT)
    remove(swap.bond_reserve, token_id)
    stable_coin.transfer_from(kuma, swap.stable_coin, swap.address, buyer, swap.address, amount)
    nfts.transfer_from(kuma, kuma.bond_token, swap.address, swap.address, buyer, token_id)
    kuma.emit(swap.address, "BondBought", token_id, amount, buyer)


def redeem_kibt(kuma: Kuma, category: Category, sender: str, amount: int) -> None:
    """KUMASwap.redeemKIBT: burn KIBT for its share of the stablecoin, once the reserve is empty.

    Raises `Revert`: not deprecated, a zero, bonds in reserve, too little KIBT.
    """
    swap = category.swap
    kuma.require(swap.is_deprecated, _NOT_DEPRECATED)
    kuma.require(amount != 0, _ZERO_AMOUNT)
    kuma.require(not swap.bond_reserve, "BOND_RESERVE_NOT_EMPTY")
    balance = stable_coin.balance_of(kuma, swap.stable_coin, swap.address)
    redeemed = wad_div(wad_mul(amount, balance), total_supply(category.kibt, kuma.now))
    burn(kuma, category, sender, amount)
    stable_coin.transfer(kuma, swap.stable_coin, swap.address, sender, redeemed)
    kuma.emit(swap.address, "KIBTRedeemed", sender, redeemed)


def set_deprecation_stable_coin(kuma: Kuma, category: Category, sender: str, coin: str) -> None:
    """KUMASwap.setDeprecationStableCoin: another stablecoin to wind up in. Raises `Revert` once deprecated."""
    swap = category.swap
    access.only_role(kuma, sender, access.KUMA_MANAGER)
    kuma.require(not swap.is_deprecated, DEPRECATED)
    kuma.require(coin != ZERO_ADDRESS, "CANNOT_SET_TO_ADDRESS_ZERO")
    kuma.emit(swap.address, "DeprecationStableCoinSet", swap.stable_coin, coin)
    swap.stable_coin = coin
