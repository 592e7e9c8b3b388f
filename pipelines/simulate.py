"""`keep3r simulate`: a scripted history into a lake."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.config import load_config, setting

SUMMARY = "Play a scripted history against the model, and write the lake that the contracts would have left."


@dataclass(frozen=True)
class SimulateConfig:
    """Settings of `keep3r simulate`."""

    lake: str = setting("folder of the lake: absent, empty, or a former simulation, which is replaced")
    scenario: dict[str, Any] = setting("the scenario; any part of it can be overridden, as scenario.fees.base_fee=N")
    trace: str | None = setting("also write tables of views, events and periods (CSV) to this folder", default=None)
    draw: str | None = setting("also draw a chart of each job's credits (SVG) to this folder", default=None)


def main(argv: list[str]) -> int:
    """Simulate one scenario; return the exit code."""
    # A part of the scenario may be one that its file does not name, which Hydra marks with ++.
    overrides = [f"++{argument}" if argument.startswith("scenario.") else argument for argument in argv]
    config = load_config("simulate", SimulateConfig, overrides, summary=SUMMARY)
    from keep3r_replay.scenario.script import scenario_from
    from keep3r_replay.scenario.simulator import simulate
    from keep3r_replay.scenario.trace import draw_jobs, write_trace
    from keep3r_replay.scenario.writer import check_target, write_lake

    lake = Path(config.lake)
    check_target(lake)
    simulation = simulate(scenario_from(config.scenario))
    write_lake(simulation, lake)
    chain = simulation.chain
    print(
        f"simulated {simulation.scenario.name} (Keep3r {simulation.scenario.version}): {len(chain.blocks)} blocks, "
        f"{len(chain.logs)} logs, {len(chain.transactions)} transactions, {len(simulation.readings)} readings"
    )
    reverted = Counter((attempt.call, attempt.revert) for attempt in simulation.reverted)
    for (call, revert), count in sorted(reverted.items()):
        print(f"reverted  {count} of {call} with {revert}")
    print(f"lake      {lake}")
    if config.trace is not None:
        for path in write_trace(simulation, Path(config.trace)):
            print(f"trace     {path}")
    if config.draw is not None:
        for path in draw_jobs(simulation, Path(config.draw)):
            print(f"chart     {path}")
    return 0
