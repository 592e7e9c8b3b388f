"""The same lake gives the same bytes: whatever the hash seed, wherever lake and results lie."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from histories import DATA, SAMPLE

pytestmark = pytest.mark.slow

RECORDINGS = [SAMPLE / "recording", DATA / "open-v2.3-fuzz-oldobs-103"]


def run(*arguments, seed, folder):
    """Run the command in a process of its own."""
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "TZ": "UTC" if seed % 2 else "Asia/Tokyo"}
    command = [
        sys.executable,
        "-c",
        "import sys; from keep3r_replay.pipelines.cli import main; sys.exit(main())",
        *arguments,
    ]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def content(folder):
    """All files below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.parent.name)
def test_results_are_the_same_bytes(recording, tmp_path):
    """Two imports and two replays under different hash seeds, time zones and paths give identical files."""
    made = []
    for seed in (1, 4_000_000_000):
        folder = tmp_path / f"place {seed}"
        folder.mkdir()
        shutil.copytree(recording, folder / f"recording{seed}")
        imported = run(
            "import", f"recording=recording{seed}", f"lake={folder}/deep/er/lake{seed}", seed=seed, folder=folder
        )
        assert imported.returncode == 0, imported.stderr
        replayed = run("replay", f"lake=deep/er/lake{seed}", f"results=out{seed}", seed=seed, folder=folder)
        assert replayed.returncode == 0, replayed.stderr
        made.append((content(folder / "deep" / "er" / f"lake{seed}"), content(folder / f"out{seed}")))
        assert not (folder / "outputs").exists(), "no folders of hydra's own"
    assert made[0] == made[1]


def test_the_sample_needs_no_arguments(tmp_path):
    """From any folder, the command without settings replays the bundled sample."""
    done = run("replay", seed=3, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("CLEAN  open-v2.2-fuzz-mixed-101  Keep3r 2.2")
    summary = json.loads((tmp_path / "results" / "summary.json").read_text())
    assert summary["verdict"] == "clean"
    assert done.stderr == ""
