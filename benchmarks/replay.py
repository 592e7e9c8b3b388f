"""Speed and memory of a replay beside an EVM: `python -m benchmarks.replay [RECORDING, LAKE OR SCENARIO ...]`.

Every figure is the median of several runs, each in a process of its own, in one session on one machine, in turns:

    whole process         from starting `keep3r replay` until it has ended, results written
    without start-up      from opening the lake until the results are written, after all imports
    plain polars scan     reading all columns of the same event tables and readings, after imports
    bare EVM              revm alone, executing works of the real 2.0 contracts (`benchmarks.evm`)

A work of the 2.0 contracts takes more gas than one of a later version, or one of many in a transaction. So the EVM is
held against a replay twice: by works, and by the gas that the history's own transactions took. Needs the extra
`benchmark` and npm; `--no-evm` leaves the EVM out.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import polars as pl

ROOT = Path(__file__).resolve().parent.parent
RECORDINGS = ROOT.parent / "shared" / "recordings"
SAMPLE = ROOT / "data" / "sample" / "lake"
LARGE = RECORDINGS / "open-v2.3-large"
HISTORIES = [LARGE, ROOT / "benchmarks" / "irregular.yaml", SAMPLE]
"""Many works, works among many other calls, and many readings."""
_EVM_BURSTS = 9
_MEGABYTE = 1024


class Measured(NamedTuple):
    """What one process took: seconds of wall and of CPU, and its peak memory in kilobytes."""

    wall: float
    cpu: float
    memory: int = 0


class History(NamedTuple):
    """What a history holds: rows, and the gas of all its transactions and of those with works."""

    logs: int
    works: int
    readings: int
    gas: int
    gas_of_works: int


def main() -> int:
    """Measure and print; `--inside` is one run in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sources", nargs="*", type=Path, default=[each for each in HISTORIES if each.exists()])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--no-evm", action="store_true")
    parser.add_argument("--inside", choices=["replay", "scan"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        run = _replay if arguments.inside == "replay" else _scan
        print(*run(arguments.sources[0])[:2])
        return 0
    build = f"Python {platform.python_version()} ({platform.python_compiler()}, {' '.join(platform.python_build())})"
    print(f"medians of {arguments.runs} runs; {build}, polars {pl.__version__}, {os.cpu_count()} cores")
    print("EVM works: times the EVM's works/s; EVM gas: times as fast as the EVM takes the gas of all transactions;")
    print("of works: of those with works; x scan: times the CPU of the scan")
    with tempfile.TemporaryDirectory() as folder:
        for source in arguments.sources:
            lake = source
            if source.is_file():
                lake = Path(folder) / source.stem
                _run(_keep3r("simulate", f"scenario={source}", f"lake={lake}"))
            elif (source / "meta.json").is_file():
                lake = Path(folder) / source.name
                _run(_keep3r("import", f"recording={source}", f"lake={lake}"))
            _report("sample" if source == SAMPLE else source.stem, lake, Path(folder), arguments.runs, arguments.no_evm)
    return 0


def _report(name: str, lake: Path, folder: Path, runs: int, no_evm: bool) -> None:
    held = _held(lake)
    replay = _keep3r("replay", f"lake={lake}", f"results={folder / 'results'}")
    # One run that does not count, so that all files are in the machine's memory.
    _run(replay)
    whole, inside, scan = [], [], []
    for _ in range(runs):
        # A run would go on from the results of the last one.
        _run(["rm", "-r", str(folder / "results")])
        whole.append(_run(replay))
        inside.append(_inside("replay", lake))
        scan.append(_inside("scan", lake))
    works, gas = (0.0, 0.0) if no_evm else _evm()
    plain = _medians(scan).cpu
    print(f"\n{name}: {held.logs:,} logs, {held.works:,} works, {held.readings:,} readings")
    print(
        f"{'':<20}{'CPU s':>9}{'wall s':>9}{'works/s':>11}{'EVM works':>11}{'EVM gas':>11}{'of works':>11}{'x scan':>8}"
    )
    for label, times in (("whole process", whole), ("without start-up", inside), ("plain polars scan", scan)):
        took = _medians(times)
        line = f"{label:<20}{took.cpu:>9.3f}{took.wall:>9.3f}"
        if times is not scan:
            line += f"{held.works / took.cpu:>11,.0f}"
            if no_evm:
                line += " " * 33
            else:
                line += f"{held.works / works / took.cpu:>11.1f}"
                line += f"{held.gas / gas / took.cpu:>11.1f}{held.gas_of_works / gas / took.cpu:>11.1f}"
            line += f"{took.cpu / plain:>8.1f}"
        print(line)
    if not no_evm:
        print(f"{'bare EVM':<29}{'':>9}{works:>11,.0f}    at {gas / 1e6:,.0f} million gas/s")
    print(f"peak memory of the whole process: {max(each.memory for each in whole) / _MEGABYTE:,.0f} MB")


def _held(lake: Path) -> History:
    from keep3r_replay.lake.reader import Lake

    opened = Lake.open(lake)
    manifest = opened.manifest
    rows = {table: sum(entry.rows for entry in manifest.of_table(table)) for table in manifest.tables()}
    place = ["block_number", "transaction_index"]
    gas = opened.scan("transactions").select(*place, "gas_used").collect()
    works = opened.scan("events/keep3r.KeeperWork").select(place).unique().collect()
    of_works = gas.join(works, on=place, how="semi")
    return History(
        rows["logs"],
        rows.get("events/keep3r.KeeperWork", 0),
        rows.get("readings", 0),
        int(gas["gas_used"].sum()),
        int(of_works["gas_used"].sum()),
    )


def _evm() -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks.evm", "--plain", str(_EVM_BURSTS)]
    works, gas = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    return float(works), float(gas)


def _medians(times: list[Measured]) -> Measured:
    return Measured(statistics.median(each.wall for each in times), statistics.median(each.cpu for each in times))


def _keep3r(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pipelines.cli", *arguments]


def _run(command: list[str]) -> Measured:
    """Run a command to its end."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


def _inside(what: str, lake: Path) -> Measured:
    command = [sys.executable, "-m", "benchmarks.replay", str(lake), "--inside", what]
    wall, cpu = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    return Measured(float(wall), float(cpu))


def _clocks() -> tuple[float, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), used.ru_utime + used.ru_stime


def _since(start: tuple[float, float]) -> Measured:
    wall, cpu = _clocks()
    return Measured(wall - start[0], cpu - start[1])


def _replay(source: Path) -> Measured:
    # What the replay would import as it goes.
    for module in ("replay.results", "replay.audit", "report.terminal", "protocols.keep3r_v2.protocol"):
        importlib.import_module(f"keep3r_replay.{module}")
    from pipelines.replay import replay
    from pipelines.replay_config import ReplayConfig

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        start = _clocks()
        replay(ReplayConfig(lake=str(source), results=f"{folder}/results"))
        return _since(start)


def _scan(source: Path) -> Measured:
    from keep3r_replay.lake.reader import Lake

    start = _clocks()
    lake = Lake.open(source)
    tables = [table for table in lake.tables() if table == "readings" or table.startswith("events/")]
    pl.collect_all([lake.scan(table) for table in tables])
    return _since(start)


if __name__ == "__main__":
    sys.exit(main())
