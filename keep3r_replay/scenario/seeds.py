"""Many seeds of one scenario: whole numbers of each, and quantiles by the nearest rank."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.errors import UsageError
from keep3r_replay.report.amounts import rounded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

APART = 1_000_000
"""Seeds of two runs of one random path are so far apart, so that no run draws another path's numbers."""
QUANTILES = (5, 25, 50, 75, 95)
"""Of the table, in percent."""
MOST = 100_000
_FEW = 3
"""So many runs are not worth other processes."""
SEED = "seed"


class Spread(NamedTuple):
    """How an outcome lies over the seeds: least, quantiles in percent, most, and the mean rounded half to even."""

    name: str
    least: int
    quantiles: tuple[int, ...]
    most: int
    mean: int


def of_run(script: Any, run: int) -> Any:
    """A script as its `run`-th seed (from 1) plays it: every `seed` in it is that plus `run` millions.

    Raises:
        UsageError: a seed is no whole number.
    """
    if isinstance(script, list):
        return [of_run(each, run) for each in script]
    if not isinstance(script, dict):
        return script
    changed = {key: of_run(value, run) for key, value in script.items()}
    if SEED in script:
        if not isinstance(script[SEED], int) or isinstance(script[SEED], bool):
            raise UsageError(f"scenario: seed {script[SEED]!r} is no whole number")
        changed[SEED] = script[SEED] + APART * run
    return changed


def has_seed(script: Any) -> bool:
    """Whether anything in a script is drawn."""
    if isinstance(script, dict):
        return SEED in script or any(map(has_seed, script.values()))
    return isinstance(script, list) and any(map(has_seed, script))


def outcomes(
    script: Mapping[str, Any],
    seeds: int,
    measure: Callable[[Mapping[str, Any]], dict[str, int]],
    workers: int,
    progress: Callable[[int, int], None],
) -> list[dict[str, int]]:
    """What each run comes to, in order of the runs; the number of processes makes no difference.

    Args:
        script: the scenario.
        seeds: number of runs.
        measure: plays a script; it can be sent to another process.
        workers: processes.
        progress: is told how many of how many are done.

    Raises:
        UsageError: too few or too many seeds, nothing is drawn, or a mistake in the script.
    """
    if not 1 <= seeds <= MOST:
        raise UsageError(f"seeds={seeds}: say a number from 1 to {MOST:,}")
    if not has_seed(script):
        raise UsageError("seeds: nothing of this scenario is drawn: give it a market, fees or a repeat with a seed")
    scripts = [of_run(script, run) for run in range(1, seeds + 1)]
    found = []
    for done, one in enumerate(_played(scripts, measure, workers), 1):
        found.append(one)
        progress(done, seeds)
    return found


def _played(scripts: Sequence[Any], measure: Callable[[Any], dict[str, int]], workers: int) -> Iterator[dict[str, int]]:
    if workers < 1:
        raise UsageError(f"workers={workers}: no number of processes")
    if workers == 1 or len(scripts) <= _FEW:
        yield from map(measure, scripts)
        return
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(measure, scripts, chunksize=max(1, len(scripts) // (8 * workers)))


def quantile(ordered: Sequence[int], percent: int) -> int:
    """The nearest rank: of n values in order, that of number n * percent / 100, rounded up, and the first at least."""
    return ordered[max(1, -(-len(ordered) * percent // 100)) - 1]


def spreads(found: Sequence[Mapping[str, int]]) -> list[Spread]:
    """How each outcome lies over the seeds."""
    rows = []
    for name in found[0]:
        ordered = sorted(each[name] for each in found)
        middle = tuple(quantile(ordered, percent) for percent in QUANTILES)
        rows.append(Spread(name, ordered[0], middle, ordered[-1], _mean(ordered)))
    return rows


def _mean(values: Sequence[int]) -> int:
    total = sum(values)
    return rounded(total, len(values))


def seeds_table(found: Sequence[Mapping[str, int]]) -> pl.DataFrame:
    """One row a run: its number and its outcomes, `Decimal(38, 0)`."""
    numbers = [pl.Series(name, [each[name] for each in found], pl.Int128).cast(pl.Decimal(38, 0)) for name in found[0]]
    return pl.DataFrame([pl.Series("run", range(1, len(found) + 1), pl.UInt32), *numbers])
