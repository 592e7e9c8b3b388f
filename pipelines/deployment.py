"""The configuration group `deployment`: what a YAML file of `conf/deployment` says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from keep3r_replay.dataset.spec import ExtractionSpec, KnownKeep3r
from keep3r_replay.errors import UsageError
from pipelines.config import setting

_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_COMPANIONS = ("pair_manager_factory", "escrow")


class Version(Enum):
    """Versions by their names in configuration, where a bare 2.2 would be read as a number."""

    v2_0 = "2.0"
    v2_1 = "2.1"
    v2_2_first = "2.2_first"
    v2_2 = "2.2"
    v2_3 = "2.3"
    v2_3s = "2.3s"


@dataclass(frozen=True)
class MoreKeep3r:
    """A further Keep3r contract of a deployment."""

    address: str = setting("its address")
    version: Version = setting("its version")
    from_block: int | None = setting("block of its creation", default=None)


@dataclass(frozen=True)
class DeploymentConfig:
    """One deployment. See `keep3r_replay.dataset.spec.ExtractionSpec` for what each part means."""

    name: str = setting("its name, kept in the lake")
    chain_id: int = setting("the chain's number")
    keep3r: str = setting("address of Keep3r", default="")
    version: Version = setting("its version", default=Version.v2_2)
    from_block: int | None = setting("block of its creation", default=None)
    more_keep3r: list[MoreKeep3r] = setting("the deployment's other versions", default=[])
    search_from_block: int = setting("no contract is older than this block", default=0)
    helper_versions: dict[str, Version] = setting("versions of helpers by address", default={})
    pools: list[str] = setting("pools to follow beside those that Keep3r leads to", default=[])
    companions: dict[str, list[str]] = setting("other contracts to follow: addresses by role", default={})
    tokens: dict[str, str] = setting("token addresses by name", default={})
    partition_blocks: int = setting("blocks of a partition", default=100_000)


def spec_of(config: DeploymentConfig, *, detail: str) -> ExtractionSpec:
    """Turn the configuration into the facts of an extraction.

    Raises:
        UsageError: an address is none, a role is unknown, or there is nothing to follow.
    """
    addresses = [config.keep3r] if config.keep3r else []
    addresses += [
        *(more.address for more in config.more_keep3r),
        *config.helper_versions,
        *config.pools,
        *config.tokens.values(),
    ]
    addresses += [address for each in config.companions.values() for address in each]
    for address in addresses:
        if not _ADDRESS.fullmatch(address.lower()):
            raise UsageError(
                f"deployment {config.name}: {address[:60]!r} is no address; write it in quotes, 0x and 40 digits"
            )
    for role in config.companions:
        if role not in _COMPANIONS:
            raise UsageError(f"deployment {config.name}: unknown role {role!r}; known are {', '.join(_COMPANIONS)}")
    if not config.keep3r and not config.pools:
        raise UsageError(f"deployment {config.name}: say deployment.keep3r=ADDRESS or deployment.pools=[ADDRESS]")
    if config.partition_blocks < 1:
        raise UsageError("deployment.partition_blocks must be at least 1")
    return ExtractionSpec(
        name=config.name,
        chain_id=config.chain_id,
        keep3r=config.keep3r.lower(),
        version=config.version.value,
        from_block=config.from_block,
        search_from_block=config.search_from_block,
        helper_versions={address.lower(): version.value for address, version in config.helper_versions.items()},
        pools=tuple(pool.lower() for pool in config.pools),
        companions={address.lower(): role for role, each in config.companions.items() for address in each},
        tokens={name: address.lower() for name, address in config.tokens.items()},
        more_keep3r=tuple(
            KnownKeep3r(more.address.lower(), more.version.value, more.from_block) for more in config.more_keep3r
        ),
        partition_blocks=config.partition_blocks,
        detail=detail,
    )
