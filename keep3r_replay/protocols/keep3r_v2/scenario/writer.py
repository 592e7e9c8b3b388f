"""A simulation of Keep3r V2 as a lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.scenario.writer import check_target, write_chain

if TYPE_CHECKING:
    from pathlib import Path

    from keep3r_replay.protocols.keep3r_v2.scenario.simulator import Simulation

__all__ = ["check_target", "write_lake"]


def write_lake(simulation: Simulation, lake: Path) -> None:
    """Write the simulation as a lake to folder `lake`; raises as `scenario.writer.write_chain`."""
    write_chain(simulation.chain, simulation.readings, lake)
