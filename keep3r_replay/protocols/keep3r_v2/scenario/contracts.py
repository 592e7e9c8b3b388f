"""The contracts of a scenario, with what their constructors set: its own, or those of a lake."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.deployment import Contract, Deployment
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.contract.helper import USD_BASE_DECIMALS
from keep3r_replay.protocols.keep3r_v2.contract.state import ZERO_ADDRESS
from keep3r_replay.protocols.keep3r_v2.contract.versions import HELPER_RULES, KP3R_WETH_POOL, RULES
from keep3r_replay.protocols.keep3r_v2.scenario.actors import address_of
from keep3r_replay.protocols.keep3r_v2.scenario.feeds import fed_contracts, feed_times
from keep3r_replay.protocols.keep3r_v2.scenario.quantities import known, mapping, parameter, required, whole
from keep3r_replay.scenario.writer import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from keep3r_replay.protocols.keep3r_v2.scenario.script import Scenario


CHAIN_ID = 31_337
KP3R = "0x1ceb5cb57c4d4e2b2433641b95dd330a33185a44"
WRAPPED_KP3R = "0x74bcb73fa7010eb523a81fee2bb23eab3d12c2f8"
"""The KP3R of the sidechain, which bonds and payments are in; its pools are quoted by KP3R."""
WETH = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
USD_POOL = "usd_pool"
"""Name of the sidechain's pool of WETH and USD, which prices the gas."""
TICK_SPACINGS = {100: 1, 500: 10, 3_000: 60, 10_000: 200}
"""Distance of the usable ticks of a pool, by its fee in millionths."""

KEEP3R_CONSTRUCTOR = {
    "bondTime": "259200",
    "unbondTime": "1209600",
    "liquidityMinimum": "3000000000000000000",
    "rewardPeriodTime": "432000",
    "inflationPeriod": "2937600",
    "fee": "30",
}
"""What the contract's constructor sets in every version: seconds, wei, parts of 10,000."""


class PoolPlan(NamedTuple):
    """A pool: its tokens by name, in the pool's order; fee in millionths; its pair manager's name, empty for none."""

    token0: str
    token1: str
    fee: int = 10_000
    pair: str = ""


def deployment_of(scenario: Scenario) -> Deployment:
    """The contracts of a scenario: its own, or those of the lake that it names.

    Raises:
        UsageError: a parameter is unknown or no number, a pool can not be, or the named lake is of another version.
        LakeError: the named lake can not be read.
    """
    source = scenario.deployment or scenario.given
    if not source:
        return _own(scenario)
    if scenario.pools:
        raise UsageError(f"scenario.pools: the pools are those of {source}; name them by their addresses")
    deployment = Lake.open(Path(source)).deployment
    initial = {address: dict(state) for address, state in deployment.initial_state.items()}
    versions = {contract.version for contract in deployment.contracts if contract.role == "keep3r"}
    if versions != {scenario.version}:
        raise UsageError(f"{source}: is of Keep3r {' and '.join(sorted(versions))}, the scenario of {scenario.version}")
    keep3r = next(contract.address for contract in deployment.contracts if contract.role == "keep3r")
    helper = initial[keep3r]["keep3rHelper"]
    initial[keep3r] |= _changed(scenario.parameters, KEEP3R_CONSTRUCTOR, "scenario.parameters")
    initial[helper] |= _changed(scenario.helper, dict(HELPER_RULES[scenario.version].constructor), "scenario.helper")
    return replace(
        deployment,
        name=scenario.name,
        origin=ORIGIN,
        transactions="all",
        initial_state=initial,
        initial_state_block=0,
    )


