"""Plays a script: initialises the market, keeps the oracles, and does what is planned in order of time."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v1.contract import jobs
from keep3r_replay.protocols.keep3r_v1.scenario.script import ETHER, address_of, script_from
from keep3r_replay.protocols.keep3r_v1.scenario.world import GOVERNANCE, KP3R, ORACLES, OVERHEAD, PAIR, World
from keep3r_replay.replay.rooms import Simulated
from keep3r_replay.scenario.actors import actors_in, words_of
from keep3r_replay.scenario.writer import check_target, write_played

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from keep3r_replay.protocols.keep3r_v1.scenario.script import Planned, Script
    from keep3r_replay.replay.rooms import Extras

_ACTORS = ("job", "keeper", "governance", "trader", "feeder", "updater", "pair", "kp3r", "weth")
"""Who acts where the script names nobody."""
SLOT = 1_800
WARM_UP = 10 * SLOT
"""Seconds before the start in which the oracles gather what they answer from."""


@dataclass
class Simulation:
    """A script played: the world with its chain, and what was refused, by its place in the script."""

    script: Script
    world: World
    refused: dict[str, str] = field(default_factory=dict)


def simulate(script: Script) -> Simulation:
    """Play a script."""
    simulation = Simulation(script, World(script))
    _found(simulation)
    last = (script.start - 1) // SLOT * SLOT
    for at, planned in groupby(script.calls, key=lambda each: each.at):
        if script.keep_oracles:
            last = _keep(simulation, last, script.start + at)
        simulation.world.begin_block(script.start + at)
        for each in planned:
            reason = _do(simulation.world, each)
            if reason:
                simulation.refused[each.place] = reason
        simulation.world.chain.end_block()
    return simulation


def _found(simulation: Simulation) -> None:
    script, world = simulation.script, simulation.world
    trader = address_of("trader")
    world.begin_block(script.start - WARM_UP)
    world.call("mint", GOVERNANCE, 10 * script.kp3r_reserve)
    world.call("transfer", GOVERNANCE, trader, 5 * script.kp3r_reserve)
    world.provide(trader, script.kp3r_reserve, script.weth_reserve)
    world.answer(0, script.feed)
    world.call("approveLiquidity", GOVERNANCE, PAIR)
    world.tell_oracles()
    for name in script.jobs:
        world.call("addJob", GOVERNANCE, address_of(name))
        world.call("addKPRCredit", GOVERNANCE, address_of(name), script.job_credits)
    for name, votes in script.keepers.items():
        world.call("addVotes", GOVERNANCE, address_of(name), votes)
    world.chain.end_block()
    _keep(simulation, script.start - WARM_UP, script.start)


def _keep(simulation: Simulation, last: int, until: int) -> int:
    """Update the oracles in every slot from `last` up to `until`, each time after a small swap; gives the last slot."""
    world = simulation.world
    for second in range((last // SLOT + 1) * SLOT, until, SLOT):
        world.begin_block(second)
        world.swap(address_of("trader"), ETHER // 1_000, 0)
        for name in ORACLES:
            world.update(name)
        world.chain.end_block()
        last = second
    return last


def _do(world: World, planned: Planned) -> str:
    """One planned transaction; gives the reason of its refusal, empty if it goes through."""
    do = planned.do
    job, keeper = planned.name("job", "job"), planned.name("keeper", "keeper")
    if do in {"work", "own", "receipt"}:
        return _pay(world, planned, job, keeper)
    if do == "swap":
        world.swap(planned.name("by", "trader"), planned.number("kp3r_in"), planned.number("weth_in"))
    elif do == "update":
        world.update(_oracle(planned))
    elif do == "feed":
        world.answer(0, planned.number("answer"))
    elif do == "switch_feed":
        world.answer(1, planned.number("answer"))
        world.confirm(1)
    else:
        return _called(world, planned, job, keeper)
    return ""


def _called(world: World, planned: Planned, job: str, keeper: str) -> str:
    """A planned call of the contract itself."""
    do, by = planned.do, planned.name("by", "trader")
    if do == "helper":
        return world.call("setKeep3rHelper", GOVERNANCE, address_of(str(planned.given.get("version"))))
    if do == "add_liquidity":
        return world.stake(by, job, planned.number("amount"))
    if do == "apply_credit":
        return world.call("applyCreditToJob", by, planned.name("provider", "trader"), PAIR, job)
    amount, to = planned.number("amount"), planned.name("to", "keeper")
    calls: dict[str, tuple[Any, ...]] = {
        "remove_job": ("removeJob", GOVERNANCE, job),
        "transfer": ("transfer", by, to, amount),
        "bond": ("bond", keeper, KP3R, amount),
        "activate": ("activate", keeper, KP3R),
        "unbond": ("unbond", keeper, KP3R, amount),
        "withdraw": ("withdraw", keeper, KP3R),
        "delegate": ("delegate", keeper, to),
        "add_votes": ("addVotes", GOVERNANCE, keeper, amount),
        "remove_votes": ("removeVotes", GOVERNANCE, keeper, amount),
        "slash": ("slash", GOVERNANCE, KP3R, keeper, amount),
        "unbond_liquidity": ("unbondLiquidityFromJob", by, PAIR, job, amount),
    }
    return world.call(*calls.get(do, (do, GOVERNANCE, keeper)))


def _oracle(planned: Planned) -> str:
    name = str(planned.given.get("oracle", "uniswap"))
    if name not in ORACLES:
        raise UsageError(f"{planned.place}: oracle: there are {', '.join(ORACLES)}")
    return name


def _pay(world: World, planned: Planned, job: str, keeper: str) -> str:
    """A job's function that pays: by the gas it measures, by its own choice, or by receipt."""
    origin = address_of(str(planned.given.get("by", planned.given.get("keeper", "keeper"))))
    gas, amount, kp3r = planned.number("gas", 100_000), planned.number("amount"), world.kp3r
    world.transaction(origin, job, planned.do.encode().ljust(4)[:4], gas + OVERHEAD)
    if planned.do == "receipt":
        return world.run(partial(jobs.receipt, kp3r, job, KP3R, keeper, amount))
    try:
        limit = kp3r.market.pricing(kp3r.parameters.helper, kp3r.worth_of_bonds(origin), kp3r.now).limit(gas)
    except Revert as error:
        world.chain.transactions[-1].status = 0
        return error.name
    paid = limit if planned.do == "work" else amount
    return world.run(partial(jobs.work_receipt, kp3r, job, keeper, paid, limit))


class Keep3rV1Scenarios:
    """See `replay.rooms.Scenarios`."""

    has_extras = False
    measure = None

    def simulate(self, script: Mapping[str, Any], source: str, lake: Path, extras: Extras | None = None) -> Simulated:
        """There are no extras."""
        del extras
        check_target(lake)
        simulation = simulate(script_from(script, source))
        chain = simulation.world.chain
        names = actors_in(chain, {*words_of(script), *_ACTORS}, address_of)
        return Simulated([write_played(chain, "Keep3r V1", lake)], simulation, names)
