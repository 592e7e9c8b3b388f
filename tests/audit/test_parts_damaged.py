"""Results in parts that were harmed, or that two runs want: what stands afterwards is what a straight run writes."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import polars as pl
import pytest
from filelock import FileLock
from growing import content
from histories import SAMPLE
from lakes import imported

import keep3r_replay as kr
from keep3r_replay.errors import LockedError
from keep3r_replay.replay import parts
from pipelines.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from keep3r_replay.lake.reader import Lake

pytestmark = pytest.mark.slow

ROWS = 50
"""Rows of a part in these tests: histories here are short."""
EARLIER = 20
"""Blocks before the end at which the former results end."""


@pytest.fixture(scope="module", autouse=True)
def small_parts():
    """Tables of these tests have many parts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "PART", ROWS)
        yield


@pytest.fixture(scope="module")
def lake() -> Lake:
    """The sample's lake."""
    return kr.open_lake(imported(SAMPLE / "recording"))


@pytest.fixture(scope="module")
def made(lake, tmp_path_factory) -> Path:
    """Results of a run that ended earlier, and those of a straight run."""
    folder = tmp_path_factory.mktemp("made")
    kr.replay(lake, until_block=lake.manifest.coverage.to_block - EARLIER).write(folder / "former")
    kr.replay(lake).write(folder / "straight")
    return folder


@pytest.fixture
def former(made, tmp_path) -> Path:
    """Results to be harmed."""
    return shutil.copytree(made / "former", tmp_path / "results")


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1] + b"?")


def _swapped(file: Path) -> None:
    shutil.copy(file.with_name("000001.parquet"), file)


def _signed_garbage(file: Path) -> None:
    file.write_bytes(b"garbage")
    manifest = file.parent.parent / "manifest.json"
    told = json.loads(manifest.read_text())
    told["files"][f"{file.parent.name}/{file.name}"]["sha256"] = hashlib.sha256(b"garbage").hexdigest()
    manifest.write_text(json.dumps(told))


@pytest.mark.parametrize(
    ("harm", "table"), [(_cut, "works"), (_swapped, "kept_work_evidence"), (_signed_garbage, "kept_callers")]
)
def test_a_harmed_complete_part_means_from_the_beginning(lake, made, former, harm, table):
    """Whatever stands in a complete part's place, the run begins at the beginning and leaves a straight run's bytes."""
    harm(former / f"{table}.parquet" / "000000.parquet")
    found = kr.replay_on(lake, former)
    assert found.after is None
    assert found.told.startswith("from the beginning: the former results are damaged")
    assert found.clean
    assert content(former) == content(made / "straight")


def test_a_second_run_on_the_same_results_changes_nothing(lake, former, capsys):
    """It ends with 1 and one line; afterwards the folder may be had again, and no lock is left."""
    before = content(former)
    lock = former.with_name(".results.lock")
    with FileLock(lock):
        assert main(["replay", f"lake={lake.path}", f"results={former}"]) == 1
        assert main(["replay", f"lake={lake.path}", f"results={former}", "mode=strict"]) == 1
        with pytest.raises(LockedError):
            kr.replay(lake, until_block=10).write(former)
    err = capsys.readouterr().err
    assert err.count("another run works on these results") == err.count("\n") == 2
    assert content(former) == before
    assert main(["replay", f"lake={lake.path}", f"results={former}"]) == 0
    assert "left as it was" not in capsys.readouterr().err
    assert not lock.exists()


def test_a_run_that_works_keeps_others_out(lake, former, made):
    """While a process replays, another one is refused; what stays is the first one's."""
    code = (
        "import sys, keep3r_replay as kr\n"
        "from pathlib import Path\n"
        "from keep3r_replay.replay import parts\n"
        "from keep3r_replay.replay.alone import only_run_on\n"
        f"parts.PART = {ROWS}\n"
        "with only_run_on(Path(sys.argv[2])):\n"
        "    kr.replay_on(kr.open_lake(sys.argv[1]), sys.argv[2])\n"
        "    print('done', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, str(lake.path), str(former)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "done\n"
        after = content(former)
        with pytest.raises(LockedError):
            kr.replay_on(lake, former)
        other.communicate("")
    assert content(former) == after
    kr.replay_on(lake, former)
    assert pl.read_parquet(former / "works.parquet").equals(pl.read_parquet(made / "straight" / "works.parquet"))
