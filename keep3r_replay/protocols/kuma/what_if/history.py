"""A history as calls: what each transaction did, when, and whether it went through; and the model run along it."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.kuma.replay.transaction import attempt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from keep3r_replay.protocols.kuma.contract.state import Emitted, Kuma
    from keep3r_replay.protocols.kuma.replay.calls import Call


STRANGER = "0x000000000000000000000000000000000057a2e6"
"""Who makes the calls that a counterfactual adds: anybody may."""


class Step(NamedTuple):
    """A transaction's calls at one place of the chain; `succeeded` is what the chain says."""

    block: int
    transaction: int
    timestamp: int
    sender: str
    calls: tuple[Call, ...]
    succeeded: bool


class BlockTime(NamedTuple):
    """A block and its time (seconds)."""

    block: int
    timestamp: int


class Ran(NamedTuple):
    """A step as the model ran it: the reason of its revert (empty: none), results of its calls, and its logs."""

    step: Step
    reason: str
    results: Sequence[object]
    emitted: Sequence[Emitted]


@dataclass(frozen=True)
class History:
    """A deployment's transactions in chain order.

    Attributes:
        start: the model before the first of them; never run, only copied.
        steps: the transactions that call something.
        times: number and time of every block whose time is known, in order.
    """

    start: Kuma
    steps: Sequence[Step]
    times: Sequence[BlockTime]

    @property
    def end(self) -> int:
        """Time of the last block (seconds)."""
        return self.times[-1].timestamp if self.times else 0

    def first_at(self, timestamp: int) -> int:
        """Position of the first step of a block at or after a time."""
        return bisect_left(self.steps, timestamp, key=lambda step: step.timestamp)

    def first_of(self, block: int) -> int:
        """Position of the first step of a block, or of the first after it."""
        return bisect_left(self.steps, block, key=lambda step: step.block)

    def time_of(self, block: int) -> int:
        """Time of a block, or of the first after it that is known; the end where there is none."""
        position = bisect_left(self.times, (block, 0))
        return self.times[position].timestamp if position < len(self.times) else self.end

    def time_before(self, block: int) -> int:
        """Time of the last block before `block`; 0 if there is none."""
        position = bisect_left(self.times, (block, 0))
        return self.times[position - 1].timestamp if position else 0

    def states_before(self, positions: Iterable[int]) -> Mapping[int, Kuma]:
        """The model as it was before each of these steps, from one run; only what the chain let through is run."""
        wanted = sorted(set(positions))
        found: dict[int, Kuma] = {}
        kuma, done = self.start.copy(), 0
        for position in wanted:
            for _, after in run(kuma, (step for step in self.steps[done:position] if step.succeeded)):
                kuma = after
            done = position
            found[position] = kuma.copy()
        return found


def run(kuma: Kuma, steps: Iterable[Step]) -> Iterator[tuple[Ran, Kuma]]:
    """Run steps one after the other, each whole or not at all; gives each with the state after it."""
    for step in steps:
        kuma.now = step.timestamp
        reason, results, kuma = attempt(kuma, step.calls)
        yield Ran(step, reason, results, kuma.emitted), kuma
