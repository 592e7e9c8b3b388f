"""From a deployment to the model of its Keep3r V1, before the first event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.chainlink.feed import Feed
from keep3r_replay.errors import InputError
from keep3r_replay.protocols.keep3r_v1.contract.keep3r_v1_oracle import Keep3rV1Oracle
from keep3r_replay.protocols.keep3r_v1.contract.keep3r_v2_oracle import Keep3rV2Oracle
from keep3r_replay.protocols.keep3r_v1.contract.market import Market
from keep3r_replay.protocols.keep3r_v1.contract.state import ZERO_ADDRESS, Keep3rV1, Parameters
from keep3r_replay.protocols.keep3r_v1.contract.uniswap_v2_oracle import UniswapV2Oracle
from keep3r_replay.protocols.keep3r_v1.events import HELPER_VERSIONS
from keep3r_replay.protocols.keep3r_v1.replay.inner import inner_calls
from keep3r_replay.protocols.keep3r_v1.replay.replay import Keep3rV1Replay
from keep3r_replay.uniswap_v2.pair import Pair

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.journal import Journal
    from keep3r_replay.lake.deployment import Contract, Deployment
    from keep3r_replay.lake.reader import Lake

WITH_LOGS = "with_logs"
"""What a deployment says of a lake that holds no transactions without logs."""
_REMEDY = "import or extract it again"


def replay_of(
    deployment: Deployment, root: Contract, source: str, journal: Journal, *, inputs: bool = True
) -> Keep3rV1Replay:
    """The replay of `root` before its first event; `source` is the file that the deployment stands in.

    Raises:
        InputError: the deployment lacks a contract or a parameter.
    """
    try:
        parameters = _parameters(deployment.initial_state[root.address])
        market = _market(deployment, root)
    except KeyError as error:
        raise InputError(source, f"the deployment does not tell {error}", remedy=_REMEDY) from None
    kp3r = Keep3rV1(root.address, parameters, market)
    return Keep3rV1Replay(kp3r, _oracle_jobs(deployment), journal, inputs=inputs)


def replay_of_lake(lake: Lake, root: Contract, journal: Journal) -> Keep3rV1Replay:
    """The replay of `root` before its first event, with what the lake tells of transactions.

    Raises:
        InputError: the deployment lacks a contract or a parameter.
    """
    source = str(lake.path / "deployment.json")
    replay = replay_of(lake.deployment, root, source, journal, inputs=lake.has("transactions"))
    replay.context.silent_calls = replay.context.inputs and lake.deployment.transactions != WITH_LOGS
    replay.context.inner = inner_calls(lake)
    return replay


def _parameters(state: Mapping[str, str]) -> Parameters:
    constants = Parameters(state["governance"], state["KPRH"])
    constants.pending_governance = state.get("pendingGovernance", ZERO_ADDRESS)
    for field, view in (
        ("bond_time", "BOND"),
        ("unbond_time", "UNBOND"),
        ("liquidity_bond_time", "LIQUIDITYBOND"),
        ("fee", "FEE"),
        ("base", "BASE"),
    ):
        if view in state:
            setattr(constants, field, int(state[view]))
    return constants


def _market(deployment: Deployment, root: Contract) -> Market:
    of_role: dict[str, list[Contract]] = {}
    for contract in deployment.contracts:
        of_role.setdefault(contract.role, []).append(contract)
    feeds = of_role.get("fastgas", [])
    feed = _feed(deployment, feeds[0].address if feeds else ZERO_ADDRESS)
    market = Market(root.address, deployment.tokens["weth"], deployment.tokens["kp3r_weth"], feed)
    for contract in of_role.get("uniswap_v2_pair", []):
        facts = contract.facts
        market.pairs[contract.address] = Pair(contract.address, facts["token0"], facts["token1"])
    helpers = of_role.get("keep3r_v1_helper", [])
    ordered = sorted(helpers, key=lambda each: (HELPER_VERSIONS.index(each.version), each.address))
    market.take_helpers({contract.address: contract.version for contract in ordered})
    for contract in of_role.get("uniswap_v2_oracle", [])[:1]:
        market.uniswap_v2_oracle = UniswapV2Oracle(contract.address)
    for contract in of_role.get("keep3r_v1_oracle", [])[:1]:
        state = {**deployment.initial_state.get(root.address, {}), **deployment.initial_state.get(contract.address, {})}
        market.v1_oracle = Keep3rV1Oracle(
            contract.address, int(state.get("minKeep", state.get("k1oMinKeep", 200 * 10**18)))
        )
    factories = of_role.get("keep3r_v2_oracle_factory", [])
    for contract in of_role.get("keep3r_v2_oracle", [])[:1]:
        factory = factories[0].address if factories else ZERO_ADDRESS
        market.v2_oracle = Keep3rV2Oracle(contract.address, contract.facts["pair"], factory)
    return market


def _feed(deployment: Deployment, proxy: str) -> Feed:
    """The feed as the history begins: its aggregator and its answer, where a node gave them."""
    feed = Feed(proxy)
    state = deployment.initial_state.get(proxy, {})
    aggregator = state.get("aggregator", ZERO_ADDRESS)
    if aggregator != ZERO_ADDRESS:
        feed.aggregator = aggregator
        feed.answers[aggregator] = int(state.get("latestAnswer", 0))
    return feed


def _oracle_jobs(deployment: Deployment) -> dict[str, str]:
    """The oracle that each job which updates oracles works for: itself, or the one that a factory made."""
    jobs = {
        contract.address: contract.address
        for contract in deployment.contracts
        if contract.role in {"uniswap_v2_oracle", "keep3r_v1_oracle"}
    }
    made = [contract.address for contract in deployment.contracts if contract.role == "keep3r_v2_oracle"]
    for contract in deployment.contracts:
        if contract.role == "keep3r_v2_oracle_factory" and made:
            jobs[contract.address] = made[0]
    return jobs
