"""A hundred what-ifs of one lake beside a hundred replays of it, and what memory they take.

    python -m benchmarks.what_if LAKE

The target: on two cores, a hundred what-ifs take at most a hundred times one replay, divided by 1.6.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

SCENARIOS = 100
GAIN = 1.6
_REPEATS = 3
_KILOBYTES_PER_MEGABYTE = 1024


def main() -> int:
    """Measure and print; 1 if the target is missed."""
    if len(sys.argv) != 2:
        print("usage: python -m benchmarks.what_if LAKE")
        return 2
    lake = f"lake={sys.argv[1]}"
    with tempfile.TemporaryDirectory() as folder:
        replay = min(_run("replay", lake, f"results={folder}/replay")[0] for _ in range(_REPEATS))
        sweep = ["replay", "-m", lake, f"results={folder}/sweep", f"overlay.tick_shift=range(1,{SCENARIOS + 1})"]
        first, memory = _run(*sweep)
        again, _ = _run(*sweep)
    target = SCENARIOS * replay / GAIN
    print(f"one replay                {replay:8.2f} s")
    print(
        f"{SCENARIOS} what-ifs             {first:8.2f} s   at most {target:.2f} s: {target / first:.1f} times as fast"
    )
    print(f"the same again            {again:8.2f} s   nothing is run")
    print(f"memory of all processes   {memory / _KILOBYTES_PER_MEGABYTE:8.0f} MB")
    return 0 if first <= target else 1


def _run(*arguments: str) -> tuple[float, int]:
    """Run a command to its end; wall seconds, and the most memory that it and its children held, in kilobytes."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines.cli", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    peak = [0]
    watcher = threading.Thread(target=_watch, args=(process, peak))
    watcher.start()
    if process.wait():
        raise SystemExit(f"keep3r {' '.join(arguments)} ended with {process.returncode}")
    seconds = time.perf_counter() - start
    watcher.join()
    return seconds, peak[0]


def _watch(process: subprocess.Popen[bytes], peak: list[int]) -> None:
    while process.poll() is None:
        peak[0] = max(peak[0], sum(_memory(number) for number in _family(process.pid)))
        time.sleep(0.2)


def _family(number: int) -> list[int]:
    """A process and all that it began."""
    try:
        children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
    except OSError:
        return []
    return [number, *(each for child in children for each in _family(int(child)))]


def _memory(number: int) -> int:
    """Memory of a process in kilobytes, what it shares counted in part."""
    try:
        lines = Path(f"/proc/{number}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


if __name__ == "__main__":
    sys.exit(main())
