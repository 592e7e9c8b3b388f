"""A changed market: pools whose every tick is another, at the same times."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from keep3r_replay.uniswap_v3.oracle import Pool

if TYPE_CHECKING:
    from keep3r_replay.keep3r_v2.state import Keep3r
    from keep3r_replay.what_if.overlay import Overlay


class ChangedPool(Pool):
    """A pool that trades as it did, at other ticks: `tick * scale` rounded down, plus `shift`.

    Which events write an observation, and which positions are in range, is decided by the true tick: the changed market
    moves with its positions. The price beside the tick stays the true one.
    """

    __slots__ = ("_changed", "_denominator", "_numerator", "_shift", "_true_tick")

    def __init__(self, pool: Pool, scale: Fraction, shift: int) -> None:
        super().__init__(pool.address, pool.token0, pool.token1, pool.tick_spacing)
        self._numerator, self._denominator = scale.as_integer_ratio()
        self._shift = shift
        self._true_tick = 0
        self._changed = False

    def change(self, now: int) -> None:
        """From `now` on the ticks are the changed ones."""
        if self.times:
            self._write(now)
        self._changed = True
        self.tick = self._seen(self._true_tick)

    def _seen(self, tick: int) -> int:
        if not self._changed:
            return tick
        return tick * self._numerator // self._denominator + self._shift

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


def change_market(keep3r: Keep3r, overlay: Overlay) -> list[ChangedPool]:
    """Put changed pools into the model before its first event; they change once `change` is called."""
    if not overlay.changes_market:
        return []
    scale = Fraction(overlay.tick_scale)
    pools = [ChangedPool(pool, scale, overlay.tick_shift) for pool in keep3r.pools.values()]
    for pool in pools:
        keep3r.pools[pool.address] = pool
    return pools
