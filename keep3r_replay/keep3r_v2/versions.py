"""Where the versions of Keep3r V2 and of its helper differ: the one place that says so.

The model is written once and asks these rules. A field's docstring says which behaviour the contract shows when it is
true.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """Behaviour of one version of the Keep3r contract."""

    refreshes_kp3r_weth_pool: bool
    """A refresh of a job's period credits first refreshes the twap cache of the KP3R/WETH pool."""

    revocation_forgets: bool
    """`revokeLiquidity` deletes pool, token order and twap cache; otherwise only the approval goes."""

    worked_clears_gas_meter: bool
    """`worked` sets the gas meter back to zero, and reverts when it finds it there."""

    activation_clears_time: bool
    """`activate` clears `canActivateAfter`, so that it cannot be repeated."""

    has_total_bonds: bool
    """The contract keeps `totalBonds` of KP3R."""


@dataclass(frozen=True, slots=True)
class HelperRules:
    """Behaviour of one version of the Keep3rHelper contract."""

    has_minimum_base_fee: bool
    """Gas is paid at `max(minBaseFee, base fee + minPriorityFee)`; otherwise at the block's base fee alone."""


RULES = {
    "2.2": Rules(
        refreshes_kp3r_weth_pool=True,
        revocation_forgets=False,
        worked_clears_gas_meter=False,
        activation_clears_time=True,
        has_total_bonds=False,
    ),
    "2.3": Rules(
        refreshes_kp3r_weth_pool=False,
        revocation_forgets=True,
        worked_clears_gas_meter=True,
        activation_clears_time=False,
        has_total_bonds=True,
    ),
}

HELPER_RULES = {
    "2.2_first": HelperRules(has_minimum_base_fee=False),
    "2.2": HelperRules(has_minimum_base_fee=True),
    "2.3": HelperRules(has_minimum_base_fee=True),
}
