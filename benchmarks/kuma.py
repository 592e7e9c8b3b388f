"""KUMA beside Keep3r V2, and a counterfactual beside a replay: `python -m benchmarks.kuma [RECORDINGS]`.

Ratios, all measured in one run, by turns, in one process and in its own processor time, so that other work on the
machine does not count:

    thirteen KUMA recordings, import and replay with readings, in the time of ten Keep3r V2 recordings of their size
    a counterfactual in the time of a replay of its history from the beginning
    a sweep of 200 delays, with its curve, in the time of 200 counterfactuals
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keep3r_replay.lake.reader import Lake

ROOT = Path(__file__).resolve().parent.parent
RECORDINGS = ROOT.parent / "shared" / "recordings"
OTHERS, DELAYS = 10, 200


def main() -> int:
    """Measure and print; 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("recordings", nargs="?", type=Path, default=RECORDINGS)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    sizes = dict(_sizes(arguments.recordings))
    kuma = sorted(path for path, (protocol, _) in sizes.items() if protocol == "KUMA")
    if not kuma:
        print(f"{arguments.recordings}: holds no recordings of KUMA")
        return 2
    mean = sum(sizes[path][1] for path in kuma) // len(kuma)
    of_v2 = [path for path, (protocol, _) in sizes.items() if protocol == "V2"]
    others = sorted(of_v2, key=lambda path: (abs(sizes[path][1] - mean), path))[:OTHERS]
    met = [_beside(kuma, others, sizes, arguments.runs), _counterfactuals(kuma[-1], arguments.runs)]
    return 0 if all(met) else 1


def _sizes(folder: Path) -> Iterator[tuple[Path, tuple[str, int]]]:
    """Protocol and unpacked bytes of every recording."""
    for meta in sorted(folder.glob("open-*/meta.json")):
        told = json.loads(meta.read_bytes())
        protocol = told.get("protocol") or "V2"
        files = sorted(meta.parent.glob("*.jsonl.gz"))
        yield meta.parent, (protocol, sum(len(gzip.decompress(each.read_bytes())) for each in files))


def _beside(kuma: list[Path], others: list[Path], sizes: dict[Path, tuple[str, int]], runs: int) -> bool:
    """Both sets by turns; whether KUMA's takes no longer."""
    _import_and_replay(others[0])
    _import_and_replay(kuma[0])
    taken: dict[str, list[float]] = {"KUMA": [], "V2": []}
    for _ in range(runs):
        taken["V2"].append(sum(map(_import_and_replay, others)))
        taken["KUMA"].append(sum(map(_import_and_replay, kuma)))
    print(f"{'import and replay with readings':<34}{'recordings':>12}{'MB':>8}{'seconds':>10}")
    for name, paths in (("KUMA", kuma), ("V2", others)):
        size = sum(sizes[path][1] for path in paths) / 1e6
        print(f"{name:<34}{len(paths):>12}{size:>8.1f}{statistics.median(taken[name]):>10.2f}")
    ratio = statistics.median(taken["KUMA"]) / statistics.median(taken["V2"])
    print(f"KUMA in the time of V2             {ratio:>29.2f}   at most 1.00\n")
    return ratio <= 1


def _import_and_replay(recording: Path) -> float:
    """Seconds of an import and an audit with all readings, results written."""
    from keep3r_replay.api import open_lake, replay
    from keep3r_replay.protocols.registry import protocol_recorded
    from keep3r_replay.recording.importer import import_recording

    with tempfile.TemporaryDirectory() as folder:

        def work() -> None:
            import_recording(recording, Path(folder) / "lake", protocol_recorded)
            replay(open_lake(Path(folder) / "lake")).write(Path(folder) / "results")

        return _seconds(work)


def _counterfactuals(recording: Path, runs: int) -> bool:
    """One bond's keeper at other times, beside the whole history; whether a sweep costs what its parts do."""
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.kuma.what_if.lateness import cost_curve, drawing
    from keep3r_replay.protocols.kuma.what_if.room import KumaWhatIfs
    from keep3r_replay.protocols.registry import protocol_of, protocol_recorded
    from keep3r_replay.recording.importer import import_recording

    with tempfile.TemporaryDirectory() as folder:
        import_recording(recording, Path(folder) / "lake", protocol_recorded)
        lake = Lake.open(Path(folder) / "lake")
        baseline = KumaWhatIfs(protocol_of(lake)).baseline(lake, None, {})
        late = [each for each in baseline.judged if each.status == "late, bought"]
        bond = late[len(late) // 2].story.bond_id
        one = statistics.median(_seconds(lambda: cost_curve(baseline, bond, [86_400])) / 2 for _ in range(3 * runs))
        swept = _seconds(lambda: drawing(cost_curve(baseline, bond, range(0, DELAYS * 3_600, 3_600))))
        whole = statistics.median(_seconds(lambda: _replayed(lake)) for _ in range(runs))
    print(f"{recording.name}, bond {bond}")
    print(f"replay from the beginning          {whole:>29.3f} s")
    print(f"a counterfactual                   {one:>29.3f} s   {one / whole:.2f} of the replay")
    print(f"{DELAYS} delays and their curve          {swept:>29.3f} s   {swept / one:.0f} counterfactuals")
    return swept <= (DELAYS + 1) * one * 1.1 and one < whole


def _replayed(lake: Lake) -> object:
    """The history replayed without its readings."""
    from keep3r_replay.protocols.registry import protocol_of
    from keep3r_replay.replay.protocol import Options
    from keep3r_replay.replay.roots import replay_root, roots

    protocol = protocol_of(lake)
    return replay_root(lake, protocol, roots(lake, protocol)[0], None, None, Options(readings=False))


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    sys.exit(main())
