"""What contracts of KUMA must answer at first contact, by the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.chain.views import View
from keep3r_replay.replay.contact import Configured, Expected

if TYPE_CHECKING:
    from keep3r_replay.protocols.kuma.extract.settings import KumaDeployment

_ADDRESS = ("address",)
_PROVIDED = ("getKUMABondToken", "getKBCToken", "getRateFeed", "accessController")


def configured_contracts(deployment: KumaDeployment) -> list[Configured]:
    """Address provider, swaps and companions. Swaps are of one provider; a provider names the shared contracts."""
    found = []
    provider = deployment.address_provider
    if provider:
        named = tuple(
            Expected(
                "address_provider", View(name, (), _ADDRESS), frozenset(), "name an address provider", required=True
            )
            for name in _PROVIDED
        )
        found.append(Configured("address_provider", "address_provider", provider, expected=named))
    of = frozenset({provider}) if provider else frozenset()
    for place, swap in enumerate(deployment.swaps):
        change = "address_provider: {found}" if provider else "name a KUMASwap"
        view = View("getKUMAAddressProvider", (), _ADDRESS)
        expected = Expected(f"swaps[{place}]", view, of, change, required=True)
        found.append(Configured(f"swaps[{place}]", "kuma_swap", swap, expected=(expected,)))
    for role, addresses in deployment.companions.items():
        found += [Configured(f"companions.{role}", role, address) for address in addresses]
    return found
