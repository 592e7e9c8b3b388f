"""A changed market: pools whose every tick is another, at the same times, and pools that follow another market."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from fractions import Fraction
from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.what_if.fed_market import changed_feed, spans
from keep3r_replay.protocols.keep3r_v2.what_if.other_market import Moves, at_blocks, check_range, other_market
from keep3r_replay.sidechain_oracle.of_lake import delivered, feed_of_lake
from keep3r_replay.sidechain_oracle.oracle import SidechainOracle
from keep3r_replay.uniswap_v3.oracle import Pool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext
    from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2
    from keep3r_replay.protocols.keep3r_v2.what_if.baseline import Baseline
    from keep3r_replay.protocols.keep3r_v2.what_if.other_market import OtherMarket
    from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay
    from keep3r_replay.sidechain_oracle.of_lake import Delivered


class ChangedPool(Pool):
    """A pool that trades as it did, at other ticks: `tick * scale` rounded down, plus `shift`.

    Which events write an observation, and which positions are in range, is decided by the true tick: the changed market
    moves with its positions. The price beside the tick stays the true one.
    """

    __slots__ = ("_changed", "_denominator", "_numerator", "_shift", "_true_tick")

    def __init__(self, pool: Pool, scale: Fraction, shift: int) -> None:
        super().__init__(pool.address, pool.token0, pool.token1, pool.tick_spacing, pool.fee)
        self._numerator, self._denominator = scale.as_integer_ratio()
        self._shift = shift
        self._true_tick = 0
        self._changed = False

    def change(self, now: int) -> None:
        """From `now` on the ticks are the changed ones."""
        self._changed = True
        self._go_to(now, self._seen(self._true_tick))

    def _go_to(self, now: int, tick: int) -> None:
        if self.times and tick != self.tick:
            self._write(now)
            self.tick = tick

    def _seen(self, tick: int) -> int:
        if not self._changed:
            return tick
        return tick * self._numerator // self._denominator + self._shift

    def catch_up(self, now: int) -> None:
        """Make all moves up to `now`: here the pool's own, of which none waits."""

    def initialize(self, now: int, sqrt_price_x96: int, tick: int) -> None:
        """As the pool's own."""
        super().initialize(now, sqrt_price_x96, tick)
        self._true_tick = tick
        self.tick = self._seen(tick)

    def swap(self, now: int, sqrt_price_x96: int, liquidity: int, tick: int) -> None:
        """As the pool's own, to the changed tick."""
        if tick != self._true_tick:
            self._write(now)
            self._true_tick = tick
            self.tick = self._seen(tick)
        self.sqrt_price_x96 = sqrt_price_x96
        self.liquidity = liquidity

    def change_liquidity(self, now: int, tick_lower: int, tick_upper: int, amount: int) -> None:
        """As the pool's own, in range or not by the true tick."""
        if amount and tick_lower <= self._true_tick < tick_upper:
            self._write(now)
            self.liquidity += amount
        if amount:
            self._bound(tick_lower, amount, amount)
            self._bound(tick_upper, amount, -amount)

    def load(self, state: dict[str, Any], observations: list[list[int]], forgotten: int) -> None:
        """As the pool's own; what it was until then is the true market."""
        super().load(state, observations, forgotten)
        self._true_tick = self.tick


