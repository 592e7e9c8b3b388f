"""`meta.json` of a recording of Keep3r V1: which contracts there are, and what their constructors set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from keep3r_replay.dataset.values import value_text
from keep3r_replay.errors import InputError
from keep3r_replay.lake.deployment import Contract, Deployment
from keep3r_replay.protocols.keep3r_v1.events import ROOT
from keep3r_replay.recording.deployment import deployment_recorded
from keep3r_replay.recording.files import REMEDY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")

HELPERS = {"seed": "seed", "launch": "launch", "h1530": "h1530", "h24e1": "h24e1", "h2720": "h2720"}
"""Versions of helpers by their names in `meta.json`."""


class Meta(msgspec.Struct):
    """The part of `meta.json` that an import needs. Helpers in force and aggregators in force are not among it."""

    name: str
    version: str
    chainId: int
    keep3rV1: str
    library: str
    weth: str
    factory: str
    router: str
    fastgas: str
    fastgasAggregators: list[str]
    uniswapV2Oracle: str
    keep3rV1Oracle: str
    keep3rV2Oracle: str
    keep3rV2OracleFactory: str
    helpers: dict[str, str]
    pairs: dict[str, str]
    pairToken0: list[str]
    governance: str
    tokens: dict[str, str]
    deploymentBlock: int
    initialParameters: dict[str, Any]
    governanceContract: str | None = None


def read_meta(path: Path, content: Mapping[str, Any]) -> Meta:
    """Check the parsed `meta.json`.

    Raises:
        InputError: a part is missing or of a wrong type.
    """
    try:
        meta = msgspec.convert(dict(content), type=Meta)
    except msgspec.ValidationError as error:
        raise InputError(path, f"wrong type: {error}", remedy=REMEDY) from None
    if len(meta.pairs) != len(meta.pairToken0):
        raise InputError(path, "pairs and pairToken0 are not of one length", place="pairToken0", remedy=REMEDY)
    named: dict[str, str] = {
        name: value for name in meta.__struct_fields__ if isinstance(value := getattr(meta, name), str)
    }
    named = {name: value for name, value in named.items() if name not in {"name", "version"}}
    for group in ("helpers", "pairs", "tokens"):
        named |= {f"{group}.{name}": value for name, value in getattr(meta, group).items()}
    for group in ("fastgasAggregators", "pairToken0"):
        named |= {f"{group}[{i}]": value for i, value in enumerate(getattr(meta, group))}
    for place, address in named.items():
        if not _ADDRESS.fullmatch(address):
            raise InputError(path, f"{address[:80]!r} is no address", place=place, remedy=REMEDY)
    for name in ("KPRH", "governance"):
        if not _ADDRESS.fullmatch(str(meta.initialParameters.get(name))):
            raise InputError(path, f"{name} is no address", place="initialParameters", remedy=REMEDY)
    return meta


def recorded_deployment(path: Path, meta: Meta, created: Mapping[str, tuple[str, str]]) -> Deployment:
    """Return the deployment that a recording is of.

    Args:
        path: of `meta.json`, for messages.
        meta: its content.
        created: both tokens by pair, from the factory's logs.

    Raises:
        InputError: two contracts have one address, or a pair's tokens are not known.
    """
    contracts = [
        Contract(ROOT, meta.keep3rV1.lower(), meta.version, {"from_block": meta.deploymentBlock}),
        Contract("keep3r_v1_library", meta.library.lower()),
        Contract("weth", meta.weth.lower()),
        Contract("uniswap_v2_factory", meta.factory.lower()),
        Contract("uniswap_v2_router", meta.router.lower()),
        Contract("fastgas", meta.fastgas.lower()),
        Contract("uniswap_v2_oracle", meta.uniswapV2Oracle.lower()),
        Contract("keep3r_v1_oracle", meta.keep3rV1Oracle.lower()),
        Contract("keep3r_v2_oracle_factory", meta.keep3rV2OracleFactory.lower()),
    ]
    main = meta.pairs.get("kp3rWeth", "").lower()
    contracts.append(Contract("keep3r_v2_oracle", meta.keep3rV2Oracle.lower(), facts={"pair": main}))
    contracts += [Contract("chainlink_aggregator", each.lower()) for each in meta.fastgasAggregators]
    contracts += [
        Contract("keep3r_v1_helper", address.lower(), _version(path, name)) for name, address in meta.helpers.items()
    ]
    contracts += [Contract("token", each.lower()) for each in meta.tokens.values()]
    if meta.governanceContract:
        contracts.append(Contract("keep3r_v1_governance", meta.governanceContract.lower()))
    for address, token0 in zip(meta.pairs.values(), meta.pairToken0, strict=True):
        tokens = created.get(address.lower())
        if tokens is None or tokens[0] != token0.lower():
            raise InputError(path, f"the factory did not log the pair {address}", place="pairs", remedy=REMEDY)
        contracts.append(Contract("uniswap_v2_pair", address.lower(), facts={"token0": tokens[0], "token1": tokens[1]}))
    kp3r = meta.keep3rV1.lower()
    named = {"kp3r": kp3r, "weth": meta.weth.lower(), "kp3r_weth": main}
    initial_state = {kp3r: _parameters(path, meta.initialParameters)}
    return deployment_recorded(path, (meta.name, meta.chainId), named, contracts, initial_state, meta.deploymentBlock)


def _version(path: Path, name: str) -> str:
    if name not in HELPERS:
        raise InputError(
            path, f"unknown helper {name[:40]!r}", place="helpers", remedy=f"known are {', '.join(HELPERS)}"
        )
    return HELPERS[name]


def _parameters(path: Path, values: Mapping[str, Any]) -> dict[str, str]:
    try:
        return {name: value_text(value) for name, value in values.items()}
    except ValueError as error:
        raise InputError(path, str(error), place="initialParameters", remedy=REMEDY) from None
