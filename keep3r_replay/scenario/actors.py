"""Who takes part: contracts with what their constructors set, and addresses of everybody by name."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.abi import keccak256
from keep3r_replay.keep3r_v2.state import ZERO_ADDRESS
from keep3r_replay.keep3r_v2.versions import KP3R_WETH_POOL
from keep3r_replay.lake.deployment import Contract, Deployment
from keep3r_replay.lake.reader import Lake
from keep3r_replay.recording.meta import HELPER_CONSTRUCTORS
from keep3r_replay.scenario.quantities import amount, known

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from keep3r_replay.scenario.script import Scenario

ORIGIN = "simulation"
CHAIN_ID = 31_337
KP3R = "0x1ceb5cb57c4d4e2b2433641b95dd330a33185a44"
WETH = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
POOL_FEE, TICK_SPACING = 10_000, 200
"""Of the KP3R/WETH pool: its fee in millionths, and the distance of its usable ticks."""

KEEP3R_CONSTRUCTOR = {
    "bondTime": "259200",
    "unbondTime": "1209600",
    "liquidityMinimum": "3000000000000000000",
    "rewardPeriodTime": "432000",
    "inflationPeriod": "2937600",
    "fee": "30",
}
"""What the contract's constructor sets in every version: seconds, wei, parts of 10,000."""

_ADDRESS = re.compile(r"0x[0-9a-f]{40}")


def made_address(name: str) -> str:
    """The address that a name stands for, where none is given: always the same."""
    return "0x" + keccak256(b"keep3r_replay scenario: " + name.encode())[-20:].hex()


def deployment_of(scenario: Scenario) -> Deployment:
    """The contracts of a scenario: its own, or those of the lake that it names.

    Raises:
        UsageError: a parameter is unknown or no number, or the named lake is of another version.
        LakeError: the named lake can not be read.
    """
    source = scenario.deployment or scenario.given
    if not source:
        return _own(scenario)
    deployment = Lake.open(Path(source)).deployment
    initial = {address: dict(state) for address, state in deployment.initial_state.items()}
    versions = {contract.version for contract in deployment.contracts if contract.role == "keep3r"}
    if versions != {scenario.version}:
        raise UsageError(f"{source}: is of Keep3r {' and '.join(sorted(versions))}, the scenario of {scenario.version}")
    keep3r = next(contract.address for contract in deployment.contracts if contract.role == "keep3r")
    helper = initial[keep3r]["keep3rHelper"]
    initial[keep3r] |= _changed(scenario.parameters, KEEP3R_CONSTRUCTOR, "scenario.parameters")
    initial[helper] |= _changed(scenario.helper, HELPER_CONSTRUCTORS[scenario.version], "scenario.helper")
    return replace(deployment, name=scenario.name, origin=ORIGIN, transactions="all", initial_state=initial)


def _own(scenario: Scenario) -> Deployment:
    keep3r, helper, pair = (made_address(name) for name in ("keep3r", "helper", "pair"))
    governance = {"governance": made_address("governance"), "pendingGovernance": ZERO_ADDRESS}
    state = KEEP3R_CONSTRUCTOR | _changed(scenario.parameters, KEEP3R_CONSTRUCTOR, "scenario.parameters")
    state |= governance | {"keep3rV1": KP3R, "keep3rV1Proxy": made_address("proxy"), "keep3rHelper": helper}
    if scenario.version != "2.3":
        state["kp3rWethPool"] = KP3R_WETH_POOL
    constants = HELPER_CONSTRUCTORS[scenario.version]
    helper_state = constants | _changed(scenario.helper, constants, "scenario.helper") | {"keep3rV2": keep3r}
    if constants:
        helper_state |= governance | {"kp3rWethPool": json.dumps([KP3R_WETH_POOL, "true"], separators=(",", ":"))}
    pool_facts = {"token0": KP3R, "token1": WETH, "fee": POOL_FEE, "tick_spacing": TICK_SPACING}
    contracts = (
        Contract("keep3r", keep3r, scenario.version, {"from_block": 0}),
        Contract("keep3r_helper", helper, scenario.version),
        Contract("pair_manager", pair, facts={"pool": KP3R_WETH_POOL}),
        Contract("uniswap_v3_pool", KP3R_WETH_POOL, facts=pool_facts),
    )
    tokens = {"kp3r": KP3R, "kp3r_in_pools": KP3R, "weth": WETH}
    initial = {keep3r: state, helper: helper_state}
    return Deployment(scenario.name, CHAIN_ID, ORIGIN, tokens, "all", contracts, initial, 0)


def _changed(values: Mapping[str, Any], constants: Mapping[str, str], place: str) -> dict[str, str]:
    known(values, constants, place)
    numbers = {name: amount(value, f"{place}.{name}") for name, value in values.items()}
    for name in ("rewardPeriodTime", "inflationPeriod"):
        if numbers.get(name) == 0:
            raise UsageError(f"{place}.{name}: a period of 0 divides by zero")
    return {name: str(number) for name, number in numbers.items()}


class Actors:
    """Addresses by name: those that are given, the deployment's contracts and tokens, else one made of the name.

    Contracts go by `keep3r`, `helper`, `pool` (the first that a pair manager holds), `pair`; tokens by `kp3r`, `weth`.
    """

    def __init__(self, deployment: Deployment, given: Mapping[str, str]) -> None:
        of_role = {role: [each for each in deployment.contracts if each.role == role] for role in _ROLES.values()}
        pair = of_role["pair_manager"][0]
        keep3r = of_role["keep3r"][0].address
        self._addresses = {
            "keep3r": keep3r,
            "helper": deployment.initial_state[keep3r]["keep3rHelper"],
            "pair": pair.address,
            "pool": str(pair.facts["pool"]),
            "governance": deployment.initial_state[keep3r]["governance"],
            **deployment.tokens,
            **given,
        }
        for name, address in self._addresses.items():
            if not _ADDRESS.fullmatch(address):
                raise UsageError(f"scenario.addresses.{name}: {address!r} is no address")

    def __getitem__(self, name: str) -> str:
        if not isinstance(name, str):
            raise UsageError(f"{name!r} names nobody: an actor is a text")
        text = name.lower()
        return text if _ADDRESS.fullmatch(text) else self._addresses.get(name) or made_address(name)


_ROLES = {"keep3r": "keep3r", "pair": "pair_manager"}