class FollowingPool(ChangedPool):
    """A pool whose tick goes where another market's goes, and whose own swaps do not move it.

    Like a swap, a move writes one observation, with the tick before it, at the block that it falls into: where the
    pool's own tick first moves in that block, or else after all that happens there. Moves wait until the pool has an
    event or is asked: nobody sees the difference. Its positions come and go as they did.
    """

    __slots__ = ("_context", "_moves", "_next", "_sign")

    def __init__(self, pool: Pool, overlay: Overlay, moves: Moves, context: CallContext) -> None:
        super().__init__(pool, Fraction(overlay.tick_scale), overlay.tick_shift)
        self._moves = moves
        self._next = 0
        self._sign = 1 if pool.token0 == context.keep3r.kp3r_in_pools else -1
        self._context = context

    def change(self, now: int) -> None:
        """From `now` on the tick is the other market's; its move of this very moment waits like all others."""
        self._changed = True
        if self.times:
            self._next = max(1, bisect_left(self._moves.times, now))
            self._go_to(now, self._seen(self._moves.ticks[self._next - 1]))

    def _seen(self, tick: int) -> int:
        return super()._seen(self._sign * tick) if self._changed else tick

    def catch_up(self, now: int) -> None:
        """Make all moves up to `now`."""
        times, ticks = self._moves
        while self._changed and self._next < len(times) and times[self._next] <= now:
            if self.times:
                self._write(times[self._next])
                self.tick = self._seen(ticks[self._next])
            self._next += 1

    def initialize(self, now: int, sqrt_price_x96: int, tick: int) -> None:
        """As the pool's own, at the other market's tick."""
        super().initialize(now, sqrt_price_x96, tick)
        if self._changed:
            self._next = bisect_right(self._moves.times, now)
            self.tick = self._seen(self._moves.ticks[self._next - 1])

    def swap(self, now: int, sqrt_price_x96: int, liquidity: int, tick: int) -> None:
        """A swap of the true market, of which the liquidity remains."""
        if not self._changed:
            super().swap(now, sqrt_price_x96, liquidity, tick)
            return
        self.catch_up(now if tick != self._true_tick else now - 1)
        self._true_tick = tick
        self.sqrt_price_x96 = sqrt_price_x96
        self.liquidity = liquidity

    def change_liquidity(self, now: int, tick_lower: int, tick_upper: int, amount: int) -> None:
        """As the pool's own, in range or not by the true tick."""
        self.catch_up(now - 1)
        super().change_liquidity(now, tick_lower, tick_upper, amount)

    def grow(self, cardinality_next: int) -> None:
        """As the pool's own."""
        self.catch_up(self._context.now - 1)
        super().grow(cardinality_next)

    def tick_cumulative(self, target: int) -> int:
        """As the pool's own, after all moves before now."""
        self.catch_up(self._context.now - 1)
        return super().tick_cumulative(target)

    def seconds_per_liquidity_cumulative(self, target: int) -> int:
        """As the pool's own, after all moves before now."""
        self.catch_up(self._context.now - 1)
        return super().seconds_per_liquidity_cumulative(target)


def change_market(protocol: Keep3rV2, baseline: Baseline, overlay: Overlay) -> list[ChangedPool]:
    """Put changed pools into the model before its first event; they change once `change` is called.

    Oracles that mainnet feeds stay, and are fed another market.

    Raises:
        UsageError: the other market does not cover the history.
    """
    feed = feed_of_lake(baseline.lake, baseline.until_block)
    protocol.context.feed = feed
    if not overlay.changes_market:
        return []
    pools, history = protocol.keep3r.pools, baseline.history
    fed = delivered(baseline.lake, feed, baseline.until_block)
    since = history.time_from(overlay.market_from_block)
    market = _other_market(protocol, baseline, overlay, fed, since) if overlay.follows_market else None
    changed = {} if market is None else _following(protocol, baseline, overlay, market)
    for address, pool in pools.items():
        if address not in changed and overlay.changes_ticks and not isinstance(pool, SidechainOracle):
            changed[address] = ChangedPool(pool, Fraction(overlay.tick_scale), overlay.tick_shift)
    turned = {} if market is None else _in_own_order(market, pools, protocol.keep3r.kp3r_in_pools)
    is_changed = {each: batches for each, batches in fed.items() if overlay.changes_ticks or each in turned}
    protocol.context.feed = changed_feed(feed, is_changed, overlay, since, turned)
    pools.update(changed)
    return list(changed.values())


def _in_own_order(market: OtherMarket, pools: Mapping[str, Pool], kp3r: str) -> dict[str, Moves]:
    """Moves of pools by address, of the other sign where KP3R is the second token."""
    return {
        address: moves if pools[address].token0 == kp3r else Moves(moves.times, [-tick for tick in moves.ticks])
        for address, moves in market.moves.items()
    }


def _other_market(
    protocol: Keep3rV2, baseline: Baseline, overlay: Overlay, fed: Mapping[str, Sequence[Delivered]], since: int
) -> OtherMarket:
    """The market that pools and oracles follow, known from the first moment that each needs it to the last."""
    history = baseline.history
    starts = {address: max(starts_at, since) for address, starts_at in history.pools_begin().items()}
    ends = dict.fromkeys(starts, history.facts[history.last_block].timestamp)
    for address, batches in fed.items():
        needed = [each for each in spans(batches) if each.start >= since]
        if needed:
            starts[address], ends[address] = min(each.start for each in needed), max(each.end for each in needed)
    first = min(starts.values(), default=min(fact.timestamp for fact in history.facts.values()))
    market = other_market(overlay, baseline.lake, protocol.keep3r.pools, first)
    for address in market.moves:
        if address in starts:
            check_range(market, address, starts[address], ends[address])
    return market


def _following(protocol: Keep3rV2, baseline: Baseline, overlay: Overlay, market: OtherMarket) -> dict[str, ChangedPool]:
    pools = protocol.keep3r.pools
    blocks = sorted({fact.timestamp for fact in baseline.history.facts.values()})
    return {
        address: FollowingPool(pools[address], overlay, at_blocks(moves, blocks), protocol.context)
        for address, moves in market.moves.items()
        if not isinstance(pools[address], SidechainOracle)
    }
