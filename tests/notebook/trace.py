"""The notebook's run on a fork of mainnet: what its jobs' views answered, and when its events were."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

TRACES = Path(__file__).resolve().parent.parent / "data" / "notebook_traces.csv.gz"
VIEWS = ("totalJobCredits", "jobLiquidityCredits", "jobPeriodCredits")
CUT = 10**16
"""Amounts in the traces are cut to hundredths of a KP3R."""


@dataclass
class Trace:
    """One scenario: samples of the three views by time (lowest wei that they stand for), and times of events."""

    name: str
    samples: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: {view: [] for view in VIEWS})
    rewarded_at: list[int] = field(default_factory=list)
    additions: list[int] = field(default_factory=list)
    works: list[int] = field(default_factory=list)
    periods: list[int] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows the trace has."""
        events = (self.rewarded_at, self.additions, self.works, self.periods)
        return sum(map(len, self.samples.values())) + sum(map(len, events))


def read_traces() -> list[Trace]:
    """All scenarios in the notebook's order."""
    traces: dict[str, Trace] = {}
    with gzip.open(TRACES, "rt", encoding="ascii", newline="") as file:
        for row in csv.DictReader(file):
            trace = traces.setdefault(row["scenario"], Trace(row["scenario"]))
            time = int(row["timestamp"])
            match row["trace"]:
                case "LiquidityCreditsReward":
                    trace.rewarded_at.append(time)
                case "LiquidityAddition":
                    trace.additions.append(time)
                case "KeeperWork":
                    trace.works.append(time)
                case "Period":
                    trace.periods.append(time)
                case view:
                    trace.samples[view].append((time, int(Decimal(row["value"]) * 10**18)))
    return list(traces.values())
