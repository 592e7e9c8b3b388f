"""A seeded soak: runs through a faulty node, killed at random moments, must end with the bytes of an undisturbed run.

python -m tests.soak [faults=300] [kills=100] [seed=1]
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from soak.faults import FAULTS
from soak.node import FaultyNode, content, extract, extract_and_kill
from soak.synthetic import Chain

from keep3r_replay.errors import Keep3rReplayError

_HEAD = 2_500
_FEW = 3


def soak(folder: Path, *, faults: int, kills: int, seed: int, head: int = _HEAD) -> dict[str, int]:
    """Disturb extractions until so many faults were served and so many kills done; return counts.

    Every run has a random mixture of faults and ends at a random block; some are killed. A run that fails must leave a
    lake that the next run goes on from, and the last run, undisturbed, the bytes of one that always was.

    Raises:
        AssertionError: it does not.
    """
    choose = random.Random(seed)
    counts = {"runs": 0, "errors": 0, "killed": 0, "faults": 0}
    lake = folder / "lake"
    with FaultyNode(Chain(head), seed) as node:
        last = 3
        while counts["faults"] < faults or counts["killed"] < kills:
            node.on = choose.sample(FAULTS, choose.randrange(1, 9)) if counts["faults"] < faults else ()
            node.share = choose.choice((0.05, 0.2, 0.5))
            node.left = min(choose.randrange(1, 12), faults - counts["faults"])
            node.chain.head = last = min(last + choose.randrange(1, max(2, head // max(faults + kills, 1) * 6)), head)
            before = sum(node.served.values())
            counts["runs"] += 1
            if counts["killed"] < kills and choose.random() < (0.8 if counts["faults"] >= faults else 0.4):
                counts["killed"] += extract_and_kill(lake, node.url, choose.uniform(0.02, 0.6), attempts=6)
            else:
                try:
                    extract(lake, node.url, attempts=choose.choice((_FEW, 12)))
                except Keep3rReplayError:
                    counts["errors"] += 1
            counts["faults"] += sum(node.served.values()) - before
            if last == head:
                # From the beginning, in another lake: what was there must be whole by then.
                _compare(node, lake, folder / f"whole-{counts['runs']}", head)
                lake, last = folder / f"lake-{counts['runs']}", 3
        _compare(node, lake, folder / "whole", head)
        counts["kinds"] = len(node.served)
    return counts


def _compare(node: FaultyNode, lake: Path, whole: Path, head: int) -> None:
    node.on, node.chain.head = (), head
    extract(lake, node.url)
    extract(whole, node.url)
    mine, theirs = content(lake), content(whole)
    assert mine.keys() == theirs.keys(), sorted(mine.keys() ^ theirs.keys())
    assert mine == theirs, [name for name in mine if mine[name] != theirs[name]]


if __name__ == "__main__":
    wanted = {"faults": 300, "kills": 100, "seed": 1} | {
        name: int(value) for name, _, value in (each.partition("=") for each in sys.argv[1:])
    }
    with tempfile.TemporaryDirectory() as place:
        print(soak(Path(place), **wanted))
