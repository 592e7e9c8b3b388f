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


def _simple(function: str, *columns: str) -> Setter:
    """A call whose arguments the event repeats; the caller is unknown."""
    return lambda _, event: Call(function, event.contract, "", tuple(map(event.value, columns)))


def _by(caller: str, function: str, *columns: str) -> Setter:
    """A call whose caller the event names in a column."""
    return lambda _, event: Call(function, event.contract, event.text(caller), tuple(map(event.value, columns)))


def _oracle(kuma: Kuma, event: Observed) -> Call | None:
    oracle, currency, country, term = event.values
    try:
        category = category_named(kuma, currency, country, term)
    except KeyError:
        return None
    return Call("set_oracle", event.contract, "", (oracle, category))


def _role(function: str) -> Setter:
    return lambda _, event: Call(
        function, event.contract, event.text("sender"), (event.value("role"), event.value("account"))
    )


def role_told(event: Observed) -> Call:
    """What a `RoleGranted` tells: nothing predicts it."""
    return Call("role_told", event.contract, "", (event.value("role"), event.value("account")))


SETTERS: dict[tuple[str, str], Setter] = {
    ("kib_token", "MinEpochLengthSet"): _simple("set_min_epoch_length", "new_min_epoch_length"),
    ("kuma_swap", "FeeSet"): _simple("set_fees", "variable_fee", "fixed_fee"),
    ("kuma_swap", "Paused"): _by("account", "pause"),
    ("kuma_swap", "Unpaused"): _by("account", "unpause"),
    ("kuma_swap", "DeprecationModeInitialized"): _simple("initialize_deprecation_mode"),
    ("kuma_swap", "DeprecationModeUninitialized"): _simple("uninitialize_deprecation_mode"),
    ("kuma_swap", "DeprecationStableCoinSet"): _simple("set_deprecation_stable_coin", "new_deprecation_stable_coin"),
    ("mcag_aggregator", "AnswerTransmitted"): _by("transmitter", "transmit", "answer"),
    ("mcag_aggregator", "MaxAnswerSet"): _simple("set_max_answer", "new_max_answer"),
    ("rate_feed", "OracleSet"): _oracle,
    ("rate_feed", "StalenessThresholdSet"): _simple("set_staleness_threshold", "threshold"),
    ("kuma_bond_token", "Paused"): _by("account", "pause_bond_token"),
    ("kuma_bond_token", "Unpaused"): _by("account", "unpause_bond_token"),
    ("kuma_bond_token", "ApprovalForAll"): _by("owner", "set_approval_for_all", "operator", "approved"),
    ("kuma_bond_token", "Approval"): _by("owner", "nft_approve", "approved", "token_id"),
    **{(role, "UriSet"): _simple("set_uri", "new_uri") for role in ("kuma_bond_token", "kbc_token")},
    ("kuma_bond_token", "TncAdded"): _simple("add_tnc", "url"),
    ("kuma_bond_token", "TncUrlUpdated"): _simple("update_tnc_url", "tnc_id", "new_url"),
    ("kuma_bond_token", "TokenTncUpdated"): _simple("update_tnc_for_token", "token_id", "new_tnc_id"),
    ("kbc_token", "ApprovalForAll"): _by("owner", "set_approval_for_all", "operator", "approved"),
    ("kbc_token", "Approval"): _by("owner", "nft_approve", "approved", "token_id"),
    ("blacklist", "Blacklisted"): _simple("blacklist", "account"),
    ("blacklist", "UnBlacklisted"): _simple("un_blacklist", "account"),
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
