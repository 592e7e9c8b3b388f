"""Keep3r 2.0, 2.1 and 2.2 of mainnet one after the other, simulated on one chain and one market.

A recording of each version has a history of its own of the pool that they share on mainnet, so recordings can not stand
in sequence. The scenarios below can: each goes on with the pool, and with the pair manager's tokens, that the former
one left. Blocks stand at mainnet's heights; between them there are empty ones.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.lake.deployment import Contract, Deployment
from keep3r_replay.protocols.keep3r_v2.contract.versions import HELPER_RULES
from keep3r_replay.protocols.keep3r_v2.events import EVENTS
from keep3r_replay.protocols.keep3r_v2.scenario.contracts import deployment_of
from keep3r_replay.protocols.keep3r_v2.scenario.schedule import schedule
from keep3r_replay.protocols.keep3r_v2.scenario.script import scenario_from
from keep3r_replay.protocols.keep3r_v2.scenario.simulator import CALLS
from keep3r_replay.protocols.keep3r_v2.scenario.world import World
from keep3r_replay.scenario.chain import Chain

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2

POOL = "0x11b7a6bc0259ed6cf9db8f499988f9ecc7167bf5"
POOL_HEIGHT = 13_500_000
FACTORIES = ("0x005634cfef45e5a19c84aede6f0af17833471852", "0x053d7dd4dde2b5e4f6146476b95ea8c62cd7c428")
PAIRS = ("0xfbba1784163212e7b639ed9e434e3aed48036b34", "0x3f6740b5898c5d3650ec6eace9a649ac791e44d7")
LAST_HELPER, LAST_HELPER_HEIGHT = "0xedde080e28eb53532bd1804de51bd9cd5cadf0d4", 15_436_027
REWARD_PERIOD = 432_000
BASE_FEE = 30_000_000_000
_APART = 6_000_000
"""Seconds from the last block of a version to the first of the next: more than blocks between them."""


class Version(NamedTuple):
    """A Keep3r contract on mainnet: its version, its helper's, addresses, the pair manager, and its first block."""

    version: str
    helper_version: str
    keep3r: str
    helper: str
    pair: str
    height: int


VERSIONS = (
    Version(
        *("2.0", "2.0", "0xdc02981c9c062d48a9bd54adbf51b816623dcc6e"),
        *("0xc07c37a0a1e557e0d1704c90d966b37a67a45dd4", PAIRS[0], 13_595_407),
    ),
    Version(
        *("2.1", "2.1", "0x4a6cff9e1456eaa3b6f37572395c6fa0c959edab"),
        *("0x12038d459166ab8e68768bb35ec0af765a36038d", PAIRS[0], 14_070_365),
    ),
    Version(
        *("2.2", "2.2_first", "0xeb02addcfd8b773a5ffa6b9d1fe99c566f8c44cc"),
        *("0xd36ac9ff5562abb541f51345f340fb650547a661", PAIRS[1], 14_524_602),
    ),
)
_MARKET: list[dict[str, Any]] = [
    {"do": "create_pool", "tick": -22_000},
    {"do": "grow_observations", "to": 500},
    {"do": "provide", "liquidity": "9000e18"},
    {"wait": "12d"},
]
_SETUP: list[dict[str, Any]] = [
    {"do": "approve_liquidity"},
    {"do": "add_job", "job": "job"},
    {"do": "bond", "amount": "50e18"},
    {"wait": 259_201},
    {"do": "activate"},
    {"do": "mint_liquidity", "amount": "4e18"},
    {"do": "add_liquidity", "job": "job", "amount": "4e18"},
    {"until": "period"},
]
_WORKS: list[dict[str, Any]] = [
    {
        "repeat": {
            "every": "30h",
            "for": "12d",
            "do": [
                {"do": "work", "gas": 600_000},
                {"do": "swap", "amount_in": "30e18"},
                {"do": "work", "gas": 500_000},
                {"do": "swap", "amount_in": "2e18", "sells": "weth"},
            ],
        }
    },
]
_OTHER_HELPER: list[dict[str, Any]] = [
    {"wait": "12d"},
    {"do": "set_parameter", "name": "keep3rHelper", "value": LAST_HELPER},
]
_LEAVING: list[dict[str, Any]] = [{"do": "unbond_liquidity", "job": "job", "amount": "1e18"}]


