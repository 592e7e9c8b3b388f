"""The simulation: scheduled calls, market and base fees played against the model, block by block."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from inspect import signature
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.contract.savepoint import Savepoint
from keep3r_replay.protocols.keep3r_v2.scenario import (
    calls_escrow,
    calls_feed,
    calls_governance,
    calls_jobs,
    calls_keepers,
    calls_market,
    calls_work,
)
from keep3r_replay.protocols.keep3r_v2.scenario.actors import address_of
from keep3r_replay.protocols.keep3r_v2.scenario.contracts import deployment_of
from keep3r_replay.protocols.keep3r_v2.scenario.feeds import deliveries, feed_times
from keep3r_replay.protocols.keep3r_v2.scenario.fees import base_fees
from keep3r_replay.protocols.keep3r_v2.scenario.market import market_actions, markets_of
from keep3r_replay.protocols.keep3r_v2.scenario.quantities import at_most, known
from keep3r_replay.protocols.keep3r_v2.scenario.real_history import Given, read_given
from keep3r_replay.protocols.keep3r_v2.scenario.remedies import REMEDIES
from keep3r_replay.protocols.keep3r_v2.scenario.schedule import Action, Schedule, schedule
from keep3r_replay.protocols.keep3r_v2.scenario.views import all_keys, read
from keep3r_replay.protocols.keep3r_v2.scenario.world import World

if TYPE_CHECKING:
    from collections import defaultdict
    from collections.abc import Callable, Iterator

    from keep3r_replay.lake.deployment import Deployment
    from keep3r_replay.lake.schemas import ReadingRow
    from keep3r_replay.protocols.keep3r_v2.scenario.script import Scenario
    from keep3r_replay.scenario.chain import Chain

CALLS: dict[str, Callable[..., None]] = {
    **calls_market.CALLS,
    **calls_feed.CALLS,
    **calls_governance.CALLS,
    **calls_jobs.CALLS,
    **calls_keepers.CALLS,
    **calls_escrow.CALLS,
    **calls_work.CALLS,
}
"""Every call that a script can name, and the function that plays it: its parameters are the call's arguments."""

MAY_REVERT = "may_revert"
"""Argument of any call: a script expects it to fail now and then. Works may without it, for want of credits."""


class Attempt(NamedTuple):
    """One scheduled call: when, which, and the contract's error where it reverted (else empty)."""

    time: int
    call: str
    revert: str


@dataclass(frozen=True)
class Simulation:
    """What a scenario led to."""

    scenario: Scenario
    chain: Chain
    readings: list[ReadingRow]
    attempts: list[Attempt]
    world: World

    @property
    def reverted(self) -> list[Attempt]:
        """The calls that reverted."""
        return [attempt for attempt in self.attempts if attempt.revert]


class _Plan(NamedTuple):
    """Calls in order, times of blocks and of readings (seconds), base fee by time, and what is given."""

    actions: list[Action]
    blocks: list[int]
    readings: frozenset[int]
    base_fee: Callable[[int], int]
    given: Given | None
    addresses: dict[str, str]


def simulate(scenario: Scenario, watch: Callable[[World], None] | None = None) -> Simulation:
    """Play a scenario from its first block to its last.

    `watch` gets the world before anything happens in it. Then no view is read, which nobody would see; the blocks that
    they would be read in are there all the same, for the base fee moves with them.

    Raises:
        UsageError: the script names an unknown call or argument, or a call reverts that was not to.
        LakeError: a lake that it takes something from can not be read.
    """
    deployment = deployment_of(scenario)
    plan = _plan(scenario, deployment)
    world = World(deployment, plan.addresses, scenario.token_fees)
    if watch is not None:
        watch(world)
    readings: list[ReadingRow] = []
    attempts: list[Attempt] = []
    actions = iter(plan.actions)
    action = next(actions, None)
    for time in plan.blocks:
        world.begin_block(time, plan.base_fee(time))
        while action is not None and action.time == time:
            attempts.append(_play(world, action))
            action = next(actions, None)
        world.chain.end_block()
        if time in plan.readings and watch is None:
            keys = all_keys(world) if plan.given is None else plan.given.keys[time]
            readings += read(world, keys)
    return Simulation(scenario, world.chain, readings, attempts, world)


def _plan(scenario: Scenario, deployment: Deployment) -> _Plan:
    keep3r = next(contract.address for contract in deployment.contracts if contract.role == "keep3r")
    window = int(deployment.initial_state[keep3r]["rewardPeriodTime"])
    script = schedule(scenario, window)
    if not script.actions:
        raise UsageError("scenario: neither setup nor script calls anything")
    if scenario.given:
        given = read_given(scenario)
        addresses = {**given.addresses, **scenario.addresses}
        actions = given.retimed(script.actions)
        return _Plan(actions, given.blocks, frozenset(given.keys), given.base_fees.__getitem__, given, addresses)
    actions = [*script.actions, *_market_actions(scenario, deployment, script)]
    # The sort is stable: at one time, the script comes before the market.
    actions.sort(key=lambda action: action.time)
    end = max([script.end, *(action.time for action in actions)])
    readings = frozenset(_reading_times(scenario.views_every, script.ready, end))
    blocks = sorted({scenario.start, *(action.time for action in actions), *readings})
    return _Plan(actions, blocks, readings, base_fees(scenario.fees, script.ready), None, dict(scenario.addresses))


