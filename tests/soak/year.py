"""A year of small runs, sampled: what the last run costs against the first ones.

python -m tests.soak.year [runs=2000] [blocks=50]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from soak.node import FaultyNode, extract
from soak.synthetic import Chain

if TYPE_CHECKING:
    from collections.abc import Iterator

_PARTITION = 100_000


class Cost(NamedTuple):
    """Of one run: CPU in seconds, bytes that it wrote; and what the lake has after it: files, bytes of the manifest."""

    cpu: float
    written: int
    files: int
    manifest: int


def measured(lake: Path, node: FaultyNode) -> Cost:
    """Run once and measure; the node runs in this process as well, so that its time counts too."""
    before = {path: path.stat().st_mtime_ns for path in lake.rglob("*") if path.is_file()} if lake.exists() else {}
    started = time.process_time()
    extract(lake, node.url, partition=_PARTITION)
    cpu = time.process_time() - started
    now = [path for path in lake.rglob("*") if path.is_file() and path.name != ".lock"]
    written = sum(path.stat().st_size for path in now if before.get(path) != path.stat().st_mtime_ns)
    return Cost(cpu, written, len(now), (lake / "manifest.json").stat().st_size)


def year(lake: Path, runs: int, blocks: int) -> Iterator[Cost]:
    """Run `runs` times, each `blocks` blocks further, and yield what each run cost."""
    with FaultyNode(Chain(3), 0) as node:
        for _ in range(runs):
            node.chain.head += blocks
            yield measured(lake, node)


def _row(name: str, costs: list[Cost]) -> str:
    mean = [sum(column) / len(costs) for column in zip(*costs, strict=True)]
    files, manifest = costs[-1].files, costs[-1].manifest / 1e3
    return f"{name:>12} {1000 * mean[0]:8.0f} ms {mean[1] / 1e3:8.1f} KB {files:6d} {manifest:8.1f} KB"


if __name__ == "__main__":
    wanted = {"runs": 2_000, "blocks": 50} | {
        name: int(value) for name, _, value in (each.partition("=") for each in sys.argv[1:])
    }
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    tenth = max(wanted["runs"] // 10, 1)
    print(f"{'runs':>12} {'CPU':>11} {'written':>11} {'files':>6} {'manifest':>11}")
    with tempfile.TemporaryDirectory() as place:
        found: list[Cost] = []
        for run, cost in enumerate(year(Path(place) / "lake", **wanted), start=1):
            found.append(cost)
            if len(found) == tenth:
                print(_row(f"{run - tenth + 1}-{run}", found), flush=True)
                found = []