class HandOver:
    """The history: `chain`, the height of each of its blocks, the worlds of the versions, heights of creation.

    `before_change` is what the versions are like before the last helper is set: all that follows comes in their last
    blocks.
    """

    def __init__(self) -> None:
        self.worlds: list[World] = []
        self.before_change: list[Keep3rV2] = []
        self.heights: list[int] = []
        deployments = [_deployment(each) for each in VERSIONS]
        self.chain = Chain(_together(deployments), EVENTS)
        start = 1_636_000_000
        for version, deployment in zip(VERSIONS, deployments, strict=True):
            start = self._play(version, deployment, start) + _APART
        self.created = {POOL: POOL_HEIGHT, LAST_HELPER: LAST_HELPER_HEIGHT}
        self.created |= dict.fromkeys((*FACTORIES, *PAIRS), POOL_HEIGHT + 100)
        for each in VERSIONS:
            self.created |= {each.keep3r: each.height, each.helper: each.height - 1}

    def _play(self, version: Version, deployment: Deployment, start: int) -> int:
        """One version's script; the time of its last block, seconds."""
        is_last = version is VERSIONS[-1]
        setup = [*([] if self.worlds else _MARKET), *_SETUP]
        script = [*_WORKS, *([*_OTHER_HELPER, *_WORKS] if is_last else _LEAVING)]
        scenario = _scenario(version, start, setup, script)
        world = World(deployment, {})
        if self.worlds:
            former = self.worlds[-1]
            world.keep3r.pools[POOL] = former.keep3r.pools[POOL]
            world.balances = former.balances
        world.chain = self.chain
        self.worlds.append(world)
        for action in schedule(scenario, REWARD_PERIOD).actions:
            self._stand_at(version, action.call, action.arguments)
            world.begin_block(action.time, BASE_FEE)
            CALLS[action.call](world, **action.arguments)
            self.chain.end_block()
        return self.chain.blocks[-1].timestamp

    def _stand_at(self, version: Version, call: str, arguments: Any) -> None:
        """Give the next block a height: the next one, and none before what is called was created."""
        after = self.heights[-1] + 1 if self.heights else POOL_HEIGHT
        if call == "approve_liquidity":
            after = version.height + 1
        elif arguments.get("value") == LAST_HELPER:
            after = LAST_HELPER_HEIGHT + 1
            # Together, so that they go on sharing one pool.
            self.before_change = deepcopy([each.protocol for each in self.worlds])
        self.heights.append(after)


def _scenario(version: Version, start: int, setup: list[Any], script: list[Any]) -> Any:
    content = {"name": "hand-over", "version": version.version, "start": start, "setup": setup, "script": script}
    names = {"keep3r": version.keep3r, "helper": version.helper, "pair": version.pair}
    return scenario_from(content | {"addresses": names})


def _deployment(version: Version) -> Deployment:
    """A version's own contracts, as its scenario has them, with the helpers of mainnet."""
    made = deployment_of(_scenario(version, 0, [], []))
    initial = dict(made.initial_state)
    contracts = []
    for each in made.contracts:
        contract = replace(each, version=version.helper_version) if each.address == version.helper else each
        contracts.append(contract)
    if version is VERSIONS[-1]:
        contracts.append(Contract("keep3r_helper", LAST_HELPER, "2.2"))
        initial[LAST_HELPER] = initial[version.helper]
        lacks = HELPER_RULES["2.2"].constructor.keys() - HELPER_RULES[version.helper_version].constructor.keys()
        initial[version.helper] = {name: value for name, value in initial[version.helper].items() if name not in lacks}
    return replace(made, contracts=tuple(contracts), initial_state=initial)


def _together(deployments: list[Deployment]) -> Deployment:
    contracts = {each.address: each for deployment in deployments for each in deployment.contracts}
    initial = {address: state for each in deployments for address, state in each.initial_state.items()}
    return replace(deployments[0], contracts=tuple(contracts.values()), initial_state=initial)
