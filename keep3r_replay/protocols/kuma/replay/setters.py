"""Events that are a call by themselves, and events that the replay takes as they are and does not predict."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from keep3r_replay.protocols.kuma.replay.calls import Call
from keep3r_replay.protocols.kuma.replay.inputs import category_named
from keep3r_replay.protocols.kuma.replay.observed import Observed

if TYPE_CHECKING:
    from keep3r_replay.protocols.kuma.contract.state import Kuma

Setter = Callable[["Kuma", Observed], Call | None]


def _simple(function: str, *positions: int) -> Setter:
    """A call whose arguments the event repeats; the caller is unknown."""
    return lambda _, event: Call(function, event.contract, "", tuple(event.values[i] for i in positions))


def _by_first(function: str, *positions: int) -> Setter:
    """A call whose caller the event names first."""
    return lambda _, event: Call(function, event.contract, event.text(0), tuple(event.values[i] for i in positions))


def _oracle(kuma: Kuma, event: Observed) -> Call | None:
    oracle, currency, country, term = event.values
    try:
        category = category_named(kuma, currency, country, term)
    except KeyError:
        return None
    return Call("set_oracle", event.contract, "", (oracle, category))


def _role(function: str) -> Setter:
    return lambda _, event: Call(function, event.contract, event.text(2), (event.values[0], event.values[1]))


SETTERS: dict[tuple[str, str], Setter] = {
    ("kib_token", "MinEpochLengthSet"): _simple("set_min_epoch_length", 1),
    ("kuma_swap", "FeeSet"): _simple("set_fees", 0, 1),
    ("kuma_swap", "Paused"): _by_first("pause"),
    ("kuma_swap", "Unpaused"): _by_first("unpause"),
    ("kuma_swap", "DeprecationModeInitialized"): _simple("initialize_deprecation_mode"),
    ("kuma_swap", "DeprecationModeUninitialized"): _simple("uninitialize_deprecation_mode"),
    ("kuma_swap", "DeprecationStableCoinSet"): _simple("set_deprecation_stable_coin", 1),
    ("mcag_aggregator", "AnswerTransmitted"): _by_first("transmit", 2),
    ("mcag_aggregator", "MaxAnswerSet"): _simple("set_max_answer", 1),
    ("rate_feed", "OracleSet"): _oracle,
    ("rate_feed", "StalenessThresholdSet"): _simple("set_staleness_threshold", 0),
    ("kuma_bond_token", "Paused"): _by_first("pause_bond_token"),
    ("kuma_bond_token", "Unpaused"): _by_first("unpause_bond_token"),
    ("kuma_bond_token", "ApprovalForAll"): _by_first("set_approval_for_all", 1, 2),
    ("kuma_bond_token", "Approval"): _by_first("nft_approve", 1, 2),
    **{(role, "UriSet"): _simple("set_uri", 1) for role in ("kuma_bond_token", "kbc_token")},
    ("kuma_bond_token", "TncAdded"): _simple("add_tnc", 1),
    ("kuma_bond_token", "TncUrlUpdated"): _simple("update_tnc_url", 0, 2),
    ("kuma_bond_token", "TokenTncUpdated"): _simple("update_tnc_for_token", 0, 2),
    ("kbc_token", "ApprovalForAll"): _by_first("set_approval_for_all", 1, 2),
    ("kbc_token", "Approval"): _by_first("nft_approve", 1, 2),
    ("blacklist", "Blacklisted"): _simple("blacklist", 0),
    ("blacklist", "UnBlacklisted"): _simple("un_blacklist", 0),
    ("access_controller", "RoleRevoked"): _role("revoke_role"),
    ("mcag_access_controller", "RoleRevoked"): _role("revoke_role"),
}
"""What call an event tells that no other event goes with."""

_PROXY = ("Upgraded", "Initialized", "AdminChanged", "BeaconUpgraded", "KUMAAddressProviderSet", "RiskCategorySet")

TOLD: frozenset[tuple[str, str]] = frozenset(
    {
        *((role, event) for role in ("kib_token", "kuma_swap", "fee_collector", "kbc_token") for event in _PROXY),
        *(("address_provider", event) for event in _PROXY[:4]),
        *(
            ("address_provider", event)
            for event in (
                "AccessControllerSet",
                "KBCTokenSet",
                "KUMABondTokenSet",
                "RateFeedSet",
                "KIBTokenSet",
                "KUMASwapSet",
                "KUMAFeeCollectorSet",
            )
        ),
        *(("rate_feed", event) for event in (*_PROXY, "AccessControllerSet")),
        ("kuma_swap", "MaxCouponsSet"),
        ("mcag_aggregator", "AccessControllerSet"),
        ("mcag_aggregator", "VolatilityThresholdSet"),
        ("kuma_bond_token", "AccessControllerSet"),
        ("kuma_bond_token", "BlacklistSet"),
        ("kuma_bond_token", "MaxCouponSet"),
        ("kuma_bond_token", "TermSet"),
        ("blacklist", "AccessControllerSet"),
        *((role, "RoleGranted") for role in ("access_controller", "mcag_access_controller")),
        *((role, "RoleAdminChanged") for role in ("access_controller", "mcag_access_controller")),
    }
)
"""Events that initialising and governing a deployment leaves, and that nothing can predict; some of them set state."""
