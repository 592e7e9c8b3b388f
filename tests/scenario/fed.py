"""A second reckoning of what mainnet's feed delivers, and of what works are paid by it: nothing of the model's."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from tests.scenario.reckoned import average_tick, quote, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.lake.reader import Lake

ONE, HOUR = 10**18, 3_600
Path = list[tuple[int, int]]
"""Times (seconds) from which a tick held."""


class Arrival(NamedTuple):
    """A batch: when it arrived, and its items."""

    at: int
    items: Path


class Work(NamedTuple):
    """Gas and the USD that a unit of it costs, wei; the window that its price is the mean of, seconds."""

    gas: int
    usd: int
    window: int


def walked(ready: int, first: int, seed: int, step: int, every: int, last: int) -> Path:
    """A market that walks from `first` at `ready`."""
    random, path = Random(seed), [(ready, first)]
    for time in range(ready + every, ready + last + 1, every):
        path.append((time, path[-1][1] + random.randint(-step, step)))
    return path


def mean(path: Path, start: int, end: int) -> int:
    """The mean tick of a span, rounded down; a market holds its first tick before it began."""
    inside = sorted({start, end, *(time for time, _ in path if start < time < end)})
    times = [time for time, _ in path]
    ticks = (path[max(0, bisect_right(times, since) - 1)][1] * (until - since) for since, until in pairwise(inside))
    return sum(ticks) // (end - start)


def arrivals(
    path: Path, ready: int, end: int, item: int = 4 * HOUR, count: int = 6, late: int = 2 * HOUR
) -> list[Arrival]:
    """The batches of a market's mean ticks that arrive until `end`."""
    found = []
    for start in range(ready, end, count * item):
        at = start + count * item + late
        if at <= end:
            spans = (start + place * item for place in range(count))
            found.append(Arrival(at, [(since, mean(path, since, since + item)) for since in spans]))
    return found


def known_at(first: tuple[int, int], arrived: Sequence[Arrival], now: int) -> Path:
    """The ticks that an oracle knows of after the batch with its first item, before what arrives at `now`."""
    return [first, *(item for each in arrived if each.at < now for item in each.items)]


def one_usd(path: Path, dollar: Path, now: int, window: int) -> int:
    """KP3R for one USD: WETH and KP3R are the first tokens of their pools."""
    return quote(quote(ONE, average_tick(dollar, now - window, now)), average_tick(path, now - window, now))


def payment(work: Work, bonds: int, path: Path, dollar: Path, now: int) -> int:
    """What a work is paid, wei of KP3R, by the ticks that both pools are known to have held."""
    boost = 11_000 + 1_000 * min(bonds, 200 * ONE) // (200 * ONE)
    return work.gas * boost // 10_000 * (one_usd(path, dollar, now, work.window) * work.usd) // ONE


def works_of(lake: Lake) -> list[tuple[int, int]]:
    """Time and payment of every work."""
    return rows(lake, "keep3r.KeeperWork", "timestamp", "payment")
