"""`meta.json` of a recording: which contracts there are, of which version, and what their constructors set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from keep3r_replay.dataset.values import value_text
from keep3r_replay.errors import InputError
from keep3r_replay.lake.deployment import Contract, Deployment
from keep3r_replay.protocols.keep3r_v2.contract.versions import FIRST_HELPERS, HELPER_RULES, RULES
from keep3r_replay.protocols.keep3r_v2.recording.readings import is_derived
from keep3r_replay.recording.deployment import deployment_recorded
from keep3r_replay.recording.files import REMEDY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_NOBODY = "0x" + "00" * 20


class _Pool(msgspec.Struct):
    address: str
    token0: str
    token1: str
    fee: int
    spacing: int


class _Liquidity(msgspec.Struct):
    address: str
    pool: str


class _InitialParameters(msgspec.Struct):
    keep3r: dict[str, Any]
    helper: dict[str, Any]
    readAtBlock: int


class Meta(msgspec.Struct):
    """The part of `meta.json` that an import needs."""

    name: str
    version: str
    chainId: int
    keep3r: str
    helper: str
    kp3r: str
    kp3r_in_pools: str
    weth: str
    governance: str
    pairManagerFactory: str
    pools: dict[str, _Pool]
    liquidities: list[_Liquidity]
    keep3rDeploymentBlock: int
    initialParameters: _InitialParameters
    helper2: str | None = None
    escrow: str | None = None


def checked_meta(path: Path, content: Mapping[str, Any]) -> Meta:
    """Check the content of `meta.json`; `path` is for messages.

    Raises:
        InputError: a part is missing, of a wrong type, or of an unknown version.
    """
    try:
        meta = msgspec.convert(content, type=Meta)
    except msgspec.ValidationError as error:
        raise InputError(path, f"wrong type: {error}", remedy=REMEDY) from None
    if meta.version not in RULES:
        known = ", ".join(RULES)
        raise InputError(path, f"unknown version {meta.version!r}", place="version", remedy=f"known are {known}")
    addresses = {
        "keep3r": meta.keep3r,
        "helper": meta.helper,
        "helper2": meta.helper2,
        "escrow": meta.escrow,
        "kp3r": meta.kp3r,
        "kp3r_in_pools": meta.kp3r_in_pools,
        "weth": meta.weth,
        "governance": meta.governance,
        "pairManagerFactory": meta.pairManagerFactory,
    }
    for name, pool in meta.pools.items():
        addresses |= {f"pools.{name}.{key}": getattr(pool, key) for key in ("address", "token0", "token1")}
    for i, liquidity in enumerate(meta.liquidities):
        addresses |= {f"liquidities[{i}].{key}": getattr(liquidity, key) for key in ("address", "pool")}
    for place, address in addresses.items():
        if address is not None and not _ADDRESS.fullmatch(address):
            raise InputError(path, f"{address[:80]!r} is no address", place=place, remedy=REMEDY)
    return meta


def recorded_deployment(path: Path, meta: Meta, pairs: dict[str, str]) -> Deployment:
    """Return the deployment that a recording is of.

    Args:
        path: of `meta.json`, for messages.
        meta: its content.
        pairs: pools by pair manager, from the `PairCreated` logs.

    Raises:
        InputError: an initial parameter has a wrong type, or two contracts have one address.
    """
    contracts = [_keep3r(meta), *_helpers(meta)]
    contracts += [
        Contract(
            "uniswap_v3_pool",
            pool.address.lower(),
            facts={
                "token0": pool.token0.lower(),
                "token1": pool.token1.lower(),
                "fee": pool.fee,
                "tick_spacing": pool.spacing,
            },
        )
        for pool in meta.pools.values()
    ]
    managers = {liquidity.address.lower(): liquidity.pool.lower() for liquidity in meta.liquidities} | pairs
    contracts += [Contract("pair_manager", address, facts={"pool": pool}) for address, pool in managers.items()]
    contracts.append(Contract("pair_manager_factory", meta.pairManagerFactory.lower()))
    if meta.escrow:
        contracts.append(Contract("escrow", meta.escrow.lower()))
    tokens = {"kp3r": meta.kp3r.lower(), "kp3r_in_pools": meta.kp3r_in_pools.lower(), "weth": meta.weth.lower()}
    initial_state, block = _initial_state(path, meta), meta.initialParameters.readAtBlock
    return deployment_recorded(path, (meta.name, meta.chainId), tokens, contracts, initial_state, block)


def _keep3r(meta: Meta) -> Contract:
    return Contract("keep3r", meta.keep3r.lower(), meta.version, {"from_block": meta.keep3rDeploymentBlock})


def _helpers(meta: Meta) -> list[Contract]:
    helpers = [Contract("keep3r_helper", meta.helper.lower(), meta.version)]
    if meta.helper2:
        helpers.append(Contract("keep3r_helper", meta.helper2.lower(), _second_helper_version(meta)))
    return helpers


def _second_helper_version(meta: Meta) -> str:
    # Recordings swap the present helper with the first one, as mainnet did, or with another of the same kind.
    return FIRST_HELPERS.get(meta.version, meta.version)


def _initial_state(path: Path, meta: Meta) -> dict[str, dict[str, str]]:
    recorded = meta.initialParameters
    state = {
        meta.keep3r.lower(): _parameters(path, "initialParameters.keep3r", recorded.keep3r),
        meta.helper.lower(): _parameters(path, "initialParameters.helper", recorded.helper),
    }
    if meta.helper2:
        helper = state[meta.helper.lower()]
        constants = HELPER_RULES[_second_helper_version(meta)].constructor
        # What both helpers' constructors are given is alike; governance has none pending at first.
        given: dict[str, str] = {
            key: helper[key] for key in ("keep3rV2", "kp3rWethPool", "wethUSDPool") if key in helper
        }
        if constants:
            given |= {"governance": meta.governance.lower(), "pendingGovernance": _NOBODY}
        state[meta.helper2.lower()] = {**constants, **given}
    return state


def _parameters(path: Path, place: str, values: dict[str, Any]) -> dict[str, str]:
    """Keep the parameters; leave out what depends on them: quotes, boosts, payments."""
    parameters = {}
    for name, value in values.items():
        if is_derived(name):
            continue
        try:
            parameters[name] = value_text(value)
        except ValueError as error:
            raise InputError(path, str(error), place=f"{place}.{name}", remedy=REMEDY) from None
    return parameters
