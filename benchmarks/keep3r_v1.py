"""Speed of Keep3r V1 beside Keep3r V2: `python -m benchmarks.keep3r_v1 [RECORDING-OR-LAKE of V2]`.

A history of 50,000 payments is played with `keep3r simulate`: two days under each of four helpers, one after the other.
Then it and a large history of Keep3r V2 are replayed in turns, each run in a process of its own, imports included. The
last line is V1's works a second over V2's, by CPU time, for other work on the machine counts into wall time.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.replay import LARGE, ROOT, SAMPLE

HELPERS = ("seed", "h24e1", "h2720", "h1530")
APART = 12
"""Seconds from one payment to the next."""


class Run(NamedTuple):
    """One replay: seconds on the clock, and seconds of CPU."""

    wall: float
    cpu: float


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("source", nargs="?", type=Path, default=LARGE if LARGE.is_dir() else SAMPLE)
    parser.add_argument("--payments", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first = _simulated(folder, arguments.payments)
        second = arguments.source
        if (second / "meta.json").is_file():
            second = folder / "v2"
            _run("import", f"recording={arguments.source}", f"lake={second}")
        _report({"Keep3r V1": first, "Keep3r V2": second}, folder, max(arguments.runs, 3))
    return 0


def _simulated(folder: Path, payments: int) -> Path:
    """A history of that many payments."""
    each = payments // len(HELPERS)
    calls: list[dict[str, object]] = []
    for number, helper in enumerate(HELPERS):
        start = 60 + number * (each + 1) * APART
        calls.append({"at": start, "do": "helper", "version": helper})
        calls.append({"at": start + APART, "do": "work", "gas": 250_000 + number, "every": APART, "times": each})
    script = folder / "script.yaml"
    content = {"protocol": "keep3r_v1", "name": "v1_large", "job_credits": 10**24, "calls": calls}
    script.write_text(json.dumps(content))
    _run("simulate", f"scenario={script}", f"lake={folder / 'v1'}")
    return folder / "v1"


def _report(lakes: dict[str, Path], folder: Path, runs: int) -> None:
    from keep3r_replay.lake.reader import Lake

    works = {}
    for name, lake in lakes.items():
        manifest = Lake.open(lake).manifest
        tables = ("events/keep3r_v1.KeeperWorked", "events/keep3r.KeeperWork")
        works[name] = sum(entry.rows for table in tables for entry in manifest.of_table(table))
    measured: dict[str, list[Run]] = {name: [] for name in lakes}
    for number in range(runs + 1):
        for name, lake in lakes.items():
            run = _run("replay", f"lake={lake}", f"results={folder / 'results'}")
            if number:  # the first run only brings the files into the machine's memory
                measured[name].append(run)
    print(f"{'':<12}{'works':>9}{'seconds':>10}{'CPU':>8}{'works/s':>10}{'works/s of CPU':>17}")
    rates = {}
    for name, each in measured.items():
        wall, cpu = (statistics.median(values) for values in zip(*each, strict=True))
        rates[name] = works[name] / cpu
        print(f"{name:<12}{works[name]:>9,}{wall:>10.2f}{cpu:>8.2f}{works[name] / wall:>10,.0f}{rates[name]:>17,.0f}")
    first, second = rates.values()
    print(f"V1's works a second over V2's: {first / second:.2f}")


def _run(*arguments: str) -> Run:
    """Run `keep3r` to its end."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "pipelines.cli", *arguments], stdout=subprocess.DEVNULL, cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"keep3r {' '.join(arguments)} ended with {process.returncode}")
    return Run(time.perf_counter() - start, usage.ru_utime + usage.ru_stime)


if __name__ == "__main__":
    sys.exit(main())
