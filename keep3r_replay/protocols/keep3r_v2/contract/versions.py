"""Where the versions of Keep3r V2 and of its helper differ: the one place that says so.

The model is written once and asks these rules. A field's docstring says which behaviour the contract shows when it is
true. `RULES` and `HELPER_RULES` are the two tables to read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

KP3R_WETH_POOL = "0x11b7a6bc0259ed6cf9db8f499988f9ecc7167bf5"
"""The pool that the helpers of 2.0 and 2.1 are built with."""


class Payment(Enum):
    """How `worked` turns gas into KP3R."""

    ROOT_PRICE = "root price"
    """Gas is quoted like liquidity, by the square root of the cached price, and scaled to the gas used at the end."""
    CACHED_PRICE = "cached price"
    """Gas is quoted by the cached price of the KP3R/WETH pool, and scaled to the gas used at the end."""
    LIVE_PRICE = "live price"
    """Gas is quoted by the helper's live twap; the events log the gas used and the payment exactly."""
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

    has_kp3r_weth_pool: bool
    """The contract names the KP3R/WETH pool, emits its changes, and keeps an observation under the pool's address."""

    tells_job_first: bool
    """`JobAddition` is emitted as it is declared, (job, owner); otherwise (owner, job)."""

    has_governor: bool = False
    """Governance is called governor, in events, views and functions (Polygon's build)."""


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

    has_oracles: bool
    """Governance names an oracle pool for each liquidity, and a WETH/USD pool."""

    constructor: Mapping[str, str]
    """What the constructor sets beside its arguments, as text by view (amounts in wei, times in seconds)."""

    has_governor: bool = False
    """As of Keep3r."""

    has_usd_decimals: bool = False
    """Governance names the decimals of the WETH/USD pool's dollar with the pool; otherwise it has 18."""


USUAL_VERSION = "2.3"
"""Of a scenario that names none."""

FIRST_HELPERS = {"2.2": "2.2_first"}
"""Versions of Keep3r that began with a helper of another version than their own, and that version."""


BY_VIEWS = "version_by_views"
"""Fact of a helper whose version no configuration says: it follows from its views."""


def helper_version(keep3r: str, *, is_constant: bool, has_minimum_base_fee: bool) -> str:
    """Tell a helper's version by what it has: that of its Keep3r if it fits, otherwise the oldest that does."""
    fitting = [
        version
        for version, rules in HELPER_RULES.items()
        if (rules.is_constant, rules.has_minimum_base_fee) == (is_constant, has_minimum_base_fee)
    ]
    return keep3r if keep3r in fitting else fitting[0]


def configured_version(name: str) -> str:
    """The version that a configuration means, where a bare 2.2 would be read as a number: v2_2 is 2.2.

    Raises:
        ValueError: there is no such version of Keep3r or of its helper.
    """
    known = {f"v{version.replace('.', '_', 1)}": version for version in HELPER_RULES}
    if name not in known:
        raise ValueError(f"no version {name[:20]!r}; known are {', '.join(known)}")
    return known[name]


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
        has_kp3r_weth_pool=True,
        tells_job_first=False,
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
        has_kp3r_weth_pool=True,
        tells_job_first=False,
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
        has_kp3r_weth_pool=True,
        tells_job_first=False,
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
        has_kp3r_weth_pool=False,
        tells_job_first=True,
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
        has_kp3r_weth_pool=False,
        tells_job_first=True,
    ),
}

RULES["2.3g"] = replace(RULES["2.3"], has_governor=True)
RULES["2.3p"] = replace(RULES["2.3s"], has_governor=True)

_BOOSTS = {"minBoost": "11000", "maxBoost": "12000", "targetBond": "200000000000000000000"}
_MIN_FEES = {"minBaseFee": "15000000000", "minPriorityFee": "2000000000"}

HELPER_RULES = {
    "2.0": HelperRules(
        is_constant=True,
        boost_from_zero=True,
        pays_base_fee=True,
        has_minimum_base_fee=False,
        follows_keep3r_v1=False,
        has_oracles=False,
        constructor={},
    ),
    "2.1": HelperRules(
        is_constant=True,
        boost_from_zero=False,
        pays_base_fee=True,
        has_minimum_base_fee=False,
        follows_keep3r_v1=False,
        has_oracles=False,
        constructor={},
    ),
    "2.2_first": HelperRules(
        is_constant=False,
        boost_from_zero=False,
        pays_base_fee=True,
        has_minimum_base_fee=False,
        follows_keep3r_v1=False,
        has_oracles=False,
        constructor={**_BOOSTS, "quoteTwapTime": "600", "workExtraGas": "50000"},
    ),
    "2.2": HelperRules(
        is_constant=False,
        boost_from_zero=False,
        pays_base_fee=True,
        has_minimum_base_fee=True,
        follows_keep3r_v1=False,
        has_oracles=False,
        constructor={**_BOOSTS, **_MIN_FEES, "quoteTwapTime": "600", "workExtraGas": "50000"},
    ),
    "2.3": HelperRules(
        is_constant=False,
        boost_from_zero=False,
        pays_base_fee=True,
        has_minimum_base_fee=True,
        follows_keep3r_v1=False,
        has_oracles=False,
        constructor={**_BOOSTS, **_MIN_FEES, "quoteTwapTime": "600", "workExtraGas": "34000"},
    ),
    "2.3s": HelperRules(
        is_constant=False,
        boost_from_zero=False,
        pays_base_fee=False,
        has_minimum_base_fee=True,
        follows_keep3r_v1=True,
        has_oracles=True,
        constructor={**_BOOSTS, **_MIN_FEES, "quoteTwapTime": "86400", "workExtraGas": "0"},
    ),
}
HELPER_RULES["2.3g"] = replace(HELPER_RULES["2.3"], has_governor=True)
HELPER_RULES["2.3p"] = replace(HELPER_RULES["2.3s"], has_governor=True, has_usd_decimals=True)