def _own(scenario: Scenario) -> Deployment:
    version, sidechain = scenario.version, RULES[scenario.version].pool_from_helper
    keep3r, helper, escrow = (address_of(name, scenario.addresses) for name in ("keep3r", "helper", "escrow"))
    tokens = {"kp3r": WRAPPED_KP3R if sidechain else KP3R, "kp3r_in_pools": KP3R, "weth": WETH}
    governance = {"governance": address_of("governance", scenario.addresses), "pendingGovernance": ZERO_ADDRESS}
    state = KEEP3R_CONSTRUCTOR | _changed(scenario.parameters, KEEP3R_CONSTRUCTOR, "scenario.parameters") | governance
    proxy = escrow if sidechain else address_of("proxy", scenario.addresses)
    state |= {"keep3rV1": tokens["kp3r"], "keep3rV1Proxy": proxy, "keep3rHelper": helper}
    if RULES[version].refreshes_kp3r_weth_pool:
        state["kp3rWethPool"] = KP3R_WETH_POOL
    constants = dict(HELPER_RULES[version].constructor)
    if HELPER_RULES[version].has_usd_decimals:
        constants["usdDecimals"] = str(USD_BASE_DECIMALS)
    helper_state = constants | _changed(scenario.helper, constants, "scenario.helper") | {"keep3rV2": keep3r}
    if constants:
        helper_state |= governance | {"kp3rWethPool": _pool_and_order(KP3R_WETH_POOL)}
    pools = {"pool": PoolPlan("kp3r", "weth", pair="pair")}
    contracts = [Contract("keep3r", keep3r, version, {"from_block": 0}), Contract("keep3r_helper", helper, version)]
    if sidechain:
        pools[USD_POOL] = PoolPlan("weth", "usd", 500)
        contracts.append(Contract("escrow", escrow))
        decimals = [helper_state.pop("usdDecimals")] if HELPER_RULES[version].has_usd_decimals else []
        helper_state["wethUSDPool"] = _pool_and_order(address_of(USD_POOL, scenario.addresses), *decimals)
        state |= {"totalBonds": "0", "virtualReserves": "0"}
    pools |= planned_pools(scenario.pools, taken=(*pools, "pair", *_CONTRACTS))
    for name, plan in pools.items():
        contracts += _pool(name, plan, tokens, scenario.addresses)
    if scenario.feed:
        feed_times(scenario)
        oracle, *others = fed_contracts(KP3R, WETH, pools["pool"].fee, scenario.addresses)
        contracts = [*(_fed(each, oracle) for each in contracts), *others]
        helper_state["kp3rWethPool"] = _pool_and_order(oracle.address)
    _refuse_twins(contracts)
    initial = {keep3r: state, helper: helper_state}
    return Deployment(scenario.name, CHAIN_ID, ORIGIN, tokens, "all", tuple(contracts), initial, 0, "keep3r_v2")


_CONTRACTS = ("keep3r", "helper", "escrow", "kp3r", "weth", "governance")


def _pool_and_order(pool: str, *usd_decimals: str) -> str:
    return json.dumps([pool, "true", *usd_decimals], separators=(",", ":"))


def planned_pools(pools: Mapping[str, Any], taken: tuple[str, ...] = ()) -> dict[str, PoolPlan]:
    """The pools that a scenario adds, by name.

    Raises:
        UsageError: one has not two different tokens, an unknown fee, or a name that is taken.
    """
    plans: dict[str, PoolPlan] = {}
    names = set(taken)
    for name, content in pools.items():
        place = f"scenario.pools.{name}"
        values = mapping(content, place)
        known(values, ("tokens", "fee", "pair", "market"), place)
        tokens = required(values, "tokens", place)
        if not isinstance(tokens, (list, tuple)) or len({str(token) for token in tokens}) != 2 or len(tokens) != 2:
            raise UsageError(f"{place}.tokens: two different tokens are wanted, as [dai, kp3r], not {tokens!r}")
        fee = whole(values.get("fee", PoolPlan._field_defaults["fee"]), f"{place}.fee")
        if fee not in TICK_SPACINGS:
            raise UsageError(f"{place}.fee: no pool has {fee} millionths; there are {_listed(TICK_SPACINGS)}")
        plans[name] = PoolPlan(str(tokens[0]), str(tokens[1]), fee, str(values.get("pair") or ""))
        for each in (name, plans[name].pair):
            if each in names:
                raise UsageError(f"{place}: the name '{each}' is taken")
            names.update({each} - {""})
    return plans


def _pool(name: str, plan: PoolPlan, tokens: Mapping[str, str], addresses: Mapping[str, str]) -> list[Contract]:
    pool = KP3R_WETH_POOL if name == "pool" else address_of(name, addresses)
    # Bonds of the sidechain are in another token than its pools are of.
    in_pools = {**tokens, "kp3r": tokens["kp3r_in_pools"]}
    token0, token1 = (in_pools.get(token) or address_of(token, addresses) for token in plan[:2])
    facts = {"token0": token0, "token1": token1, "fee": plan.fee, "tick_spacing": TICK_SPACINGS[plan.fee]}
    made = [Contract("uniswap_v3_pool", pool, facts=facts)]
    if plan.pair:
        made.append(Contract("pair_manager", address_of(plan.pair, addresses), facts={"pool": pool}))
    return made


def _fed(contract: Contract, oracle: Contract) -> Contract:
    """A contract where mainnet feeds the price: the oracle stands for the pool, and its pair manager asks it."""
    if contract.address == KP3R_WETH_POOL:
        return oracle
    is_asking = contract.facts.get("pool") == KP3R_WETH_POOL
    return replace(contract, facts={**contract.facts, "pool": oracle.address}) if is_asking else contract


def _refuse_twins(contracts: list[Contract]) -> None:
    seen: set[str] = set()
    for contract in contracts:
        if contract.address in seen:
            raise UsageError(f"scenario.addresses: two contracts have the address {contract.address}")
        seen.add(contract.address)


def _listed(values: Mapping[int, int]) -> str:
    return ", ".join(str(value) for value in values)


def _changed(values: Mapping[str, Any], constants: Mapping[str, str], place: str) -> dict[str, str]:
    known(values, constants, place)
    return {name: str(parameter(name, value, f"{place}.{name}")) for name, value in values.items()}
