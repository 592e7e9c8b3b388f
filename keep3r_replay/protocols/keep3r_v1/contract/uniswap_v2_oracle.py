"""UniswapV2Oracle: a window of 14,400 s in eight slots a pair, each overwritten at most once a visit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.uniswap_v2.pair import Rate, average_rate, extend

if TYPE_CHECKING:
    from keep3r_replay.uniswap_v2.pair import Pair

WINDOW = 14_400
GRANULARITY = 8
PERIOD = WINDOW // GRANULARITY
"""Seconds of a slot."""


class Observation(NamedTuple):
    """Time in seconds, and the cumulatives of the pair then."""

    time: int
    price0: int
    price1: int


_NEVER = Observation(0, 0, 0)


def rate_since(start: Observation, pair: Pair, now: int, elapsed: int, *, token0_in: bool) -> Rate:
    """The average rate of the token that comes in, from an observation until `now`, over `elapsed` seconds."""
    price0, price1 = extend(pair.latest, now)
    return average_rate(start.price0, price0, elapsed) if token0_in else average_rate(start.price1, price1, elapsed)


@dataclass(slots=True)
class UniswapV2Oracle:
    """One oracle: the pairs that it knows, their slots (none before the first update), and when each was updated."""

    address: str
    pairs: list[str] = field(default_factory=list)
    slots: dict[str, list[Observation]] = field(default_factory=dict)
    last_updated: dict[str, int] = field(default_factory=dict)

    def add(self, pair: Pair, now: int) -> None:  # noqa: ARG002 - the oracles are told alike
        """`add`: governance names a pair; nothing is observed yet."""
        if pair.address not in self.pairs:
            self.pairs.append(pair.address)

    def update(self, pair: Pair, now: int) -> bool:
        """`_update` at `now`: whether the slot of this time was written."""
        slots = self.slots.setdefault(pair.address, [_NEVER] * GRANULARITY)
        slot = now // PERIOD % GRANULARITY
        if now - slots[slot].time <= PERIOD:
            return False
        slots[slot] = Observation(now, *pair.cumulatives(now))
        self.last_updated[pair.address] = now
        return True

    def rate(self, pair: Pair, now: int, *, token0_in: bool) -> Rate:
        """What `consult` multiplies by, at `now`.

        Raises:
            Revert: the pair was never updated (empty), or the slot it rests on is too old, or too young.
        """
        slots = self.slots.get(pair.address)
        if slots is None:
            raise Revert("empty")
        first = slots[(now // PERIOD + 1) % GRANULARITY]
        elapsed = now - first.time
        if elapsed > WINDOW:
            raise Revert("SlidingWindowOracle: MISSING_HISTORICAL_OBSERVATION")
        if elapsed < WINDOW - 2 * PERIOD:
            raise Revert("SlidingWindowOracle: UNEXPECTED_TIME_ELAPSED")
        return rate_since(first, pair, now, elapsed, token0_in=token0_in)

    def observation(self, pair: str, index: int) -> Observation:
        """`pairObservations`. Raises `Revert` empty past the end, which is at once before the first update."""
        slots = self.slots.get(pair, [])
        if index >= len(slots):
            raise Revert("empty")
        return slots[index]
