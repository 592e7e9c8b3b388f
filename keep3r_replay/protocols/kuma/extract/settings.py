"""What a YAML file of `conf/deployment` says of a deployment of KUMA, beside what every deployment has."""

from __future__ import annotations

import re
from collections.abc import Mapping  # noqa: TC003 - msgspec reads the annotations
from typing import Any

import msgspec

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.kuma.contract.versions import RULES
from keep3r_replay.protocols.kuma.recording.meta import OF_CATEGORY, SHARED

_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
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
    try:
        found = msgspec.convert(settings, type=KumaDeployment)
    except msgspec.ValidationError as error:
        raise UsageError(f"deployment: {error}") from None
    version = found.version.removeprefix("v").replace("_", ".")
    if version not in RULES:
        raise UsageError(f"deployment.version={found.version!r}: there are v1_0 and v1_1")
    companions = {role: tuple(map(str.lower, each)) for role, each in found.companions.items()}
    unknown = sorted(set(companions) - _ROLES)
    if unknown:
        raise UsageError(f"deployment.companions: no role {unknown[0]!r}; there are {', '.join(sorted(_ROLES))}")
    named = [found.address_provider, *found.swaps, *(address for each in companions.values() for address in each)]
    for address in named:
        if address and not _ADDRESS.fullmatch(address.lower()):
            raise UsageError(f"deployment: {address[:60]!r} is no address")
    if not found.address_provider and not found.swaps:
        raise UsageError("deployment: say address_provider, or swaps")
    return msgspec.structs.replace(
        found,
        version=version,
        address_provider=found.address_provider.lower(),
        swaps=tuple(map(str.lower, found.swaps)),
        companions=companions,
    )
