"""In a checkout the folders of the repository are found as the package's own, whatever else is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from histories import ROOT

FOLDERS = ("keep3r_replay", "pipelines", "conf", "data")
WHERE = """
import json, sys
from pathlib import Path
from keep3r_replay.pipelines import cli
cli.main(["replay", "results=results"])
from keep3r_replay.api import CONF, SAMPLE
from keep3r_replay.pipelines.config import CONF as OWN
files = [CONF, OWN, SAMPLE]
files += [module.__file__ for name, module in sys.modules.items() if name.partition(".")[0] == "keep3r_replay"]
print(json.dumps(sorted({str(Path(each).resolve()) for each in files})))
"""
TRAP = "raise SystemExit('a package of somebody else was imported')"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A second checkout."""
    root = tmp_path_factory.mktemp("second") / "checkout"
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", "recording"))
    return root


def run(command, folder, root):
    """Run Python in a folder, with a checkout on its path."""
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_modules_of_two_checkouts_do_not_mix(checkout, tmp_path):
    """With a checkout on the path, everything comes from it, and nothing from one that is installed."""
    done = run(["-c", WHERE], tmp_path, checkout)
    assert done.returncode == 0, done.stderr
    files = json.loads(done.stdout.splitlines()[-1])
    assert len(files) > 50
    assert [each for each in files if not each.startswith(f"{checkout.resolve()}{os.sep}")] == []


@pytest.mark.slow
def test_a_module_of_the_folder_is_the_command_too(checkout, tmp_path):
    """`python -m pipelines.cli` replays the sample from any folder, as `python -m keep3r_replay` does."""
    done = run(["-m", "pipelines.cli", "replay"], tmp_path, checkout)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("CLEAN  open-v2.2-fuzz-mixed-101")


@pytest.mark.slow
def test_a_project_may_have_packages_of_these_names(checkout, tmp_path):
    """In a folder with `pipelines`, `conf` and `data` of its own the command takes none of them."""
    for name in FOLDERS[1:]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(TRAP)
    done = run(["-m", "keep3r_replay", "replay"], tmp_path, checkout)
    assert (done.returncode, done.stderr) == (0, "")
