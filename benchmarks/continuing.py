"""What a run costs that goes on: `python -m benchmarks.continuing [RECORDING OR LAKE] [--runs N] [--ledger]`.

A recording's lake is cut into files as an extraction cuts it, once up to a share of its blocks and once whole. Results
of the first are gone on from with the second. Every figure is the median CPU time (seconds, all threads) of several
runs, each in a process of its own, from opening the lake until the results are written, after all imports.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LARGE = ROOT.parent / "shared" / "recordings" / "open-v2.3-large"
SAMPLE = ROOT / "data" / "sample" / "recording"
SHARES = (99, 90)
"""Per cent of the blocks that former results are of."""
PARTITION = 1_000


def main() -> int:
    """Measure and print; `--inside` is one run in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("recording", nargs="?", type=Path, default=LARGE if LARGE.is_dir() else SAMPLE)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--ledger", action="store_true", help="replay with the ledger")
    parser.add_argument("--part", type=int, action="append", help="per cent of the blocks that former results are of")
    parser.add_argument("--inside", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        print(_seconds(*arguments.inside, ledger=arguments.ledger))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        shares = tuple(arguments.part or SHARES)
        _report(arguments.recording, Path(folder), arguments.runs, shares, ledger=arguments.ledger)
    return 0


def _report(recording: Path, folder: Path, runs: int, shares: tuple[int, ...], *, ledger: bool) -> None:
    import keep3r_replay as kr
    from tests.growing import content, lake_up_to

    is_lake = (recording / "manifest.json").is_file()
    whole = kr.open_lake(recording) if is_lake else kr.import_recording(recording, folder / "imported")
    coverage = whole.manifest.coverage
    assert coverage is not None
    blocks = coverage.to_block - coverage.from_block + 1
    lake_up_to(whole, coverage.to_block, folder / "whole", size=PARTITION)
    print(f"{recording.name}: {blocks:,} blocks; CPU seconds, medians of {runs} runs\n")
    print(f"{'new blocks':>10}{'from the beginning':>20}{'goes on':>10}{'share':>8}")
    straight = _median(folder / "whole", None, folder / "straight", runs, ledger=ledger)
    for share in shares:
        last = coverage.from_block + blocks * share // 100 - 1
        part = lake_up_to(whole, last, folder / "part", size=PARTITION)
        kr.replay_on(part, folder / "former", ledger=ledger)
        on = _median(folder / "whole", folder / "former", folder / "on", runs, ledger=ledger)
        if content(folder / "on") != content(folder / "straight"):
            raise SystemExit("a run that went on left other bytes than a straight one")
        print(f"{100 - share:>9}%{straight:>20.2f}{on:>10.2f}{on / straight:>8.0%}")
        shutil.rmtree(folder / "former")


def _median(lake: Path, former: Path | None, results: Path, runs: int, *, ledger: bool) -> float:
    """Median of runs to a folder that holds a copy of former results, or nothing; the last one's results stay."""
    found = []
    for _ in range(runs):
        shutil.rmtree(results, ignore_errors=True)
        if former is not None:
            shutil.copytree(former, results)
        command = [sys.executable, "-m", "benchmarks.continuing", "--inside", str(lake), str(results)]
        done = subprocess.run(
            [*command, *(["--ledger"] if ledger else [])], check=True, capture_output=True, text=True, cwd=ROOT
        )
        found.append(float(done.stdout))
    return statistics.median(found)


def _seconds(lake: Path, results: Path, *, ledger: bool) -> float:
    """CPU seconds of one run; two of the bundled sample, for all that is loaded when it is used, do not count."""
    import keep3r_replay as kr

    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            kr.replay_on(kr.open_lake(results=folder), folder, ledger=ledger)
    started = time.process_time()
    kr.replay_on(kr.open_lake(lake, results=results), results, ledger=ledger)
    return time.process_time() - started


if __name__ == "__main__":
    sys.exit(main())
