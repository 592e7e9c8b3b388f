"""A Uniswap V3 pool as its oracle sees it: price, liquidity in range and the ring of observations.

Everything is rebuilt from the pool's own logs (Initialize, Swap, Mint, Burn, IncreaseObservationCardinalityNext) and
the timestamps of their blocks. Follows UniswapV3Pool.sol and Oracle.sol. Times in seconds, cumulatives in
tick-seconds.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from typing import TYPE_CHECKING, Any

from keep3r_replay.evm.arithmetic import Revert, truncating_div

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OLD = "Error(OLD)"
UNINITIALIZED = "Error(I)"
_UINT160_MASK = 2**160 - 1


class Pool:
    """State of one pool.

    Observations are kept in the order of their times; `stored` of them are still in the ring. That is the same as the
    contract's ring: its cardinality grows only when the index stands at the end, so the ring's order is always that
    of time.
    """

    __slots__ = (
        "address",
        "cardinality",
        "cardinality_next",
        "fee",
        "fee_protocol",
        "forgotten",
        "gross_liquidity",
        "index",
        "initialized_ticks",
        "liquidity",
        "net_liquidity",
        "partial",
        "per_liquidity",
        "positions",
        "sqrt_price_x96",
        "stored",
        "tick",
        "tick_cumulatives",
        "tick_spacing",
        "times",
        "token0",
        "token1",
    )

    def __init__(self, address: str, token0: str, token1: str, tick_spacing: int = 1, fee: int | None = None) -> None:
        self.address = address
        self.token0 = token0
        self.token1 = token1
        self.tick_spacing = tick_spacing
        self.fee = fee
        self.sqrt_price_x96 = 0
        self.tick = 0
        self.liquidity = 0
        self.index = 0
        self.cardinality = 0
        self.cardinality_next = 0
        self.stored = 0
        self.fee_protocol = 0
        self.forgotten = 0
        self.times: list[int] = []
        self.tick_cumulatives: list[int] = []
        self.per_liquidity: list[int] = []
        self.initialized_ticks: list[int] = []
        self.gross_liquidity: dict[int, int] = {}
        self.net_liquidity: dict[int, int] = {}
        self.positions: dict[tuple[str, int, int], int] = {}
        self.partial = False
        """It was started from readings, which tell no positions: what events say of liquidity is taken from them."""

    # EVENTS

    def initialize(self, now: int, sqrt_price_x96: int, tick: int) -> None:
        """The pool's first event: price set, one observation of zero."""
        self.sqrt_price_x96 = sqrt_price_x96
        self.tick = tick
        self.times.append(now)
        self.tick_cumulatives.append(0)
        self.per_liquidity.append(0)
        self.index = 0
        self.cardinality = self.cardinality_next = self.stored = 1

    def swap(self, now: int, sqrt_price_x96: int, liquidity: int, tick: int) -> None:
        """A Swap: an observation with the tick before it, if it moves the tick."""
        if tick != self.tick:
            self._write(now)
            self.tick = tick
        self.sqrt_price_x96 = sqrt_price_x96
        self.liquidity = liquidity

    def change_liquidity(self, now: int, tick_lower: int, tick_upper: int, amount: int) -> None:
        """A Mint (amount above 0), or a Burn (below): an observation if it changes the liquidity in range."""
        if amount and tick_lower <= self.tick < tick_upper:
            self._write(now)
            self.liquidity += amount
        if amount and not self.partial:
            self._bound(tick_lower, amount, amount)
            self._bound(tick_upper, amount, -amount)

    def change_position(self, owner: str, tick_lower: int, tick_upper: int, amount: int) -> None:
        """The liquidity that an owner holds between two ticks gains `amount` (above 0) or loses it (below)."""
        position = owner, tick_lower, tick_upper
        held = self.positions.get(position, 0) + amount
        if held:
            self.positions[position] = held
        else:
            self.positions.pop(position, None)

    def grow(self, cardinality_next: int) -> None:
        """An IncreaseObservationCardinalityNext: room that the ring takes when its index comes to the end."""
        self.cardinality_next = cardinality_next

    def _bound(self, tick: int, gross: int, net: int) -> None:
        """A position's end at `tick` gains liquidity: a tick is initialized while any position ends there."""
        before = self.gross_liquidity.get(tick, 0)
        if not before:
            insort(self.initialized_ticks, tick)
        self.gross_liquidity[tick] = before + gross
        self.net_liquidity[tick] = self.net_liquidity.get(tick, 0) + net
        if not before + gross:
            self.initialized_ticks.remove(tick)
            del self.gross_liquidity[tick], self.net_liquidity[tick]

    def _write(self, now: int) -> None:
        last = self.times[-1]
        if last == now:
            return
        if self.cardinality_next > self.cardinality and self.index == self.cardinality - 1:
            self.cardinality = self.cardinality_next
        self.index = (self.index + 1) % self.cardinality
        elapsed = now - last
        self.times.append(now)
        self.tick_cumulatives.append(self.tick_cumulatives[-1] + self.tick * elapsed)
        self.per_liquidity.append(self._per_liquidity_after(self.per_liquidity[-1], elapsed))
        self.stored = min(self.stored + 1, self.cardinality)

    def _per_liquidity_after(self, before: int, elapsed: int) -> int:
        return (before + (elapsed << 128) // (self.liquidity or 1)) & _UINT160_MASK

    # OBSERVE

    def tick_cumulative(self, target: int) -> int:
        """`tickCumulative` at time `target`. Raises `Revert` Error(OLD), Error(I) if not initialized."""
        times = self.times
        if not times:
            raise Revert(UNINITIALIZED)
        last = times[-1]
        if target >= last:
            return self.tick_cumulatives[-1] + self.tick * (target - last)
        before = self._index_before(target)
        elapsed = target - times[before]
        start = self.tick_cumulatives[before]
        if not elapsed:
            return start
        per_second = truncating_div(self.tick_cumulatives[before + 1] - start, times[before + 1] - times[before])
        return start + per_second * elapsed

    def seconds_per_liquidity_cumulative(self, target: int) -> int:
        """`secondsPerLiquidityCumulativeX128` at time `target`, uint160. Raises `Revert` as `tick_cumulative` does."""
        times = self.times
        if not times:
            raise Revert(UNINITIALIZED)
        last = times[-1]
        if target >= last:
            return (
                self._per_liquidity_after(self.per_liquidity[-1], target - last)
                if target > last
                else self.per_liquidity[-1]
            )
        before = self._index_before(target)
        elapsed = target - times[before]
        start = self.per_liquidity[before]
        if not elapsed:
            return start
        gained = (self.per_liquidity[before + 1] - start) & _UINT160_MASK
        return (start + gained * elapsed // (times[before + 1] - times[before])) & _UINT160_MASK

    def _index_before(self, target: int) -> int:
        oldest = len(self.times) - self.stored
        if not self.stored or target < self.times[oldest]:
            raise Revert(OLD)
        return bisect_right(self.times, target, oldest) - 1

    # START

    def start(self, slot0: Sequence[int], liquidity: int, ring: Mapping[int, tuple[int, int, int]]) -> None:
        """Stand where readings say, without positions: `slot0` up to the fee of the protocol, and the ring by index.

        The ring holds time, tick cumulative and seconds per liquidity of the initialized observations.
        """
        price, self.tick, self.index, self.cardinality, self.cardinality_next, self.fee_protocol = slot0
        self.sqrt_price_x96, self.liquidity, self.partial = price, liquidity, True
        places = [(self.index + 1 + each) % self.cardinality for each in range(self.cardinality)]
        kept = [ring[place] for place in places if place in ring]
        self.times, self.tick_cumulatives, self.per_liquidity = map(list, zip(*kept, strict=True))
        self.stored = len(kept)

    # SNAPSHOT

    def dump(self) -> dict[str, Any]:
        """The state that later answers depend on, as plain JSON values; without observations that left the ring."""
        oldest = len(self.times) - self.stored
        return {
            **self.dump_price(),
            "observations": [
                [self.times[i], self.tick_cumulatives[i], self.per_liquidity[i]] for i in range(oldest, len(self.times))
            ],
        }

    def dump_price(self) -> dict[str, Any]:
        """`dump` without the observations."""
        return {
            "sqrt_price_x96": self.sqrt_price_x96,
            "tick": self.tick,
            "liquidity": self.liquidity,
            "index": self.index,
            "cardinality": self.cardinality,
            "cardinality_next": self.cardinality_next,
            "fee_protocol": self.fee_protocol,
            "ticks": [[tick, self.gross_liquidity[tick], self.net_liquidity[tick]] for tick in self.initialized_ticks],
        }

    def dump_whole(self) -> dict[str, Any]:
        """`dump_price` with how many observations there were, how many are stored, and the positions.

        Positions are [owner, lower tick, upper tick, liquidity], in the order that they were opened in.
        """
        return {
            **self.dump_price(),
            "stored": self.stored,
            "observed": self.forgotten + len(self.times),
            "positions": [[*position, liquidity] for position, liquidity in self.positions.items()],
            **({"partial": True} if self.partial else {}),
        }

    def load(self, state: dict[str, Any], observations: list[list[int]], forgotten: int) -> None:
        """Take over a `dump_whole`, and the observations in the ring then.

        `forgotten` observations came before those.
        """
        self.sqrt_price_x96 = state["sqrt_price_x96"]
        self.tick = state["tick"]
        self.liquidity = state["liquidity"]
        self.index = state["index"]
        self.cardinality = state["cardinality"]
        self.cardinality_next = state["cardinality_next"]
        self.fee_protocol = state["fee_protocol"]
        self.initialized_ticks = [tick for tick, _, _ in state["ticks"]]
        self.gross_liquidity = {tick: gross for tick, gross, _ in state["ticks"]}
        self.net_liquidity = {tick: net for tick, _, net in state["ticks"]}
        self.positions = {(owner, lower, upper): liquidity for owner, lower, upper, liquidity in state["positions"]}
        self.times = [time for time, _, _ in observations]
        self.tick_cumulatives = [cumulative for _, cumulative, _ in observations]
        self.per_liquidity = [cumulative for _, _, cumulative in observations]
        self.stored = len(observations)
        self.forgotten = forgotten
        self.partial = state.get("partial", False)
