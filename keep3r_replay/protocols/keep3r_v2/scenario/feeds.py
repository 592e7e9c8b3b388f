"""A price that mainnet feeds: the contracts of an OracleSidechain, and what its feed delivers of a market, when.

    feed: {item: 4h, batch: 1d, delay: 2h}

Mainnet's feed observes the market's mean tick over each `item`, rounded down, and sends as many as there are in a
`batch` together; they arrive `delay` after the last of them has ended. The contracts are of the last generation.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.abi import keccak256
from keep3r_replay.evm.codec import encode_arguments
from keep3r_replay.evm.creation import salted_address
from keep3r_replay.lake.deployment import Contract
from keep3r_replay.protocols.keep3r_v2.contract.versions import RULES
from keep3r_replay.protocols.keep3r_v2.scenario.actors import address_of
from keep3r_replay.protocols.keep3r_v2.scenario.quantities import at_most, duration, known
from keep3r_replay.protocols.keep3r_v2.scenario.schedule import Action
from keep3r_replay.sidechain_oracle.events import FACTORY, ORACLE, RECEIVER
from keep3r_replay.uniswap_v3.tick_math import tick_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keep3r_replay.protocols.keep3r_v2.scenario.script import Scenario

INIT_CODE_HASH = bytes.fromhex("150f7016d2e56d22c6f7b679ed799c459521a333465a1632b212c43074897514")
"""Of the last generation's oracles, which their addresses follow from."""
FACTORY_NAME, RECEIVER_NAME = "oracle_factory", "data_receiver"
"""Actors."""
_PARTS = {"item": "4h", "batch": "1d", "delay": "2h"}


class FeedTimes(NamedTuple):
    """Seconds: of an item, of a batch, and from a batch's end until it arrives."""

    item: int
    batch: int
    delay: int


def feed_times(scenario: Scenario) -> FeedTimes:
    """What a scenario says of its feed.

    Raises:
        UsageError: an unknown part, an item of no time or longer than a batch, or a version without such oracles.
    """
    known(scenario.feed, _PARTS, "scenario.feed")
    times = FeedTimes(
        *(duration(scenario.feed.get(name, usual), f"scenario.feed.{name}") for name, usual in _PARTS.items())
    )
    if not 0 < times.item <= times.batch:
        raise UsageError(f"scenario.feed: no batch of {times.batch} s holds an item of {times.item} s")
    if not RULES[scenario.version].pool_from_helper:
        raise UsageError(f"scenario.feed: Keep3r {scenario.version} asks pools; oracles are the sidechain's, v2_3s")
    return times


def fed_contracts(token0: str, token1: str, fee: int, addresses: Mapping[str, str]) -> list[Contract]:
    """An oracle of mainnet's pool of two tokens (its fee in millionths), its factory and its receiver."""
    factory = address_of(FACTORY_NAME, addresses)
    salt = keccak256(encode_arguments(("address", "address", "uint24"), (token0, token1, fee)))
    facts = {"token0": token0, "token1": token1, "fee": fee, "pool_salt": "0x" + salt.hex(), "factory": factory}
    oracle = salted_address(factory, salt, INIT_CODE_HASH)
    receiver = Contract(RECEIVER, address_of(RECEIVER_NAME, addresses))
    return [Contract(ORACLE, oracle, facts=facts), Contract(FACTORY, factory), receiver]


def deliveries(swaps: Sequence[Action], times: FeedTimes, first_tick: int, ready: int, end: int) -> Iterator[Action]:
    """What arrives of a market that moves by `swaps`, from `ready` to `end` (seconds): batches of its mean ticks.

    Args:
        swaps: the market's moves, by tick or by price, in the order of time.
        times: the feed's.
        first_tick: where the market stands at `ready`.
        ready: when the first item begins.
        end: nothing arrives later.
    """
    at_most((end - ready) // times.item, "scenario.feed.item", "items")
    moves = [(ready, first_tick), *((each.time, _tick(each.arguments)) for each in swaps)]
    count = times.batch // times.item
    place = swaps[0].place if swaps else "feed"
    start = ready
    while (arrives := start + count * times.item + times.delay) <= end:
        starts = range(start, start + count * times.item, times.item)
        items = [[arrives - each, _mean(moves, each, each + times.item)] for each in starts]
        yield Action(arrives, "deliver", {"items": items}, place)
        start += count * times.item


def _tick(move: Mapping[str, Any]) -> int:
    tick = move.get("tick")
    return tick_at(move["sqrt_price_x96"]) if tick is None else int(tick)


def _mean(moves: Sequence[tuple[int, int]], start: int, end: int) -> int:
    """The mean tick of a span, rounded down, as mainnet's feed rounds it."""
    total = 0
    for (since, tick), (until, _) in pairwise([*moves, (end, 0)]):
        total += tick * max(0, min(until, end) - max(since, start))
    return total // (end - start)
