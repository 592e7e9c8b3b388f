"""Keep3rV2Oracle of one pair: observations of *stored* cumulatives, scaled to 18 decimals (Solidity 0.8)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import ARITHMETIC_PANIC, DIVISION_PANIC, Revert
from keep3r_replay.protocols.keep3r_v1.contract.uniswap_v2_oracle import Observation
from keep3r_replay.uniswap_v2.pair import RESOLUTION, Checkpoint, Rate

if TYPE_CHECKING:
    from keep3r_replay.uniswap_v2.pair import Pair

PERIOD = 1_800
SCALE = 10**18


class Timed(NamedTuple):
    """An amount in wei, and the seconds that it is about."""

    amount: int
    seconds: int


def scaled(cumulative: int) -> int:
    """A pair's cumulative as the oracle stores it: 18 decimals instead of 112 binary digits, cut to 112 bits."""
    return (cumulative * SCALE >> RESOLUTION) % 2**112


def observed(checkpoint: Checkpoint) -> Observation:
    """What the oracle would store of the pair's last `Sync`."""
    return Observation(checkpoint.time, scaled(checkpoint.price0), scaled(checkpoint.price1))


def _rate(start: Observation, end: Observation, elapsed: int, *, token0_in: bool) -> Rate:
    gain = end.price0 - start.price0 if token0_in else end.price1 - start.price1
    if gain < 0:
        raise Revert(ARITHMETIC_PANIC)
    if elapsed == 0:
        raise Revert(DIVISION_PANIC)
    return Rate(gain, SCALE * elapsed, overflow=ARITHMETIC_PANIC)


@dataclass(slots=True)
class Keep3rV2Oracle:
    """One oracle of one pair; the factory that made it updates it."""

    address: str
    pair: str
    factory: str
    observations: list[Observation] = field(default_factory=list)

    def deploy(self, pair: Pair) -> None:
        """The constructor: the first observation is of the pair's last `Sync`."""
        self.observations = [observed(pair.latest)]

    def update(self, pair: Pair) -> bool:
        """`update`: whether an observation was made; it is if the last `Sync` is 1,800 s younger than the last one."""
        if self.observations and pair.latest.time - self.observations[-1].time <= PERIOD:
            return False
        self.observations.append(observed(pair.latest))
        return True

    def rate(self, *, token0_in: bool) -> Rate:
        """What `quote` over one point multiplies by. Raises `Revert` while there are fewer than two observations."""
        if len(self.observations) < 2:
            raise Revert(ARITHMETIC_PANIC)
        start, end = self.observations[-2:]
        return _rate(start, end, end.time - start.time, token0_in=token0_in)

    def quote(self, pair: Pair, amount: int, points: int, *, token0_in: bool) -> Timed:
        """`quote` of `amount` (wei): the mean over the last `points` intervals, and the age of the last observation.

        Raises:
            Revert: there are too few observations, or no point.
        """
        observations = self.observations
        if len(observations) < points + 1:
            raise Revert(ARITHMETIC_PANIC)
        if points == 0:
            raise Revert(DIVISION_PANIC)
        total = 0
        for start, end in zip(observations[-points - 1 : -1], observations[-points:], strict=True):
            total += _rate(start, end, end.time - start.time, token0_in=token0_in).of(amount)
        return Timed(total // points, pair.latest.time - observations[-1].time)

    def current(self, pair: Pair, amount: int, *, token0_in: bool) -> Timed:
        """`current` of `amount` (wei): from the last observation to the pair's last `Sync`, and the seconds between.

        Raises:
            Revert: there is no observation before the last `Sync`.
        """
        if not self.observations:
            raise Revert(ARITHMETIC_PANIC)
        start = self.observations[-1]
        if start.time == pair.latest.time:
            if len(self.observations) == 1:
                raise Revert(ARITHMETIC_PANIC)
            start = self.observations[-2]
        elapsed = pair.latest.time - start.time or 1
        return Timed(_rate(start, observed(pair.latest), elapsed, token0_in=token0_in).of(amount), elapsed)
