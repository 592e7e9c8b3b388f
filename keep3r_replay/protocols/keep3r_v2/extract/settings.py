"""What a YAML file of `conf/deployment` says of a deployment of Keep3r V2, beside what every deployment has."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - msgspec reads the annotations
from typing import Any

import msgspec

from keep3r_replay.dataset.settings import address, companions_of, settings_of
from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.contract.versions import RULES, configured_version

_COMPANIONS = ("pair_manager_factory", "escrow", "oracle_factory", "data_receiver")


class KnownKeep3r(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A Keep3r contract as configured: its address, its version, and the block of its creation (None to find it)."""

    address: str
    version: str
    from_block: int | None = None


class Keep3rV2Deployment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which contracts to follow. Addresses are in lower case, versions as `contract.versions` names them.

    Attributes:
        keep3r: address of Keep3r; empty if only pools are wanted.
        version: of Keep3r.
        from_block: the block in which Keep3r was created; None to find it.
        more_keep3r: further Keep3r contracts of the same deployment: its other versions.
        helper_versions: versions of known helpers by address; others are told apart by their views.
        pools: pools to follow beside those that Keep3r leads to.
        companions: other contracts to follow: addresses by role, `pair_manager_factory` or `escrow`.
        liquidities: pair managers that are approved, at least; where any is named, no other may be approved now.
        tokens: addresses by name: kp3r, kp3r_in_pools, weth; read from the contracts where absent.
        first_blocks: the block of creation of helpers, pools and companions by address; what is absent is searched for.
    """

    keep3r: str = ""
    version: str = ""
    from_block: int | None = None
    more_keep3r: tuple[KnownKeep3r, ...] = ()
    helper_versions: Mapping[str, str] = {}
    pools: tuple[str, ...] = ()
    companions: Mapping[str, tuple[str, ...]] = {}
    liquidities: tuple[str, ...] = ()
    tokens: Mapping[str, str] = {}
    first_blocks: Mapping[str, int] = {}

    @property
    def keep3rs(self) -> dict[str, KnownKeep3r]:
        """All Keep3r contracts by address, the first named first; empty if only pools are wanted."""
        first = (KnownKeep3r(self.keep3r, self.version, self.from_block),) if self.keep3r else ()
        return {known.address: known for known in (*first, *self.more_keep3r)}


def checked_settings(content: Mapping[str, Any]) -> Keep3rV2Deployment:
    """Check the settings of a deployment.

    Raises:
        UsageError: a setting is unknown or of a wrong type, an address is none, a role or a version is unknown, or
            there is nothing to follow.
    """
    raw = settings_of(content, Keep3rV2Deployment)
    if not raw.keep3r and not raw.pools:
        raise UsageError("deployment: say deployment.keep3r=ADDRESS or deployment.pools=[ADDRESS]")
    return Keep3rV2Deployment(
        keep3r=address(raw.keep3r) if raw.keep3r else "",
        version=_version(raw.version, of_keep3r=True) if raw.keep3r else "",
        from_block=raw.from_block,
        more_keep3r=tuple(
            KnownKeep3r(address(more.address), _version(more.version, of_keep3r=True), more.from_block)
            for more in raw.more_keep3r
        ),
        helper_versions={address(each): _version(version) for each, version in raw.helper_versions.items()},
        pools=tuple(map(address, raw.pools)),
        companions=companions_of(raw.companions, _COMPANIONS),
        liquidities=tuple(map(address, raw.liquidities)),
        tokens={name: address(each) for name, each in raw.tokens.items()},
        first_blocks={address(each): block for each, block in raw.first_blocks.items()},
    )


def _version(name: str, *, of_keep3r: bool = False) -> str:
    try:
        version = configured_version(name)
    except ValueError as error:
        raise UsageError(f"deployment: {error}") from None
    if of_keep3r and version not in RULES:
        raise UsageError(f"deployment: {name} is a version of the helper alone")
    return version
