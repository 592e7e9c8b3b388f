"""What is built: the sdist holds the tests, the wheel adds one name and works beside any project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile

import pytest
from histories import ROOT

pytestmark = pytest.mark.slow

LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".lakes", ".node", ".*_cache", "__pycache__", "*.egg-info", "build", "dist"
)
TRAP = "raise SystemExit('a package of somebody else was imported')"
STEPS = (
    ["replay", "ledger=true"],
    ["warehouse"],
    ["sql", "select count(*) from works"],
    ["report"],
    ["simulate", "scenario=mining", "lake=simulated"],
    ["replay", "mode=what_if", "overlay=half_liquidity", "results=what_if"],
)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of a wheel that was built from the sdist, with that sdist."""
    folder = tmp_path_factory.mktemp("built")
    shutil.copytree(ROOT, folder / "source", ignore=LEFT_OUT)
    command = [sys.executable, "-m", "build", "--outdir", folder, folder / "source"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def names(folder, pattern):
    """The files in the one archive of this kind, without the folder that an sdist begins with."""
    (path,) = folder.glob(pattern)
    if pattern.endswith("whl"):
        with zipfile.ZipFile(path) as wheel:
            return set(wheel.namelist())
    with tarfile.open(path) as sdist:
        return {name.partition("/")[2] for name in sdist.getnames()}


def test_the_wheel_adds_one_name(built):
    """Beside its own metadata all lies in `keep3r_replay`: with every YAML file, query and file of the sample."""
    files = names(built, "*.whl")
    assert {file.partition("/")[0] for file in files if ".dist-info/" not in file} == {"keep3r_replay"}
    for folder in ("conf", "data", "pipelines", "keep3r_replay"):
        inside = "keep3r_replay" if folder == "keep3r_replay" else f"keep3r_replay/{folder}"
        here = {
            f"{inside}/{path.relative_to(ROOT / folder).as_posix()}"
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and path.suffix not in {".pyc", ".lock"} and not path.name.startswith(".")
        }
        assert here - files == set()


def test_the_sdist_holds_the_tests(built):
    """Who has the sdist can pass the tests: they are in it with their data, as are docs, checks and benchmarks."""
    files = names(built, "*.tar.gz")
    for folder in ("tests", "docs", "benchmarks", "examples", ".ci", "keep3r_replay"):
        here = {
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts and path.name != ".lock"
        }
        assert here - files == set()


def test_it_works_in_a_project_with_such_folders(built, tmp_path):
    """Installed into a folder, without any checkout, every step of a first hour works where names are taken."""
    (wheel,) = built.glob("*.whl")
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", site, wheel]
    subprocess.run(install, check=True, capture_output=True)
    project = tmp_path / "project"
    for name in ("pipelines", "conf", "data"):
        (project / name).mkdir(parents=True)
        (project / name / "__init__.py").write_text(TRAP)
    # Without `site` no editable installation is found; the dependencies are, by their folder.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), sysconfig.get_path("purelib")])}
    for step in STEPS:
        command = [sys.executable, "-S", "-m", "keep3r_replay", *step]
        done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    where = [sys.executable, "-S", "-c", "import keep3r_replay.pipelines as p; print(*p.__path__)"]
    assert subprocess.run(
        where, cwd=project, env=environment, capture_output=True, text=True, check=True
    ).stdout.strip() == str(site / "keep3r_replay" / "pipelines")
