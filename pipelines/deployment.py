"""The configuration group `deployment`: what every YAML file of `conf/deployment` says; the rest is its protocol's."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from keep3r_replay.dataset.spec import ExtractionSpec
from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.registry import KEEP3R_V2, protocol_named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.replay.protocol import Protocol


_ADDRESS, _HASH = re.compile(r"0x[0-9a-fA-F]{40}"), re.compile(r"0x[0-9a-fA-F]{64}")


class DeploymentConfig(msgspec.Struct, frozen=True):
    """What every deployment has.

    Attributes:
        name: its name, kept in the lake.
        chain_id: the chain's number.
        protocol: what it is a deployment of; Keep3r V2 where a file says nothing.
        search_from_block: no contract is older than this block.
        partition_blocks: blocks of a partition.
        code_hashes: Keccak-256 of the deployed code by address, where the person who configures knows it: of a proxy,
            that of its implementation.
    """

    name: str
    chain_id: int
    protocol: str = KEEP3R_V2
    search_from_block: int = 0
    partition_blocks: int = 100_000
    code_hashes: dict[str, str] = {}


def spec_of(config: Mapping[str, Any], *, detail: str, follow: str = "bodies") -> tuple[ExtractionSpec, Protocol]:
    """Turn the configuration into the facts of an extraction, and the protocol that checks the rest of them.

    Raises:
        UsageError: a setting that every deployment has is missing or wrong, or there is no such protocol.
    """
    try:
        common = msgspec.convert(config, type=DeploymentConfig)
    except msgspec.ValidationError as error:
        raise UsageError(f"deployment: {error}") from None
    if common.partition_blocks < 1:
        raise UsageError("deployment.partition_blocks must be at least 1")
    if common.search_from_block < 0:
        raise UsageError("deployment.search_from_block cannot be negative")
    for address, code in common.code_hashes.items():
        if not _ADDRESS.fullmatch(address) or not _HASH.fullmatch(code):
            raise UsageError(
                f"deployment.code_hashes: {address!r:.60}: {code!r:.80}: an address and 32 bytes, in quotes"
            )
    twice = [name for name, count in Counter(address.lower() for address in common.code_hashes).items() if count > 1]
    if twice:
        raise UsageError(f"deployment.code_hashes: {twice[0]} stands there twice; say one hash for it")
    own = {key: value for key, value in config.items() if key not in DeploymentConfig.__struct_fields__}
    spec = ExtractionSpec(
        name=common.name,
        protocol=common.protocol,
        chain_id=common.chain_id,
        search_from_block=common.search_from_block,
        partition_blocks=common.partition_blocks,
        detail=detail,
        follow=follow,
        settings=own,
        code_hashes={address.lower(): code.lower() for address, code in common.code_hashes.items()},
    )
    return spec, protocol_named(common.protocol)
