"""What the contracts' views answer, and two storage words, by role and name; each may raise `Revert`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from keep3r_replay.evm.arithmetic import Revert, checked_sub
from keep3r_replay.protocols.kuma.contract import nfts, stable_coin
from keep3r_replay.protocols.kuma.contract.kib_token import (
    balance_of,
    previous_epoch,
    total_supply,
    updated_previous,
)
from keep3r_replay.protocols.kuma.contract.kuma_swap import NO_SUCH_BOND
from keep3r_replay.protocols.kuma.contract.rate_feed import get_rate
from keep3r_replay.protocols.kuma.contract.ray import ray_mul, ray_pow
from keep3r_replay.protocols.kuma.contract.state import Category, Kuma

Given = Sequence[Any]
"""Arguments of a view: numbers as int, addresses and words as text."""

CategoryView = Callable[[Kuma, Category, Given], object]
KumaView = Callable[[Kuma, Given], object]


def get_bond_value(kuma: Kuma, category: Category, token_id: int) -> int:
    """KUMASwap.getBondValue, v1.1: like the face value, but capped after maturity less issuance.

    Raises `Revert`: not in reserve, or a maturity before issuance.
    """
    if token_id not in category.swap.bond_reserve:
        raise Revert(NO_SUCH_BOND)
    bond = nfts.get_bond(kuma, token_id)
    boundary = previous_epoch(category.kibt, kuma.now)
    lifetime = checked_sub(bond.maturity, bond.issuance)
    if boundary <= bond.issuance:
        return bond.principal
    return ray_mul(ray_pow(bond.coupon, min(boundary - bond.issuance, lifetime)), bond.principal)


KIB_TOKEN_VIEWS: dict[str, CategoryView] = {
    "getYield": lambda _, category, __: category.kibt.yield_,
    "getCumulativeYield": lambda _, category, __: category.kibt.cumulative,
    "getUpdatedCumulativeYield": lambda kuma, category, _: updated_previous(category.kibt, kuma.now),
    "getLastRefresh": lambda _, category, __: category.kibt.last_refresh,
    "getEpochLength": lambda _, category, __: category.kibt.epoch_length,
    "getMinEpochLength": lambda _, category, __: category.kibt.min_epoch_length,
    "getPreviousEpochTimestamp": lambda kuma, category, _: previous_epoch(category.kibt, kuma.now),
    "totalSupply": lambda kuma, category, _: total_supply(category.kibt, kuma.now),
    "getTotalBaseSupply": lambda _, category, __: category.kibt.total_base_supply,
    "balanceOf": lambda kuma, category, given: balance_of(category.kibt, given[0], kuma.now),
    "getBaseBalance": lambda _, category, given: category.kibt.base_balances.get(given[0], 0),
    "allowance": lambda _, category, given: category.kibt.allowances.get((given[0], given[1]), 0),
    "getRiskCategory": lambda _, category, __: category.risk_category,
    "_previousEpochCumulativeYield": lambda _, category, __: category.kibt.previous,
}

SWAP_VIEWS: dict[str, CategoryView] = {
    "getMinCoupon": lambda _, category, __: category.swap.min_coupon,
    "isExpired": lambda _, category, __: bool(category.swap.expired_bonds),
    "getExpiredBonds": lambda _, category, __: list(category.swap.expired_bonds),
    "getBondReserve": lambda _, category, __: list(category.swap.bond_reserve),
    "getCoupons": lambda _, category, __: list(category.swap.coupons),
    "getCouponInventory": lambda _, category, given: category.swap.coupon_inventory.get(given[0], 0),
    "isInReserve": lambda _, category, given: given[0] in category.swap.bond_reserve,
    "isDeprecated": lambda _, category, __: category.swap.is_deprecated,
    "isDeprecationInitialized": lambda _, category, __: category.swap.deprecation_initialized_at != 0,
    "getDeprecationInitializedAt": lambda _, category, __: category.swap.deprecation_initialized_at,
    "getDeprecationStableCoin": lambda _, category, __: category.swap.stable_coin,
    "getVariableFee": lambda _, category, __: category.swap.variable_fee,
    "getFixedFee": lambda _, category, __: category.swap.fixed_fee,
    "getMaxCoupons": lambda kuma, category, _: kuma.rules.maximum_of_coupons(category.term),
    "paused": lambda _, category, __: category.swap.is_paused,
    "getBondBaseValue": lambda _, category, given: category.swap.base_values.get(given[0], 0),
    "getCloneBond": lambda _, category, given: category.swap.clone_bonds.get(given[0], 0),
    "getBondValue": lambda kuma, category, given: get_bond_value(kuma, category, given[0]),
}


def _swap_view_of_bond(view: str) -> KumaView:
    """A view of the swap of the bond's own category: recordings name the bond only."""
    of_category = SWAP_VIEWS[view]

    def answer(kuma: Kuma, given: Given) -> object:
        return of_category(kuma, kuma.categories[kuma.bonds[given[0]].risk_category], given)

    return answer


def _bond(kuma: Kuma, given: Given) -> object:
    return [*nfts.get_bond(kuma, given[0])[:6]]


BOND_TOKEN_VIEWS: dict[str, KumaView] = {
    "ownerOf": lambda kuma, given: nfts.owner_of(kuma.bond_token, given[0]),
    "getTokenIdCounter": lambda kuma, _: kuma.bond_token.counter,
    "getBond": _bond,
    "swap.getBondBaseValue": _swap_view_of_bond("getBondBaseValue"),
    "swap.getCloneBond": _swap_view_of_bond("getCloneBond"),
    "swap.getBondValue": _swap_view_of_bond("getBondValue"),
}

KBC_TOKEN_VIEWS: dict[str, KumaView] = {
    "ownerOf": lambda kuma, given: nfts.owner_of(kuma.kbc_token, given[0]),
    "getTokenIdCounter": lambda kuma, _: kuma.kbc_token.counter,
    "getBond": lambda kuma, given: list(nfts.get_clone_bond(kuma, given[0])),
}

RATE_FEED_VIEWS: dict[str, KumaView] = {
    "getRate": lambda kuma, given: get_rate(kuma, kuma.categories[given[0]]),
    "getStalenessThreshold": lambda kuma, _: kuma.staleness_threshold,
}


def stable_balance(kuma: Kuma, coin: str, account: str) -> int:
    """Stablecoin's balanceOf, in the coin's own unit."""
    return stable_coin.balance_of(kuma, coin, account)
