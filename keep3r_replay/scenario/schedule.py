"""When what is called: a script's items laid out in time.

An item is one of

    do: CALL, argument: ...              one call at the present time, after which `block_time` seconds pass
    wait: DURATION                       nothing happens
    until: period                        wait for the start of the next reward period (of the constructor's length)
    repeat: {every: D, for: D, do: [..]} the items, first after `every`, as often as that fits into `for`

Calls are named in `calls`; durations are seconds or texts like "36h".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.errors import UsageError
from keep3r_replay.scenario.quantities import duration, items, known, mapping, required

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.scenario.script import Scenario


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
            if "do" in item:
                arguments = {key: value for key, value in item.items() if key != "do"}
                self.actions.append(Action(self.now, str(item["do"]), arguments, here))
                self.now += self._block_time
            elif "wait" in item:
                known(item, ("wait",), here)
                self.now += duration(item["wait"], here)
            elif "until" in item:
                known(item, ("until",), here)
                if item["until"] != "period":
                    raise UsageError(f"{here}: until knows 'period' only, not {item['until']!r}")
                self.now += self._window - self.now % self._window
            elif "repeat" in item:
                known(item, ("repeat",), here)
                self._repeat(mapping(item["repeat"], here), here)
            else:
                raise UsageError(f"{here}: an item says do, wait, until or repeat, not {', '.join(item) or 'nothing'}")

    def _repeat(self, content: Mapping[str, Any], place: str) -> None:
        known(content, ("every", "for", "do"), place)
        every = duration(required(content, "every", place), place)
        total = duration(required(content, "for", place), place)
        inner = items(required(content, "do", place), place)
        if every <= 0:
            raise UsageError(f"{place}: every {every} s never ends")
        start = self.now
        for time in range(start + every, start + total + 1, every):
            if time < self.now:
                raise UsageError(f"{place}: the items take longer than every {every} s")
            self.now = time
            self.add(inner, place)
        self.now = max(self.now, start + total)
