"""A pool's oracle written straight from its rules, slot by slot: what the model is held against."""

from __future__ import annotations

from keep3r_replay.evm.arithmetic import Revert


class RingOracle:
    """The contract's ring buffer: slots of (time, tick cumulative, seconds per liquidity), some never written."""

    def __init__(self, now: int, tick: int) -> None:
        self.slots: list[tuple[int, int, int] | None] = [None] * 65_536
        self.slots[0] = (now, 0, 0)
        self.tick = tick
        self.liquidity = 0
        self.index = 0
        self.cardinality = self.cardinality_next = 1

    def _grown(self, slot: tuple[int, int, int], now: int) -> tuple[int, int, int]:
        seconds = now - slot[0]
        per_liquidity = (slot[2] + (seconds * 2**128) // max(self.liquidity, 1)) % 2**160
        return now, slot[1] + self.tick * seconds, per_liquidity

    def _write(self, now: int) -> None:
        last = self.slots[self.index]
        if last[0] == now:
            return
        if self.cardinality_next > self.cardinality and self.index == self.cardinality - 1:
            self.cardinality = self.cardinality_next
        self.index = (self.index + 1) % self.cardinality
        self.slots[self.index] = self._grown(last, now)

    def swap(self, now: int, tick: int, liquidity: int) -> None:
        """A Swap."""
        if tick != self.tick:
            self._write(now)
        self.tick, self.liquidity = tick, liquidity

    def change_liquidity(self, now: int, lower: int, upper: int, amount: int) -> None:
        """A Mint or a Burn."""
        if amount != 0 and lower <= self.tick < upper:
            self._write(now)
            self.liquidity += amount

    def grow(self, cardinality_next: int) -> None:
        """An IncreaseObservationCardinalityNext."""
        self.cardinality_next = cardinality_next

    def observe(self, target: int) -> tuple[int, int]:
        """Tick cumulative and seconds per liquidity at a time not after now."""
        last = self.slots[self.index]
        if last[0] <= target:
            grown = last if last[0] == target else self._grown(last, target)
            return grown[1], grown[2]
        oldest = self.slots[(self.index + 1) % self.cardinality] or self.slots[0]
        if oldest[0] > target:
            raise Revert("Error(OLD)")
        kept = sorted(slot for slot in self.slots[: self.cardinality] if slot is not None)
        before = max(slot for slot in kept if slot[0] <= target)
        if before[0] == target:
            return before[1], before[2]
        after = min(slot for slot in kept if slot[0] > target)
        span, elapsed = after[0] - before[0], target - before[0]
        gained = (after[1] - before[1]) // span
        assert gained * span == after[1] - before[1], "the tick is constant between observations"
        return (
            before[1] + gained * elapsed,
            (before[2] + (after[2] - before[2]) % 2**160 * elapsed // span) % 2**160,
        )
