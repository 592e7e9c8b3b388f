"""Traces of a simulation, as the notebook records and draws them: views by time, events, reward periods, charts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.counts import counted
from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.events import EVENTS
from keep3r_replay.protocols.keep3r_v2.report.series import Point, Series
from keep3r_replay.replay.tables import Int64, frame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keep3r_replay.protocols.keep3r_v2.scenario.simulator import Simulation

_TRACED = ("totalJobCredits", "jobLiquidityCredits", "jobPeriodCredits")


def simulation_lines(simulation: Simulation) -> list[str]:
    """What a simulation came to, and the calls that reverted in it, for a terminal."""
    chain = simulation.chain
    reverted = Counter((attempt.call, attempt.revert) for attempt in simulation.reverted)
    counts = {
        "block": len(chain.blocks),
        "log": len(chain.logs),
        "transaction": len(chain.transactions),
        "reading": len(simulation.readings),
    }
    made = ", ".join(counted(count, each) for each, count in counts.items())
    return [
        f"simulated {simulation.scenario.name} (Keep3r {simulation.scenario.version}): {made}",
        *(f"reverted  {count} of {call} with {revert}" for (call, revert), count in sorted(reverted.items())),
    ]


class ViewRow(NamedTuple):
    """A view that was read: what it answered, as text, or why it reverted."""

    timestamp: Int64
    contract: str
    view: str
    arguments: str
    value: str | None
    revert: str | None


def views_table(simulation: Simulation) -> pl.DataFrame:
    """One row a view that was read: timestamp (seconds), contract, view, arguments, value or revert, as text."""
    blocks = simulation.chain.blocks
    return frame(
        ViewRow,
        [
            ViewRow(
                blocks[each.block_number].timestamp, each.contract, each.view, each.arguments, each.value, each.revert
            )
            for each in simulation.readings
        ],
    )


def events_table(simulation: Simulation) -> pl.DataFrame:
    """One row an event: timestamp (seconds), block, log index, contract and name, in the order of the chain."""
    chain = simulation.chain
    contracts = chain.deployment.by_address()
    names: dict[tuple[str, bytes], str] = {
        (address, event.topic0): event.name
        for address, contract in contracts.items()
        for event in EVENTS[contract.role][contract.version]
    }
    rows = []
    for log in chain.logs:
        address = "0x" + log.address.hex()
        place = chain.blocks[log.block].timestamp, log.block, log.place
        rows.append((*place, contracts[address].role, names[address, log.topics[0]]))
    schema = {"timestamp": pl.Int64, "block": pl.Int64, "log_index": pl.Int64, "role": pl.String, "event": pl.String}
    return pl.DataFrame(rows, schema, orient="row")


def periods_table(simulation: Simulation) -> pl.DataFrame:
    """The starts of the reward periods, seconds, with the length that the contract had at the end."""
    blocks = simulation.chain.blocks
    window = simulation.world.keep3r.parameters.reward_period_time
    first = blocks[0].timestamp - blocks[0].timestamp % window + window
    return pl.DataFrame({"timestamp": list(range(first, blocks[-1].timestamp + 1, window))}, {"timestamp": pl.Int64})


def job_trace(simulation: Simulation, job: str) -> Series:
    """The views of one job by time, with its works and rewards and the starts of periods between first and last.

    Raises:
        UsageError: the scenario reads no views.
    """
    views = views_table(simulation).filter((pl.col("arguments") == job) & pl.col("view").is_in(_TRACED))
    if not views.height:
        raise UsageError("the scenario reads no views to trace: say scenario.views_every=4h")
    points: dict[int, dict[str, int | None]] = {}
    for time, view, value in views.select("timestamp", "view", "value").iter_rows():
        points.setdefault(time, {})[view] = None if value is None else int(value)
    times = sorted(points)
    curve = [Point(time, *(points[time].get(view) for view in _TRACED)) for time in times]
    periods = [time for (time,) in periods_table(simulation).iter_rows() if times[0] <= time <= times[-1]]
    works = [time for time, *_ in _events_of_job(simulation, job, "KeeperWork", 1)]
    rewards = [counted for _, counted in _events_of_job(simulation, job, "LiquidityCreditsReward", 0)]
    return Series(curve, works, rewards, periods)


def _events_of_job(simulation: Simulation, job: str, name: str, indexed_before: int) -> Iterator[tuple[int, int]]:
    """Times of a job's events of one name, with their first word of data."""
    chain = simulation.chain
    event = next(event for event in EVENTS["keep3r"][simulation.scenario.version] if event.name == name)
    word = bytes.fromhex(job[2:]).rjust(32, b"\0")
    for log in chain.logs:
        if log.topics[0] == event.topic0 and log.topics[1 + indexed_before] == word:
            yield chain.blocks[log.block].timestamp, int.from_bytes(log.data[:32], "big")


def write_trace(simulation: Simulation, folder: Path) -> list[Path]:
    """Write `views.csv`, `events.csv` and `periods.csv`; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "views": views_table(simulation),
        "events": events_table(simulation),
        "periods": periods_table(simulation),
    }
    files = []
    for name, table in tables.items():
        files.append(folder / f"{name}.csv")
        table.write_csv(files[-1])
    return files


def draw_jobs(simulation: Simulation, folder: Path) -> list[Path]:
    """Draw each job's credits as the notebook does, `credits-JOB.svg`; return the files.

    Raises:
        UsageError: the scenario reads no views.
    """
    # Drawing takes long to import.
    from keep3r_replay.protocols.keep3r_v2.report.figures import credits_chart  # noqa: PLC0415 - as said above
    from keep3r_replay.report.charts import picture  # noqa: PLC0415 - as said above

    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for job in simulation.world.keep3r.jobs:
        files.append(folder / f"credits-{job}.svg")
        files[-1].write_bytes(picture(credits_chart(job_trace(simulation, job))))
    return files
