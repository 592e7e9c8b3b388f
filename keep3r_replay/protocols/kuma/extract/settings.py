"""What a YAML file of `conf/deployment` says of a deployment of KUMA, beside what every deployment has."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - msgspec reads the annotations
from typing import Any

import msgspec

from keep3r_replay.dataset.settings import address, companions_of, settings_of
from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.kuma.contract.versions import RULES
from keep3r_replay.protocols.kuma.recording.meta import OF_CATEGORY, SHARED

_ROLES = frozenset({*SHARED.values(), *OF_CATEGORY.values()})


class KumaDeployment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which contracts to follow.

    Attributes:
        version: `v1_0` or `v1_1`.
        address_provider: leads to everything else; empty to ask a swap for it.
        swaps: swaps of the deployment; the first one leads to the address provider.
        companions: further contracts by role, as the stablecoin, or those that no view leads to.
        follow_stable_coins: whether the logs of the stablecoins that swaps name are fetched too; where they are not,
            what swaps hold of them is reckoned from their own purchases and redemptions.
        follow_calls: whether transactions to the contracts that leave no logs are looked for (failed ones, refreshes
            that change nothing), as `follow` says; that reads every block.
    """

    version: str
    address_provider: str = ""
    swaps: tuple[str, ...] = ()
    companions: Mapping[str, tuple[str, ...]] = {}
    follow_stable_coins: bool = False
    follow_calls: bool = False


def checked_settings(settings: Mapping[str, Any]) -> KumaDeployment:
    """The settings as values. Raises `UsageError` where they make no sense."""
    found = settings_of(settings, KumaDeployment)
    version = found.version.removeprefix("v").replace("_", ".")
    if version not in RULES:
        raise UsageError(f"deployment.version={found.version!r}: there are v1_0 and v1_1")
    if not found.address_provider and not found.swaps:
        raise UsageError("deployment: say address_provider, or swaps")
    return msgspec.structs.replace(
        found,
        version=version,
        address_provider=address(found.address_provider) if found.address_provider else "",
        swaps=tuple(map(address, found.swaps)),
        companions=companions_of(found.companions, _ROLES),
    )
