"""Goal seeking: the least value of a change with which something holds, and whether it holds from there on.

Nothing promises that more is better. So the range is scanned first; where what holds and what does not alternates, it
is said, and the answer is the least value above which everything that was tried holds.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.errors import UsageError
from keep3r_replay.replay.questions import Answer, Question, Setting
from keep3r_replay.replay.tables import frame
from keep3r_replay.what_if.history import numbers
from keep3r_replay.what_if.values import fraction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction

    import polars as pl

    from keep3r_replay.replay.questions import Asked

_COMPARISONS = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
_GOAL = re.compile(r"\s*(\w+)\s*(<=|>=|<|>|=)\s*(-?\d+|\w+)\s*", re.ASCII)
_LEAST_STEPS, _MOST_STEPS = 2, 1_000


class Goal(NamedTuple):
    """`NAME <= NUMBER`, or `NAME >= OTHER NAME`, of an outcome's numbers."""

    name: str
    comparison: str
    bound: str

    def holds(self, outcome: Mapping[str, int | None]) -> bool:
        """Whether an outcome fulfils it; what nobody knows does not."""
        value = outcome[self.name]
        bound = outcome[self.bound] if self.bound in outcome else int(self.bound)
        return value is not None and bound is not None and bool(_COMPARISONS[self.comparison](value, bound))


@dataclass(frozen=True)
class Sought:
    """What a search found.

    Attributes:
        tried: whether the goal holds, by the value tried, in order.
        least: the least value from which on all that were tried hold; None if the greatest does not.
    """

    tried: Mapping[Fraction, bool]
    least: Fraction | None

    @property
    def turns(self) -> list[Fraction]:
        """The values at which what was tried turns from holding to not, or back."""
        rows = list(self.tried.items())
        return [value for (_, before), (value, after) in pairwise(rows) if before != after]

    @property
    def is_monotone(self) -> bool:
        """Whether it turns once at most, from not holding to holding."""
        return len(self.turns) <= 1 and (self.least is not None or not any(self.tried.values()))


def goal_from(text: str, known: Mapping[str, Any]) -> Goal:
    """A goal as it is typed: `reverted=0`, `paid_what_if>=5000000000000000000`, `credits_what_if>=credits_baseline`.

    Raises:
        UsageError: it is none, or names what is not measured.
    """
    found = _GOAL.fullmatch(text)
    if found is None:
        raise UsageError(f"so_that={text[:60]!r}: say NAME<=NUMBER (or >=, <, >, =), as in so_that='reverted=0'")
    goal = Goal(found[1], found[2], found[3])
    for name in (goal.name, *([] if re.fullmatch(r"-?\d+", goal.bound) else [goal.bound])):
        if name not in known:
            raise UsageError(f"so_that: nothing of the name {name[:40]} is measured; there are {', '.join(known)}")
    return goal


def seek(holds: Callable[[Fraction], bool], low: Fraction, high: Fraction, step: Fraction, steps: int) -> Sought:
    """Scan `steps` stretches of `low` to `high`, then halve the last that turns to holding, down to `step`.

    Every value tried is `low` plus a multiple of `step`.
    """
    grid = int((high - low) / step)
    tried: dict[int, bool] = {}

    def ask(place: int) -> bool:
        if place not in tried:
            tried[place] = holds(low + place * step)
        return tried[place]

    places = sorted({grid * part // steps for part in range(steps + 1)})
    results = [ask(place) for place in places]
    if not results[-1]:
        return Sought({low + place * step: tried[place] for place in sorted(tried)}, None)
    last = max((number for number, held in enumerate(results) if not held), default=-1)
    if last < 0:
        least = places[0]
    else:
        short, least = places[last], places[last + 1]
        while least - short > 1:
            middle = (short + least) // 2
            short, least = (short, middle) if ask(middle) else (middle, least)
    return Sought({low + place * step: tried[place] for place in sorted(tried)}, low + least * step)


def _least(asked: Asked) -> Answer:
    settings, what_ifs = asked.settings, asked.what_ifs
    name = settings["parameter"]
    goal = goal_from(settings["so_that"], what_ifs.measured)
    if name not in what_ifs.changes():
        raise UsageError(f"parameter={name[:60] or 'none'}: no such change; docs/what-if.md lists them")
    low, high, step = (_number(each, settings[each]) for each in ("low", "high", "step"))
    steps = settings["scan"]
    if not _LEAST_STEPS <= steps <= _MOST_STEPS:
        raise UsageError(f"scan={steps}: say {_LEAST_STEPS} to {_MOST_STEPS} stretches")
    if step <= 0 or high - low < step:
        raise UsageError("low, high and step: say a range that goes up, and a step above 0 that fits into it")
    baseline = what_ifs.baseline(asked.lake, asked.until_block, {})

    def holds(value: Fraction) -> bool:
        overlay = {**asked.overlay, name: int(value) if value.denominator == 1 else str(value)}
        what_ifs.check(overlay, asked.lake)
        return goal.holds(numbers(what_ifs.outcome(baseline, overlay, ledger=False, tables=False).summary))

    sought = seek(holds, low, high, step, steps)
    return Answer(goal_lines(name, settings["so_that"], sought), tried_table(name, settings["so_that"], sought))


class TriedRow(NamedTuple):
    """A value that was tried: whether the goal holds with it, and whether it is the answer; the value as text."""

    parameter: str
    so_that: str
    value: str
    holds: bool
    least: bool


def tried_table(name: str, wanted: str, sought: Sought) -> pl.DataFrame:
    """Every value that a search tried, in order."""
    rows = [TriedRow(name, wanted, str(each), held, each == sought.least) for each, held in sought.tried.items()]
    return frame(TriedRow, rows)


def goal_lines(name: str, wanted: str, sought: Sought) -> list[str]:
    """A search for a terminal: the answer, what was tried, and whether more was always better."""
    tried = list(sought.tried)
    scanned = f"{len(tried)} values tried from {tried[0]} to {tried[-1]}"
    lines = [f"least {name} so that {wanted}"]
    if sought.least is None:
        lines.append(f"none: it does not hold at {tried[-1]}, the greatest; {scanned}")
    else:
        lines.append(f"answer     {sought.least}")
        lines.append(f"tried      {scanned}; it holds at all from {sought.least} on")
    if sought.is_monotone:
        lines.append("monotone   among the values tried it turns once at most; those in between are not proved")
    else:
        turns = ", ".join(f"{value} ({'holds' if sought.tried[value] else 'does not'})" for value in sought.turns)
        lines.append(f"monotone   no: it turns at {turns}")
    return lines


def _number(setting: str, text: str) -> Fraction:
    """A whole number, decimal or fraction, with a sign. Raises `UsageError`."""
    bare = text.strip().removeprefix("-")
    number = fraction(setting, bare)
    return -number if text.strip().startswith("-") else number


LEAST = Question(
    "the least value of a change so that something holds of the outcome",
    _least,
    {
        "parameter": Setting(str, "", "least: the change that is sought, as liquidity_factor"),
        "so_that": Setting(str, "", "least: what must hold, as reverted=0 or paid_what_if>=paid_baseline"),
        "low": Setting(str, "0", "least: where the range begins"),
        "high": Setting(str, "4", "least: where it ends"),
        "step": Setting(str, "1/100", "least: how exact the answer is"),
        "scan": Setting(int, 16, "least: stretches that are looked at first"),
    },
    takes_overlay=True,
)
"""What can be asked of every protocol that has what-ifs."""
