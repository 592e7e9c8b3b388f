"""Keep3rV1Oracle: a growing list of observations a pair, none younger than 1,800 s after the one before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v1.contract.uniswap_v2_oracle import Observation, rate_since

if TYPE_CHECKING:
    from keep3r_replay.uniswap_v2.pair import Pair, Rate

PERIOD = 1_800
"""Seconds that must pass between two observations."""


@dataclass(slots=True)
class Keep3rV1Oracle:
    """One oracle: observations by pair, and the KP3R (wei) that a keeper must have bonded to update."""

    address: str
    min_keep: int = 200 * 10**18
    pairs: list[str] = field(default_factory=list)
    observations: dict[str, list[Observation]] = field(default_factory=dict)

    def add(self, pair: Pair, now: int) -> None:
        """`add`: governance names a pair, whose first observation is made at once."""
        if pair.address not in self.pairs:
            self.pairs.append(pair.address)
            self.observations[pair.address] = [Observation(now, *pair.cumulatives(now))]

    def update(self, pair: Pair, now: int) -> bool:
        """`_update` at `now`: whether an observation was made.

        A pair whose `add` nobody saw begins with its first update.
        """
        observations = self.observations.setdefault(pair.address, [])
        if observations and now - observations[-1].time <= PERIOD:
            return False
        if pair.address not in self.pairs:
            self.pairs.append(pair.address)
        observations.append(Observation(now, *pair.cumulatives(now)))
        return True

    def rate(self, pair: Pair, now: int, *, token0_in: bool) -> Rate:
        """What `current` multiplies by, at `now`.

        Raises:
            Revert: the last observation is older than two periods, or there is none to compare with (empty).
        """
        observations = self.observations.get(pair.address)
        if not observations:
            raise Revert("empty")
        start = observations[-1]
        if now - start.time > 2 * PERIOD:
            raise Revert("UniswapV2Oracle::quote: stale prices")
        if start.time == now:
            if len(observations) == 1:
                raise Revert("empty")
            start = observations[-2]
        elapsed = now - start.time or 1
        return rate_since(start, pair, now, elapsed, token0_in=token0_in)
