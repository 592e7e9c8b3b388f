"""Scenarios for the tests: those of the configuration, and small ones of their own."""

from __future__ import annotations

from functools import cache

from keep3r_replay.protocols.keep3r_v2.scenario.script import VERSIONS, Scenario, scenario_from
from keep3r_replay.protocols.keep3r_v2.scenario.simulator import Simulation, simulate
from pipelines.config import CONF, load_config
from pipelines.simulate import SimulateConfig

NAMES = sorted(
    path.stem
    for path in (CONF / "scenario").glob("*.yaml")
    if path.stem != "none" and "protocol: " not in path.read_text(encoding="utf-8")
)
"""Every scenario that comes with the project."""
SIDECHAIN = "2.3s"
SIDECHAINS = (SIDECHAIN, "2.3p")
"""Versions of Keep3r on sidechains: Optimism's, and Polygon's."""
PLAYED = [
    (name, version) for name in NAMES for version in VERSIONS if name.startswith("sidechain") is (version in SIDECHAINS)
]
"""Every scenario with the versions that it is for: the sidechain has calls of its own."""

SETUP = [
    {"do": "create_pool", "tick": -22_000},
    {"do": "grow_observations", "to": 500},
    {"do": "provide", "liquidity": "9000e18"},
    {"wait": "12d"},
    {"do": "approve_liquidity"},
    {"do": "add_job", "job": "job"},
    {"do": "bond", "amount": "50e18"},
    {"wait": 259_201},
    {"do": "activate"},
    {"do": "mint_liquidity", "amount": "4e18"},
    {"do": "add_liquidity", "job": "job", "amount": "4e18"},
]


def configured(name: str, **changes: object) -> Scenario:
    """A scenario of the configuration, with parts of it changed."""
    overrides = [f"++scenario.{key}={value}" for key, value in changes.items()]
    config = load_config("simulate", SimulateConfig, [f"scenario={name}", "lake=unused", *overrides], summary="")
    return scenario_from(config.scenario)


def own(*script: dict, **parts: object) -> Scenario:
    """A scenario of the small setup above, and a script."""
    return scenario_from({"name": "own", "setup": SETUP, "script": list(script), **parts})


def played(*script: dict, **parts: object) -> Simulation:
    """The simulation of `own`."""
    return simulate(own(*script, **parts))


@cache
def simulated(name: str, version: str = "v2_3") -> Simulation:
    """The simulation of a configured scenario, made once."""
    return simulate(configured(name, version=version))


def words(simulation: Simulation, event: str) -> list[list[int]]:
    """Topics (after the first) and data of the events of one name, in order, as numbers."""
    from keep3r_replay.protocols.keep3r_v2.events import EVENTS

    contracts = simulation.chain.deployment.by_address().values()
    topics = {
        each.topic0 for contract in contracts for each in EVENTS[contract.role][contract.version] if each.name == event
    }
    found = []
    for log in simulation.chain.logs:
        if log.topics[0] in topics:
            parts = [*log.topics[1:], *(log.data[i : i + 32] for i in range(0, len(log.data), 32))]
            found.append([int.from_bytes(part, "big") for part in parts])
    return found
