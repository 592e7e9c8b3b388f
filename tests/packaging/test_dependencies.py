"""Every package that a file imports is declared, and what only some commands need is an extra."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from typing import TYPE_CHECKING

import pytest
from histories import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = {"charts", "excel", "sweeps", "prove"}
"""What a user may add to the package; other extras are for those who work on it."""
OURS = {"keep3r_replay", "pipelines", "tests", "benchmarks", "examples"}
WITHOUT_EXTRAS = """
import sys
for name in {blocked!r}:
    sys.modules[name] = None
from keep3r_replay.pipelines.cli import main
sys.exit(main(sys.argv[1:]))
"""


def slow(*values):
    """Parameters of a run that `./test fast` leaves out."""
    return pytest.param(*values, marks=pytest.mark.slow)


def normal(name: str) -> str:
    """A distribution's name as the registry compares it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=! ;]", name, maxsplit=1)[0]).lower()


def declared(*extras: str) -> set[str]:
    """The distributions that the core and these extras declare."""
    optional = PROJECT["optional-dependencies"]
    return {normal(each) for group in (PROJECT["dependencies"], *map(optional.get, extras)) for each in group}


def imported(folder: str) -> dict[str, set[str]]:
    """What the files of a folder import from others: the packages, with the files that do."""
    beside = {path.stem for path in (ROOT / "tests").rglob("*.py")} | {path.name for path in (ROOT / "tests").iterdir()}
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        for name in tops(path):
            if name not in sys.stdlib_module_names and name not in OURS | beside:
                found.setdefault(name, set()).add(path.relative_to(ROOT).as_posix())
    return found


def tops(path: Path) -> set[str]:
    """The first names of all imports anywhere in a file."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").partition(".")[0])
    return names


def undeclared(folder: str, known: set[str]) -> dict[str, set[str]]:
    """The packages that a folder imports and none of the distributions `known` brings."""
    distributions = packages_distributions()
    return {
        name: files
        for name, files in imported(folder).items()
        # What only benchmarks compare with is not installed for the tests, and goes by its own name.
        if not known & {normal(each) for each in distributions.get(name, [name])}
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "extras"),
    [
        ("keep3r_replay", EXTRAS),
        ("pipelines", EXTRAS),
        ("tests", {*EXTRAS, "test"}),
        ("benchmarks", {*EXTRAS, "test", "benchmark"}),
        ("examples", {*EXTRAS, "test"}),
    ],
)
def test_every_import_is_declared(folder, extras):
    """Nothing is imported that only comes along with something else."""
    assert undeclared(folder, declared(*extras)) == {}


@pytest.mark.slow
def test_what_an_extra_brings_is_imported_in_its_rooms_only():
    """Charts are drawn in rooms called `report`, Dask runs sweeps, proofs stand in `proof`; the rest goes without."""
    files = {
        file
        for folder in ("keep3r_replay", "pipelines")
        for each in undeclared(folder, declared()).values()
        for file in each
    }
    rooms = re.compile(r"/report/|/proof/|what_if/sweep/dask_|^pipelines/sweep\.py$")
    assert {file for file in files if not rooms.search(file)} == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["replay", "results=results", "ledger=true"], 0, "CLEAN"),
        (["report", "results=results"], 2, "the report needs an extra: pip install 'keep3r-replay[charts]'"),
        slow(["job", "export=job.xlsx"], 2, "'keep3r-replay[excel]'"),
        slow(["replay", "-m", "overlay.fee=0,1", "results=swept", "workers=1"], 0, "no chart"),
        slow(["replay", "-m", "overlay.fee=0,1", "results=dask", "engine=dask"], 2, "'keep3r-replay[sweeps]'"),
        slow(["simulate", "scenario=mining", "lake=lake", "draw=charts"], 2, "draw needs an extra"),
    ],
)
def test_the_core_goes_without_the_extras(arguments, code, says, tmp_path):
    """A replay runs with nothing but the core; what needs an extra names it in one line, and writes nothing."""
    blocked = ["vl_convert", "xlsxwriter", "dask", "distributed", "sha3", "coincurve", "cramjam", "trie", "eth_keys"]
    command = [sys.executable, "-c", WITHOUT_EXTRAS.format(blocked=blocked), *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert says in done.stdout + done.stderr
    assert bool(list(tmp_path.iterdir())) == (code == 0)
