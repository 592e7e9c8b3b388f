"""Speed and memory of a replay: `python -m benchmarks.replay [RECORDING-OR-LAKE]`.

Every figure is the median of several runs, each in a process of its own, in one session on one machine:

    whole process         from starting `keep3r replay` until it has ended, results written
    without start-up      from opening the lake until the results are written, after all imports
    plain polars scan     reading all columns of the same event tables and readings, after imports
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LARGE = ROOT.parent / "shared" / "recordings" / "open-v2.3-large"
SAMPLE = ROOT / "data" / "sample" / "lake"
EVM_WORKS_PER_SECOND = 10_770
"""Works a second of bare EVM execution, measured in full blocks of a local node on the same kind of machine."""


def main() -> int:
    """Measure and print; `--inside` is one run in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("source", nargs="?", type=Path, default=LARGE if LARGE.is_dir() else SAMPLE)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--inside", choices=["replay", "scan"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        print(
            _seconds_of_replay(arguments.source) if arguments.inside == "replay" else _seconds_of_scan(arguments.source)
        )
        return 0
    with tempfile.TemporaryDirectory() as folder:
        lake = arguments.source
        if (lake / "meta.json").is_file():
            lake = Path(folder) / "lake"
            _run(_keep3r("import", f"recording={arguments.source}", f"lake={lake}"))
        _report(arguments.source.name, lake, Path(folder), max(arguments.runs, 5))
    return 0


def _report(name: str, lake: Path, folder: Path, runs: int) -> None:
    from keep3r_replay.lake.reader import Lake

    manifest = Lake.open(lake).manifest
    rows = {table: sum(entry.rows for entry in manifest.of_table(table)) for table in manifest.tables()}
    works, logs = rows.get("events/keep3r.KeeperWork", 0), rows["logs"]
    # One run that does not count, so that all files are in the machine's memory.
    _run(_keep3r("replay", f"lake={lake}", f"results={folder / 'results'}"))
    whole, memory, inside, scan = [], [], [], []
    for _ in range(runs):
        seconds, kilobytes = _run(_keep3r("replay", f"lake={lake}", f"results={folder / 'results'}"))
        whole.append(seconds)
        memory.append(kilobytes)
        inside.append(_inside("replay", lake))
        scan.append(_inside("scan", lake))
    plain = statistics.median(scan)
    print(
        f"{name}: {logs:,} logs, {works:,} works, {rows.get('readings', 0):,} readings; medians of {runs} runs; "
        f"Python {platform.python_version()}, {os.cpu_count()} cores\n"
    )
    print(f"{'':<20}{'seconds':>9}{'works/s':>11}{'logs/s':>11}{'x EVM':>8}{'x scan':>8}")
    for label, times in (("whole process", whole), ("without start-up", inside), ("plain polars scan", scan)):
        seconds = statistics.median(times)
        replays = times is not scan
        ratio = f"{works / seconds / EVM_WORKS_PER_SECOND:>8.1f}" if replays else f"{'':>8}"
        print(
            f"{label:<20}{seconds:>9.3f}{works / seconds:>11,.0f}{logs / seconds:>11,.0f}{ratio}{seconds / plain:>8.1f}"
        )
    print(f"\npeak memory of the whole process: {max(memory) / 1024:,.0f} MB")
    print(f"x EVM: times the {EVM_WORKS_PER_SECOND:,} works/s of bare EVM execution; x scan: times as long as the scan")


def _keep3r(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pipelines.cli", *arguments]


def _run(command: list[str]) -> tuple[float, int]:
    """Run a command to its end; wall seconds, and the process's peak memory in kilobytes."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return seconds, usage.ru_maxrss


def _inside(what: str, lake: Path) -> float:
    command = [sys.executable, "-m", "benchmarks.replay", str(lake), "--inside", what]
    return float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def _seconds_of_replay(source: Path) -> float:
    # What the replay would import as it goes.
    for module in ("replay.results", "replay.audit", "report.terminal", "protocols.keep3r_v2.protocol"):
        importlib.import_module(f"keep3r_replay.{module}")
    from pipelines.replay import replay
    from pipelines.replay_config import ReplayConfig

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        start = time.perf_counter()
        replay(ReplayConfig(lake=str(source), results=f"{folder}/results"))
        return time.perf_counter() - start


def _seconds_of_scan(source: Path) -> float:
    import polars as pl

    from keep3r_replay.lake.reader import Lake

    start = time.perf_counter()
    lake = Lake.open(source)
    tables = [table for table in lake.tables() if table == "readings" or table.startswith("events/")]
    pl.collect_all([lake.scan(table) for table in tables])
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
