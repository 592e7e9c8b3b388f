"""Plays a script: founds the market, keeps the oracles, and does what is planned in order of time."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v1.contract import jobs
from keep3r_replay.protocols.keep3r_v1.scenario.script import ETHER, address_of, script_from
from keep3r_replay.protocols.keep3r_v1.scenario.stage import GOVERNANCE, KP3R, ORACLES, OVERHEAD, PAIR, Stage
from keep3r_replay.scenario.writer import check_target, write_chain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from keep3r_replay.protocols.keep3r_v1.scenario.script import Planned, Script

SLOT = 1_800
WARM_UP = 10 * SLOT
"""Seconds before the start in which the oracles gather what they answer from."""


@dataclass
class Simulation:
    """A script played: the stage with its chain, and what was refused, by its place in the script."""

    script: Script
    stage: Stage
    refused: dict[str, str] = field(default_factory=dict)


def simulate(script: Script) -> Simulation:
    """Play a script."""
    simulation = Simulation(script, Stage(script))
    _found(simulation)
    last = (script.start - 1) // SLOT * SLOT
    for at, planned in groupby(script.calls, key=lambda each: each.at):
        if script.keep_oracles:
            last = _keep(simulation, last, script.start + at)
        simulation.stage.begin_block(script.start + at)
        for each in planned:
            reason = _do(simulation.stage, each)
            if reason:
                simulation.refused[each.place] = reason
        simulation.stage.chain.end_block()
    return simulation


def _found(simulation: Simulation) -> None:
    script, stage = simulation.script, simulation.stage
    trader = address_of("trader")
    stage.begin_block(script.start - WARM_UP)
    stage.call("mint", GOVERNANCE, 10 * script.kp3r_reserve)
    stage.call("transfer", GOVERNANCE, trader, 5 * script.kp3r_reserve)
    stage.provide(trader, script.kp3r_reserve, script.weth_reserve)
    stage.answer(0, script.feed)
    stage.call("approveLiquidity", GOVERNANCE, PAIR)
    stage.tell_oracles()
    for name in script.jobs:
        stage.call("addJob", GOVERNANCE, address_of(name))
        stage.call("addKPRCredit", GOVERNANCE, address_of(name), script.job_credits)
    for name, votes in script.keepers.items():
        stage.call("addVotes", GOVERNANCE, address_of(name), votes)
    stage.chain.end_block()
    _keep(simulation, script.start - WARM_UP, script.start)


def _keep(simulation: Simulation, last: int, until: int) -> int:
    """Update the oracles in every slot from `last` up to `until`, each time after a small swap; gives the last slot."""
    stage = simulation.stage
    for second in range((last // SLOT + 1) * SLOT, until, SLOT):
        stage.begin_block(second)
        stage.swap(address_of("trader"), ETHER // 1_000, 0)
        for name in ORACLES:
            stage.update(name)
        stage.chain.end_block()
        last = second
    return last


def _do(stage: Stage, planned: Planned) -> str:
    """One planned transaction; gives the reason of its refusal, empty if it goes through."""
    do = planned.do
    job, keeper = planned.name("job", "job"), planned.name("keeper", "keeper")
    if do in {"work", "own", "receipt"}:
        return _pay(stage, planned, job, keeper)
    if do == "swap":
        stage.swap(planned.name("by", "trader"), planned.number("kp3r_in"), planned.number("weth_in"))
    elif do == "update":
        stage.update(_oracle(planned))
    elif do == "feed":
        stage.answer(0, planned.number("answer"))
    elif do == "switch_feed":
        stage.answer(1, planned.number("answer"))
        stage.confirm(1)
    else:
        return _called(stage, planned, job, keeper)
    return ""


def _called(stage: Stage, planned: Planned, job: str, keeper: str) -> str:
    """A planned call of the contract itself."""
    do, by = planned.do, planned.name("by", "trader")
    if do == "helper":
        return stage.call("setKeep3rHelper", GOVERNANCE, address_of(str(planned.given.get("version"))))
    if do == "add_liquidity":
        return stage.stake(by, job, planned.number("amount"))
    if do == "apply_credit":
        return stage.call("applyCreditToJob", by, planned.name("provider", "trader"), PAIR, job)
    if do == "remove_job":
        return stage.call("removeJob", GOVERNANCE, job)
    return stage.call(do, GOVERNANCE, keeper)


def _oracle(planned: Planned) -> str:
    name = str(planned.given.get("oracle", "uniswap"))
    if name not in ORACLES:
        raise UsageError(f"{planned.place}: oracle: there are {', '.join(ORACLES)}")
    return name


def _pay(stage: Stage, planned: Planned, job: str, keeper: str) -> str:
    """A job's function that pays: by the gas it measures, by its own choice, or by receipt."""
    origin = address_of(str(planned.given.get("by", planned.given.get("keeper", "keeper"))))
    gas, amount, kp3r = planned.number("gas", 100_000), planned.number("amount"), stage.kp3r
    stage.transaction(origin, job, planned.do.encode().ljust(4)[:4], gas + OVERHEAD)
    if planned.do == "receipt":
        return stage.run(partial(jobs.receipt, kp3r, job, KP3R, keeper, amount))
    try:
        limit = kp3r.market.pricing(kp3r.parameters.helper, kp3r.worth_of_bonds(origin), kp3r.now).limit(gas)
    except Revert as error:
        stage.chain.transactions[-1].status = 0
        return error.name
    paid = limit if planned.do == "work" else amount
    return stage.run(partial(jobs.work_receipt, kp3r, job, keeper, paid, limit))


class Keep3rV1Scenarios:
    """See `replay.rooms.Scenarios`."""

    def simulate(self, script: Mapping[str, Any], source: str, lake: Path) -> Simulation:
        """Play a script and write its lake. Raises `UsageError` for a mistake in it."""
        check_target(lake)
        simulation = simulate(script_from(script, source))
        write_chain(simulation.stage.chain, [], lake)
        return simulation
