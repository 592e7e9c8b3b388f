"""A year of scheduled runs, on a served recording: the job's last state against that of one run.

python -m tests.soak.scheduled [runs=60] [kills=6] [seed=1]
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

from histories import DATA, ROOT
from kuma.recorded import meta
from kuma.served import ServedRecording

RECORDING = DATA / "open-kuma-clean-1"


class GrowingRecording(ServedRecording):
    """The recording up to block `head`: what comes later is not there yet."""

    head = 0

    def _number(self, tag: str) -> int:
        return self.head if tag in {"latest", "finalized"} else min(int(tag, 16), self.head)

    def _block(self, number: int, *, full: bool) -> dict[str, object] | None:
        return None if number > self.head else super()._block(number, full=full)


def update(folder: Path, url: str, *more: str) -> subprocess.Popen[str]:
    """Begin a run of the job in a folder, as a scheduler does: a process of its own."""
    swaps = ",".join(f"'{each['KUMASwap'].lower()}'" for each in meta(RECORDING)["categories"][:1])
    deployment = ["deployment=kuma_local", f"deployment.swaps=[{swaps}]", "deployment.version=v1_0"]
    places = ["lake=lake", "results=results", "report=report.html", "log=json", *more]
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "pipelines.cli", "update", *deployment, "deployment.partition_blocks=50", *places],
        cwd=folder,
        env={**os.environ, "ETH_RPC_URL": url, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def content(folder: Path) -> dict[str, bytes]:
    """Every file of lake, results and report, but locks."""
    files = [path for name in ("lake", "results") for path in sorted((folder / name).rglob("*")) if path.is_file()]
    named = [path for path in files if path.name != ".lock"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in [*named, folder / "report.html"]}


def scheduled(folder: Path, *, runs: int, kills: int, seed: int) -> dict[str, float]:
    """Run the job `runs` times as the chain grows, kill some runs at random moments, and return what it took.

    Raises:
        AssertionError: the last run does not leave what one run leaves, or has another verdict.
    """
    choose = random.Random(seed)
    with GrowingRecording(RECORDING) as node:
        last = len(node._blocks) - 1
        killed, seconds = set(choose.sample(range(1, runs), kills)), []
        done = 0
        for run in range(1, runs + 1):
            node.head = max(last * run // runs, 1)
            started = time.monotonic()
            job = update(folder / "job", node.url)
            if run in killed:
                time.sleep(choose.uniform(0.5, max(seconds[-1:] or [3.0]) * 1.1))
                job.send_signal(signal.SIGKILL)
                job.communicate()  # which closes what it wrote to, too
                done += job.returncode < 0
                continue
            told, error = job.communicate()
            assert job.returncode in {0, 3}, error
            seconds.append(time.monotonic() - started)
        whole = update(folder / "whole", node.url)
        expected, error = whole.communicate()
        assert whole.returncode in {0, 3}, error
    assert job.returncode == whole.returncode
    assert told.splitlines()[-1].partition('"counts"')[0] == expected.splitlines()[-1].partition('"counts"')[0]
    mine, theirs = content(folder / "job"), content(folder / "whole")
    assert mine.keys() == theirs.keys(), sorted(mine.keys() ^ theirs.keys())
    assert mine == theirs, [name for name in mine if mine[name] != theirs[name]]
    return {
        "runs": runs,
        "killed": done,
        "first": seconds[0],
        "last": seconds[-1],
        "bytes": sum(map(len, mine.values())),
    }


if __name__ == "__main__":
    wanted = {"runs": 60, "kills": 6, "seed": 1} | {
        name: int(value) for name, _, value in (each.partition("=") for each in sys.argv[1:])
    }
    with tempfile.TemporaryDirectory() as place:
        print(scheduled(Path(place), **wanted))
