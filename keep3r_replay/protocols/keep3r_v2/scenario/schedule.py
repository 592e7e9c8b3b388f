"""When what is called: a script's items laid out in time.

An item is one of

    do: CALL, argument: ...              one call at the present time, after which `block_time` seconds pass
    wait: DURATION                       nothing happens
    until: period                        wait for the start of the next reward period (of the constructor's length)
    repeat: {every: D, for: D, do: [..]} the items, first after `every`, as often as that fits into `for`
            with jitter: D and seed: N   each round begins later by `random.Random(seed).randint(0, jitter)` seconds

Calls are named in `calls`; durations are seconds or texts like "36h".
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.scenario.quantities import (
    at_most,
    duration,
    items,
    known,
    mapping,
    required,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.protocols.keep3r_v2.scenario.script import Scenario


_END_OF_TIME = 1 << 32
"""Pools keep times in 32 bits, seconds."""


class Action(NamedTuple):
    """One call: when (seconds), what, with which arguments, and where in the script it stands."""

    time: int
    call: str
    arguments: Mapping[str, Any]
    place: str


class Schedule(NamedTuple):
    """All calls in order; when the setup is done, and when the script ends (seconds)."""

    actions: list[Action]
    ready: int
    end: int


def schedule(scenario: Scenario, reward_period_time: int) -> Schedule:
    """Lay out setup and script, from one block time after the start, at least a second: the first block is empty.

    Raises:
        UsageError: an item is none of the above, or a duration none.
    """
    layout = _Layout(scenario.start + max(1, scenario.block_time), scenario.block_time, reward_period_time)
    layout.add(scenario.setup, "setup")
    ready = layout.now
    layout.add(scenario.script, "script")
    return Schedule(layout.actions, ready, layout.now)


class _Layout:
    """The present time, and the calls so far."""

    def __init__(self, now: int, block_time: int, reward_period_time: int) -> None:
        self.now = now
        self.actions: list[Action] = []
        self._block_time = block_time
        self._window = reward_period_time

    def add(self, script: Sequence[Mapping[str, Any]], place: str) -> None:
        """Lay out items from the present time on."""
        for number, item in enumerate(script):
            here = f"{place}[{number}]"
            kinds = [kind for kind in ("do", "wait", "until", "repeat") if kind in item]
            if len(kinds) != 1:
                said = ", ".join(item) or "nothing"
                raise UsageError(f"scenario.{here}: an item says one of do, wait, until and repeat, not {said}")
            if kinds != ["do"]:
                known(item, kinds, f"scenario.{here}")
            self._add(kinds[0], item, here)
            if self.now >= _END_OF_TIME:
                raise UsageError(
                    f"scenario.{here}: it is {self.now} s by then; the contracts' clock ends at {_END_OF_TIME}"
                )

    def _add(self, kind: str, item: Mapping[str, Any], place: str) -> None:
        here, content = f"scenario.{place}", item[kind]
        if kind == "do":
            if not isinstance(content, str):
                raise UsageError(f"{here}: do names a call, not {content!r}")
            at_most(len(self.actions) + 1, here, "calls")
            arguments = {key: value for key, value in item.items() if key != "do"}
            self.actions.append(Action(self.now, content, arguments, place))
            self.now += self._block_time
        elif kind == "wait":
            self.now += duration(content, here)
        elif kind == "until":
            if content != "period":
                raise UsageError(f"{here}: until knows 'period' only, not {content!r}")
            self.now += self._window - self.now % self._window
        else:
            self._repeat(mapping(content, here), place)

    def _repeat(self, content: Mapping[str, Any], place: str) -> None:
        here = f"scenario.{place}"
        known(content, ("every", "for", "do", "jitter", "seed"), here)
        every = duration(required(content, "every", here), f"{here}.every")
        total = duration(required(content, "for", here), f"{here}.for")
        inner = items(required(content, "do", here), here)
        jitter = duration(content.get("jitter", 0), f"{here}.jitter")
        if every <= 0:
            raise UsageError(f"{here}: every {every} s never ends")
        random = Random(whole(required(content, "seed", here), f"{here}.seed") if jitter else 0)
        at_most(total // every, here, "rounds")
        start = self.now
        for time in range(start + every, start + total + 1, every):
            if time < self.now:
                raise UsageError(f"{here}: the items take longer than every {every} s")
            self.now = time + random.randint(0, jitter)
            self.add(inner, place)
        self.now = max(self.now, start + total)
