"""Where the versions of Keep3r V2 and of its helper differ: the one place that says so.

The model is written once and asks these rules. A field's docstring says which behaviour the contract shows when it is
true. `RULES` and `HELPER_RULES` are the two tables to read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

KP3R_WETH_POOL = "0x11b7a6bc0259ed6cf9db8f499988f9ecc7167bf5"
"""The pool that the helpers of 2.0 and 2.1 are built with."""


class Payment(Enum):
    """How `worked` turns gas into KP3R."""

    ROOT_PRICE = "root price"
    """Gas is quoted like liquidity, by the square root of the cached price, and scaled to the gas used at the end."""
    CACHED_PRICE = "cached price"
    """Gas is quoted by the cached price of the KP3R/WETH pool, and scaled to the gas used at the end."""
    LIVE_PRICE = "live price"
    """Gas is quoted by the helper's live twap; the gas used and the payment are both told exactly."""
    USD_PRICE = "usd price"
    """As the live price, but a unit of gas costs the USD that the job names in its call."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Behaviour of one version of the Keep3r contract."""

    payment: Payment
    """How a work is paid."""

    refreshes_kp3r_weth_pool: bool
    """A refresh of a job's period credits first refreshes the twap cache of the KP3R/WETH pool."""

    continues_cumulatives: bool
    """An observation one period after the last asks the pool for one cumulative and takes the other from the cache."""

    pool_from_helper: bool
    """`approveLiquidity` takes the pool that the helper names as the liquidity's oracle, not the pair manager's own."""

    revocation_forgets: bool
    """`revokeLiquidity` deletes pool, token order and twap cache; otherwise only the approval goes."""

    worked_clears_gas_meter: bool
    """`worked` sets the gas meter back to zero, and reverts when it finds it there."""

    activation_clears_time: bool
    """`activate` clears `canActivateAfter`, so that it cannot be repeated."""

    withdrawal_clears_time: bool
    """A withdrawal needs a pending amount, and clears `canWithdrawAfter`; otherwise it needs that time alone."""

    slashes_unbonding: bool
    """`slash` names a bonded and an unbonding amount, and `revoke` takes both; otherwise both touch bonds only."""

    has_total_bonds: bool
    """The contract keeps `totalBonds` of KP3R."""

    has_virtual_reserves: bool
    """The contract answers `virtualReserves`: the escrow's balance of wKP3R less `totalBonds`."""


@dataclass(frozen=True, slots=True)
class HelperRules:
    """Behaviour of one version of the Keep3rHelper contract."""

    is_constant: bool
    """Boosts, target bond and pool are constants, and `quote` reads Keep3r's observation of that pool."""

    boost_from_zero: bool
    """The boost rises from zero with the bonds, and counts where it exceeds the minimum; otherwise from the minimum."""

    pays_base_fee: bool
    """The boost counts the price of gas; otherwise the base fee is taken as 1, and the job names the price in USD."""

    has_minimum_base_fee: bool
    """Gas is paid at `max(minBaseFee, base fee + minPriorityFee)`; otherwise at the block's base fee alone."""

    follows_keep3r_v1: bool
    """`bonds` are of the token that Keep3r holds for KP3R now, not of the KP3R that the helper was built with."""


RULES = {
    "2.0": Rules(
        payment=Payment.ROOT_PRICE,
        refreshes_kp3r_weth_pool=True,
        continues_cumulatives=True,
        pool_from_helper=False,
        revocation_forgets=False,
        worked_clears_gas_meter=False,
        activation_clears_time=False,
        withdrawal_clears_time=False,
        slashes_unbonding=False,
        has_total_bonds=False,
        has_virtual_reserves=False,
    ),
    "2.1": Rules(
        payment=Payment.CACHED_PRICE,
        refreshes_kp3r_weth_pool=True,
        continues_cumulatives=True,
        pool_from_helper=False,
        revocation_forgets=False,
        worked_clears_gas_meter=False,
        activation_clears_time=False,
        withdrawal_clears_time=False,
        slashes_unbonding=False,
        has_total_bonds=False,
        has_virtual_reserves=False,
    ),
    "2.2": Rules(
        payment=Payment.LIVE_PRICE,
        refreshes_kp3r_weth_pool=True,
        continues_cumulatives=True,
        pool_from_helper=False,
        revocation_forgets=False,
        worked_clears_gas_meter=False,
        activation_clears_time=True,
        withdrawal_clears_time=True,
        slashes_unbonding=True,
        has_total_bonds=False,
        has_virtual_reserves=False,
    ),
    "2.3": Rules(
        payment=Payment.LIVE_PRICE,
        refreshes_kp3r_weth_pool=False,
        continues_cumulatives=True,
        pool_from_helper=False,
        revocation_forgets=True,
        worked_clears_gas_meter=True,
        activation_clears_time=False,
        withdrawal_clears_time=True,
        slashes_unbonding=True,
        has_total_bonds=True,
        has_virtual_reserves=False,
    ),
    "2.3s": Rules(
        payment=Payment.USD_PRICE,
        refreshes_kp3r_weth_pool=False,
        continues_cumulatives=False,
        pool_from_helper=True,
        revocation_forgets=True,
        worked_clears_gas_meter=True,
        activation_clears_time=False,
        withdrawal_clears_time=True,
        slashes_unbonding=True,
        has_total_bonds=True,
        has_virtual_reserves=True,
    ),
}

HELPER_RULES = {
    "2.0": HelperRules(
        is_constant=True,
        boost_from_zero=True,
        pays_base_fee=True,
        has_minimum_base_fee=False,
        follows_keep3r_v1=False,
    ),
    "2.1": HelperRules(
        is_constant=True,
        boost_from_zero=False,
        pays_base_fee=True,
        has_minimum_base_fee=False,
        follows_keep3r_v1=False,
    ),
    "2.2_first": HelperRules(
        is_constant=False,
        boost_from_zero=False,
        pays_base_fee=True,
        has_minimum_base_fee=False,
        follows_keep3r_v1=False,
    ),
    "2.2": HelperRules(
        is_constant=False,
        boost_from_zero=False,
        pays_base_fee=True,
        has_minimum_base_fee=True,
        follows_keep3r_v1=False,
    ),
    "2.3": HelperRules(
        is_constant=False,
        boost_from_zero=False,
        pays_base_fee=True,
        has_minimum_base_fee=True,
        follows_keep3r_v1=False,
    ),
    "2.3s": HelperRules(
        is_constant=False,
        boost_from_zero=False,
        pays_base_fee=False,
        has_minimum_base_fee=True,
        follows_keep3r_v1=True,
    ),
}
