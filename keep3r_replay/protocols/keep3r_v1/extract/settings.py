"""What a YAML file of `conf/deployment` says of a deployment of Keep3r V1, beside what every deployment has."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - msgspec reads the annotations
from typing import Any

import msgspec

from keep3r_replay.dataset.settings import address, companions_of, settings_of
from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v1.events import HELPER_VERSIONS, ROOT

_SINGLE = {
    "keep3r": ROOT,
    "fastgas": "fastgas",
    "library": "keep3r_v1_library",
    "uniswap_v2_oracle": "uniswap_v2_oracle",
    "keep3r_v1_oracle": "keep3r_v1_oracle",
    "keep3r_v2_oracle": "keep3r_v2_oracle",
    "keep3r_v2_oracle_factory": "keep3r_v2_oracle_factory",
    "kp3r_weth": "uniswap_v2_pair",
}
"""Settings that name one contract, and its role."""
_SEVERAL = {
    "governance": "keep3r_v1_governance",
    "feed_owners": "fastgas_owner",
    "aggregators": "chainlink_aggregator",
    "pairs": "uniswap_v2_pair",
    "tokens": "token",
}
"""Settings that name several contracts, and their role."""
COMPANIONS = ("uniswap_v2_factory", "uniswap_v2_router", "weth")
"""Roles that a deployment may follow beside: nothing in the model needs their logs."""


class Keep3rV1Deployment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which contracts to follow. Addresses are in lower case; empty where a deployment has none.

    Attributes:
        keep3r: Keep3r V1, which is the token KP3R.
        weth: the token WETH; its own logs are not followed.
        kp3r_weth: the pair that the first two oracles quote KP3R from.
        helpers: addresses by version (`contract.helpers`).
        governance: contracts that govern or governed, beside those that calls name; accounts need not be said.
        feed_owners: contracts that own the feed's proxy, through which its aggregator is changed.
        jobs: whether jobs are followed: their logs, and what is sent to them.
        companions: further contracts by role.
        left_out: contracts that are never followed, whoever names them: busy tokens, jobs that are much else beside.
        from_block: the block in which Keep3r V1 was created; None to find it.
    """

    keep3r: str
    weth: str
    kp3r_weth: str
    fastgas: str
    helpers: Mapping[str, str]
    library: str = ""
    uniswap_v2_oracle: str = ""
    keep3r_v1_oracle: str = ""
    keep3r_v2_oracle: str = ""
    keep3r_v2_oracle_factory: str = ""
    governance: tuple[str, ...] = ()
    feed_owners: tuple[str, ...] = ()
    aggregators: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    jobs: bool = True
    companions: Mapping[str, tuple[str, ...]] = {}
    left_out: tuple[str, ...] = ()
    from_block: int | None = None

    def named(self) -> list[tuple[str, str]]:
        """Role and address of every contract that the settings name, each once."""
        return list(dict.fromkeys((role, address) for _, role, address in self.named_by_setting()))

    def named_by_setting(self) -> list[tuple[str, str, str]]:
        """Setting, role and address of every contract that the settings name."""
        found = [(name, role, getattr(self, name)) for name, role in _SINGLE.items()]
        found += [(name, role, address) for name, role in _SEVERAL.items() for address in getattr(self, name)]
        found += [(f"helpers.{name}", "keep3r_v1_helper", address) for name, address in self.helpers.items()]
        found += [
            (f"companions.{role}", role, each) for role, addresses in self.companions.items() for each in addresses
        ]
        return [each for each in found if each[2]]


def checked_settings(content: Mapping[str, Any]) -> Keep3rV1Deployment:
    """Check the settings of a deployment.

    Raises:
        UsageError: a setting is missing, unknown or of a wrong type, an address is none, or a role or version unknown.
    """
    raw = settings_of(content, Keep3rV1Deployment)
    for version in raw.helpers:
        if version not in HELPER_VERSIONS:
            raise UsageError(f"deployment.helpers: no version {version!r}; there are {', '.join(HELPER_VERSIONS)}")
    for name in ("keep3r", "weth", "kp3r_weth", "fastgas"):
        if not getattr(raw, name):
            raise UsageError(f"deployment: say deployment.{name}=ADDRESS")
    singles = {name: address(getattr(raw, name)) for name in (*_SINGLE, "weth") if getattr(raw, name)}
    several = {name: tuple(map(address, getattr(raw, name))) for name in (*_SEVERAL, "left_out")}
    return msgspec.structs.replace(
        raw,
        **singles,
        **several,
        helpers={version: address(each) for version, each in raw.helpers.items()},
        companions=companions_of(raw.companions, COMPANIONS),
    )
