"""OracleSidechain: it answers what a Uniswap V3 pool answers, from batches of mainnet's observations.

A batch says from which mainnet time on which mean tick held. It arrives late and rewrites what the past answered until
then, so an answer depends on its moment (`now`) as much as on its target. All arithmetic is the EVM's, unchecked: times
wrap at 32 bits, cumulatives at 56. The ring is the pool's, and stands in the order of writing, not always that of time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.evm.arithmetic import Revert, truncating_div
from keep3r_replay.uniswap_v3.oracle import Pool
from keep3r_replay.uniswap_v3.tick_math import sqrt_ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

OLD = "OLD"
UNKNOWN = "unknown batch"
"""Stands for an answer that a batch decides which nothing tells."""
USUAL_CARDINALITY = 144
_UINT32, _UINT160 = 2**32, 2**160
_ENDLESS = 1 << 17
"""Steps after which a search in a disordered ring has run out of gas."""


class Item(NamedTuple):
    """From `timestamp` (seconds, mainnet's) on the mean tick is `tick`."""

    timestamp: int
    tick: int


class SidechainOracle(Pool):
    """One oracle. `now` is the time of the block that asks; the replay sets it before it asks."""

    __slots__ = ("is_unknown", "now", "pool_nonce", "unlocked")

    def __init__(self, address: str, token0: str, token1: str) -> None:
        super().__init__(address, token0, token1)
        self.now = 0
        self.pool_nonce = 0
        self.unlocked = True
        self.is_unknown = False
        """A batch was written that nothing tells: answers are not to be had any more."""

    # EVENTS

    def deploy(self, cardinality: int, initial_nonce: int) -> None:
        """The constructor: the index stands at the end of an empty ring, so that the first write goes to its begin."""
        self.cardinality = self.cardinality_next = cardinality
        self.index = cardinality - 1
        self.pool_nonce = initial_nonce

    def write(self, batch: Sequence[Item] | None) -> None:
        """`write` of the present nonce; the batch is None where nothing tells it.

        Raises `Revert` where the last tick is no tick of a pool.
        """
        self.take(batch)
        if batch is not None:
            self.sqrt_price_x96 = sqrt_ratio(self.tick)

    def take(self, batch: Sequence[Item] | None) -> None:
        """A batch's observations and its tick, whatever price belongs to it."""
        self.pool_nonce += 1
        if batch is None:
            self.is_unknown = True
            return
        for timestamp, tick in batch:
            self._observe(timestamp)
            self.tick = tick

    def _observe(self, timestamp: int) -> None:
        last, cumulative, per_liquidity = (
            (self.times[-1], self.tick_cumulatives[-1], self.per_liquidity[-1]) if self.times else (0, 0, 0)
        )
        if last == timestamp:
            return
        if self.cardinality_next > self.cardinality and self.index == self.cardinality - 1:
            self.cardinality = self.cardinality_next
        self.index = (self.index + 1) % self.cardinality
        elapsed = (timestamp - last) % _UINT32
        self.times.append(timestamp)
        self.tick_cumulatives.append(_int56(cumulative + self.tick * elapsed))
        self.per_liquidity.append((per_liquidity + (elapsed << 128)) % _UINT160)
        self.stored = min(self.stored + 1, self.cardinality)

    # OBSERVE

    def tick_cumulative(self, target: int) -> int:
        """`tickCumulative` at time `target`, asked at `now`. Raises `Revert` OLD, or `UNKNOWN`."""
        if self.is_unknown:
            raise Revert(UNKNOWN)
        target %= _UINT32
        last, cumulative = (self.times[-1], self.tick_cumulatives[-1]) if self.times else (0, 0)
        if target == self.now % _UINT32 == last or last == target:
            return cumulative
        if target == self.now % _UINT32 or self._lte(last, target):
            return _int56(cumulative + self.tick * ((target - last) % _UINT32))
        before, after = self._neighbours(target)
        start, end = self.times[before], self.times[after]
        if target == start:
            return self.tick_cumulatives[before]
        if target == end:
            return self.tick_cumulatives[after]
        gained = _int56(self.tick_cumulatives[after] - self.tick_cumulatives[before])
        per_second = truncating_div(gained, (end - start) % _UINT32)
        return _int56(self.tick_cumulatives[before] + per_second * ((target - start) % _UINT32))

    def seconds_per_liquidity_cumulative(self, target: int) -> int:
        """`secondsPerLiquidityCumulativeX128` at time `target`: that time, for the liquidity counts as 1."""
        self.tick_cumulative(target)
        return target % _UINT32 << 128

    def _lte(self, one: int, other: int) -> bool:
        now = self.now % _UINT32
        if one <= now and other <= now:
            return one <= other
        return (one if one > now else one + _UINT32) <= (other if other > now else other + _UINT32)

    def _neighbours(self, target: int) -> tuple[int, int]:
        """Positions of the observations around `target`: the contract's binary search over its ring."""
        oldest = self._position(self.index + 1)
        if oldest is None:
            oldest = self._position(0)
        if not self._lte(0 if oldest is None else self.times[oldest], target):
            raise Revert(OLD)
        left = (self.index + 1) % self.cardinality
        right = left + self.cardinality - 1
        for _ in range(_ENDLESS):
            middle = (left + right) // 2
            before, after = self._position(middle), self._position(middle + 1)
            if before is None:
                left = middle + 1
                continue
            is_after = self._lte(self.times[before], target)
            if is_after and self._lte(target, 0 if after is None else self.times[after]):
                assert after is not None
                return before, after
            if is_after:
                left = middle + 1
            else:
                right = middle - 1
        raise Revert("out of gas")

    def _position(self, place: int) -> int | None:
        """Where the observation of a place in the ring stands among all that were written; None where none does."""
        back = (self.index - place) % self.cardinality
        return len(self.times) - 1 - back if back < self.stored else None

    def observation(self, place: int) -> tuple[int, int, int, bool]:
        """`observations(place)`: time, cumulatives, whether it was written."""
        position = self._position(place) if place < self.cardinality else None
        if position is None:
            return 0, 0, 0, False
        return self.times[position], self.tick_cumulatives[position], self.per_liquidity[position], True

    # SNAPSHOT

    def dump_price(self) -> dict[str, Any]:
        """As of a pool, with the nonce, the lock, and whether a batch is unknown."""
        more = {"pool_nonce": self.pool_nonce, "unlocked": self.unlocked, "is_unknown": self.is_unknown}
        return {**super().dump_price(), **more}

    def load(self, state: dict[str, Any], observations: list[list[int]], forgotten: int) -> None:
        """As of a pool."""
        super().load(state, observations, forgotten)
        self.pool_nonce, self.unlocked = state["pool_nonce"], state["unlocked"]
        self.is_unknown = state["is_unknown"]


def _int56(value: int) -> int:
    return (value + 2**55) % 2**56 - 2**55
