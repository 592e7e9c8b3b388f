"""What a scenario comes to, in whole numbers: works, and KP3R by what became of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import (
    CAPPED,
    EXPIRED,
    FORCED,
    MINTED,
    REMOVED,
    REPRICED,
    SPENT,
)
from keep3r_replay.protocols.keep3r_v2.scenario.calls_work import WORKS
from keep3r_replay.protocols.keep3r_v2.scenario.script import scenario_from
from keep3r_replay.protocols.keep3r_v2.scenario.simulator import simulate
from keep3r_replay.protocols.keep3r_v2.what_if.recorder import SumRecorder, check_balance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.protocols.keep3r_v2.scenario.world import World

COUNTS = ("works", "reverted")


def measured(script: Mapping[str, Any]) -> dict[str, int]:
    """Play a script, and give its works, those that reverted, and wei of KP3R of all jobs.

    minted + forced + repriced = paid + expired + capped + removed + credits, where `repriced` has a sign, and `credits`
    are those in storage at the end. No view is read on the way: nobody sees them.

    Raises:
        UsageError: as `simulator.simulate`.
        LedgerError: the credits do not balance.
    """
    recorders: list[SumRecorder] = []

    def watch(world: World) -> None:
        recorders.append(SumRecorder(world.protocol.context, world.keep3r))
        world.keep3r.ledger = recorders[-1]

    simulation = simulate(scenario_from(script), watch)
    (recorder,) = recorders
    check_balance(simulation.world.keep3r, recorder)
    sums: Counter[str] = Counter()
    for (_, kind), amount in recorder.sums().items():
        sums[kind] += amount
    attempts = [attempt for attempt in simulation.attempts if attempt.call in WORKS]
    return {
        "works": sum(not attempt.revert for attempt in attempts),
        "reverted": sum(bool(attempt.revert) for attempt in attempts),
        "paid": -sums[SPENT],
        "minted": sum(sums[kind] for kind in MINTED),
        "forced": sums[FORCED],
        "repriced": sums[REPRICED],
        "expired": -sums[EXPIRED],
        "capped": -sums[CAPPED],
        "removed": -sums[REMOVED],
        "credits": sum(job.credits for job in simulation.world.keep3r.jobs.values()),
    }