def _reading_times(every: int, ready: int, end: int) -> Iterator[int]:
    if every:
        at_most((end - ready) // every, "scenario.views_every", "readings")
        yield from range(ready, end, every)
        yield end


def _market_actions(scenario: Scenario, deployment: Deployment, script: Schedule) -> Iterator[Action]:
    """The swaps of all markets, each from the tick that the setup leaves its pool at."""
    markets = markets_of(scenario)
    if not markets:
        return
    world = World(deployment, scenario.addresses)
    for action in script.actions:
        if action.call in calls_market.CALLS | calls_feed.CALLS and action.time < script.ready:
            world.begin_block(action.time, 0)
            _play(world, action)
    for name, (market, place) in markets.items():
        pool = world.pool(name)
        if not pool.sqrt_price_x96:
            raise UsageError(f"scenario.{place}: the setup does not create the pool '{name}' that the market moves")
        tokens, kp3r = (pool.token0, pool.token1), world.keep3r.kp3r_in_pools
        at = tokens.index(kp3r) if kp3r in tokens else None
        moves = market_actions(market, pool.tick, script.ready, pool=name, place=place, kp3r_place=at)
        if calls_feed.fed(world, name) is None:
            yield from moves
        else:
            times = feed_times(scenario)
            end = max([script.end, *(move.time + times.batch + times.delay for move in moves)])
            yield from deliveries(moves, times, pool.tick, script.ready, end)


def _play(world: World, action: Action) -> Attempt:
    """One call in a transaction of its own; where it reverts, the model is as before."""
    place = f"scenario.{action.place}"
    call = CALLS.get(action.call)
    if call is None:
        close = get_close_matches(action.call, CALLS, n=1)
        hint = f"did you mean '{close[0]}'?" if close else "docs/scenarios.md lists the calls"
        raise UsageError(f"{place}: unknown call '{action.call}'; {hint}")
    arguments = {key: value for key, value in action.arguments.items() if key != MAY_REVERT}
    _check_arguments(call, arguments, f"{place}.{action.call}")
    may_revert = action.arguments.get(MAY_REVERT)
    if not isinstance(may_revert, bool | None):
        raise UsageError(f"{place}: {MAY_REVERT} is true or false, not {may_revert!r}")
    logs = len(world.chain.logs)
    cached = world.cached_batches.copy()
    try:
        before, balances = _kept(world, action)
        call(world, **arguments)
    except UsageError as error:
        raise UsageError(f"{place}: {error}") from None
    except Revert as error:
        before.restore()
        world.balances, world.cached_batches = world.balances if balances is None else balances, cached
        if may_revert is None:
            may_revert = action.call in calls_work.WORKS and not _is_mistake(world, action, error.name)
        if not may_revert:
            remedy = REMEDIES.get(error.name, "say may_revert: true if it is meant to")
            raise UsageError(f"{place}: {action.call} reverts with {error.name} at {action.time} s; {remedy}") from None
        world.chain.revert(logs)
        return Attempt(action.time, action.call, error.name)
    return Attempt(action.time, action.call, "")


def _kept(world: World, action: Action) -> tuple[Savepoint, defaultdict[tuple[str, str], int] | None]:
    """What a call may have to be taken back to; None for balances that it does not move.

    A work touches its job and its keeper, a swap a pool, a call of jobs or keepers those that it names. To keep
    everybody at each of them would cost the more the more jobs there are.
    """
    keep3r, call = world.keep3r, action.call
    if call in calls_work.WORKS:
        subjects = [world.actors[action.arguments.get(role, role)] for role in ("job", "keeper")]
        return Savepoint(keep3r, subjects, lists=False), None
    if call == calls_market.swap.__name__:
        return Savepoint(keep3r, (), lists=False), None
    if call in calls_jobs.CALLS or call in calls_keepers.CALLS:
        values = {**_defaults(call), **action.arguments}.values()
        # Amounts may be texts too; as names they are of nobody.
        named = [address_of(each, world.actors.names) for each in values if isinstance(each, str) and each]
        return Savepoint(keep3r, named, named), world.balances.copy()
    return Savepoint(keep3r), world.balances.copy()


@cache
def _defaults(call: str) -> dict[str, Any]:
    parameters = signature(CALLS[call]).parameters.items()
    return {name: each.default for name, each in parameters if each.default is not each.empty}


def _is_mistake(world: World, action: Action, error: str) -> bool:
    """Whether a work reverts for what the script forgot, and not for what the history led to."""
    if error in {"KeeperInvalid", "JobUnapproved", "unknown helper"}:
        return True
    job = world.keep3r.jobs.get(world.actors[action.arguments.get("job", "job")])
    if error != "InsufficientFunds" or job is None:
        return False
    if action.call == "token_payment":
        return world.actors[action.arguments["token"]] not in job.token_credits_added_at
    return job.rewarded_at == 0


def _check_arguments(call: Callable[..., None], arguments: dict[str, Any], place: str) -> None:
    parameters = dict(list(signature(call).parameters.items())[1:])
    known(arguments, (*parameters, MAY_REVERT), place)
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in arguments:
            raise UsageError(f"{place}: '{name}' is missing")
