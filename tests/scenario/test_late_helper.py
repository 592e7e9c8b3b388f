"""A helper that an event names, and the pool that it began with, which no event names."""

from __future__ import annotations

import os
from dataclasses import replace
from unittest import mock

import pytest
from audits import audit

from keep3r_replay.lake.deployment import Contract
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.scenario.actors import made_address
from keep3r_replay.protocols.keep3r_v2.scenario.contracts import deployment_of
from keep3r_replay.protocols.keep3r_v2.scenario.schedule import schedule
from keep3r_replay.protocols.keep3r_v2.scenario.simulator import CALLS, Simulation
from keep3r_replay.protocols.keep3r_v2.scenario.world import World
from pipelines.cli import main
from tests.scenario.scripts import own
from tests.scenario.served import ServedSimulation

LATE, FORMER = made_address("late_helper"), made_address("former_pool")
_WORK = {"do": "work", "gas": 600_000}
_SCRIPT = [
    {"do": "create_pool", "tick": -21_000, "pool": "former_pool"},
    {"wait": "6d"},
    _WORK,
    {"do": "set_parameter", "name": "keep3rHelper", "value": "late_helper"},
    _WORK,
    {"do": "set_helper_parameter", "name": "kp3rWethPool", "value": "pool", "helper": "late_helper"},
    _WORK,
]


def _simulation() -> Simulation:
    """A history of 2.3 with two helpers; the second began with the pool `former_pool`."""
    scenario = own(*_SCRIPT, pools={"former_pool": {"tokens": ["kp3r", "weth"], "fee": 3_000}})
    made = deployment_of(scenario)
    first = next(each for each in made.contracts if each.role == "keep3r_helper")
    late = made.initial_state[first.address] | {"kp3rWethPool": f'["{FORMER}","true"]'}
    contracts = (*made.contracts, Contract("keep3r_helper", LATE, first.version))
    deployment = replace(made, contracts=contracts, initial_state={**made.initial_state, LATE: late})
    world = World(deployment, {})
    world.begin_block(scenario.start, 10**9)
    world.chain.end_block()
    for action in schedule(scenario, 432_000).actions:
        world.begin_block(action.time, 10**9)
        CALLS[action.call](world, **action.arguments)
        world.chain.end_block()
    return Simulation(scenario, world.chain, [], [], world)


@pytest.mark.slow
def test_a_helper_s_first_pool_is_followed(tmp_path):
    """At the head it names another one: the former is followed as well, and each work is paid as its prices say."""
    simulation = _simulation()
    arguments = ["extract", "deployment=local", f"deployment.keep3r={simulation.world.keep3r.address}"]
    arguments += ["deployment.version=v2_3", f"lake={tmp_path / 'lake'}"]
    with ServedSimulation(simulation) as node, mock.patch.dict(os.environ, {"ETH_RPC_URL": node.url}):
        assert main(arguments) == 0
    lake = Lake.open(tmp_path / "lake")
    assert lake.deployment.by_address()[FORMER].role == "uniswap_v3_pool"
    made = audit(lake)
    assert (made.summary["verdict"], made.summary["works"]["exact"]) == ("clean", 3)
