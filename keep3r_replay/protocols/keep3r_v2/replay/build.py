"""A Keep3r contract before its first event: what a deployment tells of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keep3r_replay.errors import InputError
from keep3r_replay.protocols.keep3r_v2.contract.helper import ONE_ETHER, USD_BASE_DECIMALS, Helper, HelperParameters
from keep3r_replay.protocols.keep3r_v2.contract.job_liquidity import set_kp3r_weth_pool
from keep3r_replay.protocols.keep3r_v2.contract.state import ZERO_ADDRESS, Keep3r, Parameters
from keep3r_replay.protocols.keep3r_v2.contract.versions import HELPER_RULES, KP3R_WETH_POOL, RULES
from keep3r_replay.sidechain_oracle.events import ORACLE
from keep3r_replay.sidechain_oracle.oracle import SidechainOracle
from keep3r_replay.uniswap_v3.oracle import Pool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.lake.deployment import Contract, Deployment


def build(deployment: Deployment, contract: Contract, source: str) -> Keep3r:
    """The contract with its parameters, pools, helpers and escrows; `source` is the file that they stand in.

    Raises `InputError` for a version without a model, `KeyError` for what the deployment does not tell.
    """
    if contract.version not in RULES:
        raise InputError(
            source, f"no model of Keep3r {contract.version}", remedy=f"this version replays {' and '.join(RULES)}"
        )
    state = deployment.initial_state
    keep3r = Keep3r(
        contract.address,
        contract.version,
        RULES[contract.version],
        _parameters(state[contract.address]),
        deployment.tokens["kp3r_in_pools"],
    )
    for other in deployment.contracts:
        if other.role == "uniswap_v3_pool":
            keep3r.pools[other.address] = Pool(
                other.address,
                other.facts["token0"],
                other.facts["token1"],
                int(other.facts["tick_spacing"]),
                int(other.facts["fee"]) if "fee" in other.facts else None,
            )
        elif other.role == ORACLE:
            oracle = SidechainOracle(other.address, other.facts["token0"], other.facts["token1"])
            keep3r.pools[other.address] = oracle
        elif other.role == "pair_manager":
            keep3r.pair_pools[other.address] = other.facts["pool"]
        elif other.role == "keep3r_helper":
            keep3r.helpers[other.address] = _helper(
                other, state[other.address], keep3r.pools, keep3r.kp3r_in_pools, source
            )
    keep3r.escrows = frozenset(other.address for other in deployment.contracts if other.role == "escrow")
    reserves = state[contract.address].get("virtualReserves")
    if reserves is not None and keep3r.parameters.keep3r_v1_proxy in keep3r.escrows:
        keep3r.escrow_balances[keep3r.parameters.keep3r_v1_proxy, keep3r.parameters.keep3r_v1] = int(reserves)
    pool = keep3r.parameters.kp3r_weth_pool
    if pool != ZERO_ADDRESS:
        set_kp3r_weth_pool(keep3r, pool)
    return keep3r


def _parameters(state: Mapping[str, str]) -> Parameters:
    return Parameters(
        bond_time=int(state["bondTime"]),
        unbond_time=int(state["unbondTime"]),
        liquidity_minimum=int(state["liquidityMinimum"]),
        reward_period_time=int(state["rewardPeriodTime"]),
        inflation_period=int(state["inflationPeriod"]),
        fee=int(state["fee"]),
        governance=state["governance"],
        pending_governance=state.get("pendingGovernance", ZERO_ADDRESS),
        keep3r_v1=state["keep3rV1"],
        keep3r_v1_proxy=state["keep3rV1Proxy"],
        keep3r_helper=state["keep3rHelper"],
        kp3r_weth_pool=state.get("kp3rWethPool", ZERO_ADDRESS),
    )


def _helper(contract: Contract, state: Mapping[str, str], pools: dict[str, Pool], kp3r: str, source: str) -> Helper:
    if contract.version not in HELPER_RULES:
        raise InputError(source, f"no model of the Keep3rHelper of version {contract.version}")
    rules = HELPER_RULES[contract.version]
    if rules.is_constant:
        order = pools[KP3R_WETH_POOL].token0 == kp3r if KP3R_WETH_POOL in pools else True
        parameters = HelperParameters(11_000, 12_000, 200 * ONE_ETHER, 0, 0, KP3R_WETH_POOL, order, state["keep3rV2"])
    else:
        pool, is_kp3r_token0 = json.loads(state["kp3rWethPool"])
        usd_pool, is_weth_token0, *usd_decimals = json.loads(state.get("wethUSDPool", '["", false]'))
        parameters = HelperParameters(
            min_boost=int(state["minBoost"]),
            max_boost=int(state["maxBoost"]),
            target_bond=int(state["targetBond"]),
            work_extra_gas=int(state["workExtraGas"]),
            quote_twap_time=int(state["quoteTwapTime"]),
            kp3r_weth_pool=pool,
            is_kp3r_token0=is_kp3r_token0 in (True, "true"),
            keep3r_v2=state["keep3rV2"],
            governance=state["governance"],
            pending_governance=state.get("pendingGovernance", ZERO_ADDRESS),
            min_base_fee=int(state.get("minBaseFee", "0")),
            min_priority_fee=int(state.get("minPriorityFee", "0")),
            weth_usd_pool=usd_pool,
            is_weth_token0=is_weth_token0 in (True, "true"),
            usd_decimals=int(usd_decimals[0]) if usd_decimals else USD_BASE_DECIMALS,
        )
    return Helper(contract.address, rules, parameters, pools)
