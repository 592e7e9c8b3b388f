"""Works by columns beside works one by one: `python -m benchmarks.columns [RECORDING-OR-LAKE]`.

Both ways take turns in one process, after a run of each that does not count. CPU is the process's, of all its threads,
in seconds; every figure is the least of the runs, which a busy machine disturbs least.

    replay    the model taken through the history, without readings or snapshots
    audit     everything that `keep3r replay` does but writing files
    ledger    the same with a ledger, whose ratio to the audit without is told below
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import keep3r_replay as kr
from benchmarks.replay import LARGE, SAMPLE
from keep3r_replay.collector import no_collections
from keep3r_replay.protocols.registry import protocol_of
from keep3r_replay.replay.audit import audit_once
from keep3r_replay.replay.protocol import Options
from keep3r_replay.replay.roots import replay_root, roots
from keep3r_replay.replay.snapshots import EVERY

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.lake.reader import Lake


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("source", nargs="?", type=Path, default=LARGE if LARGE.is_dir() else SAMPLE)
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = arguments.source
        if (source / "meta.json").is_file():
            lake = kr.import_recording(source, Path(folder) / "lake")
        else:
            lake = kr.open_lake(source)
        _report(source.name, lake, max(1, arguments.runs))
    return 0


def _report(name: str, lake: Lake, runs: int) -> None:
    protocol = protocol_of(lake)
    root = roots(lake, protocol)[0]
    works = replay_root(lake, protocol, root, None, None, Options(readings=False)).replay.context.works
    total = works.frame().height
    print(
        f"{name}: {total:,} works, {total - len(works.singles):,} of them taken from columns; least of {runs} runs; "
        f"Python {platform.python_version()}, {os.cpu_count()} cores\n"
    )
    print(f"{'':<10}{'CPU off':>10}{'CPU on':>10}{'ratio':>8}{'wall off':>12}{'wall on':>10}{'ratio':>8}")
    measured: dict[str, Callable[[bool], object]] = {
        "replay": lambda columns: replay_root(
            lake, protocol, root, None, None, Options(readings=False, columns=columns)
        ),
        "audit": lambda columns: audit_once(lake, protocol, None, None, Options(snapshot_every=EVERY, columns=columns)),
        "ledger": lambda columns: audit_once(
            lake, protocol, None, None, Options(snapshot_every=EVERY, columns=columns, ledger=True)
        ),
    }
    leasts = {}
    for label, measure in measured.items():
        least = {False: (float("inf"), float("inf")), True: (float("inf"), float("inf"))}
        for run in range(runs + 1):
            for columns in (False, True):
                cpu, wall = _seconds(measure, columns=columns)
                if run:
                    least[columns] = (min(cpu, least[columns][0]), min(wall, least[columns][1]))
        off, on = least[False], least[True]
        leasts[label] = on
        print(
            f"{label:<10}{off[0]:>10.3f}{on[0]:>10.3f}{off[0] / on[0]:>8.2f}"
            f"{off[1]:>12.3f}{on[1]:>10.3f}{off[1] / on[1]:>8.2f}"
        )
    (cpu, wall), (booked, booked_wall) = leasts["audit"], leasts["ledger"]
    ratios = f"{booked / cpu:.2f} times the CPU, {booked_wall / wall:.2f} times the time"
    print(f"\nwith columns, an audit with a ledger takes {ratios} of one without")


def _seconds(measure: Callable[[bool], object], *, columns: bool) -> tuple[float, float]:
    """CPU and wall of one run."""
    cpu, wall = time.process_time(), time.perf_counter()
    with no_collections():
        measure(columns)
    return time.process_time() - cpu, time.perf_counter() - wall


if __name__ == "__main__":
    sys.exit(main())
