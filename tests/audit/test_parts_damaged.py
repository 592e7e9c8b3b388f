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
from keep3r_replay.errors import InputError, LockedError, UsageError
from keep3r_replay.replay import parts
from keep3r_replay.replay.results import check_whole
from keep3r_replay.replay.stored import read_table
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


def _last_part(results: Path) -> Path:
    return max((results / "works.parquet").glob("*.parquet"))


def test_parts_of_longer_tables_go_where_the_manifest_is_torn(lake, made, tmp_path):
    """Of results whose torn manifest lists no file any more, no part and no table is left beside the new ones."""
    results = tmp_path / "results"
    kr.replay(lake, ledger=True).write(results)
    manifest = (results / "manifest.json").read_bytes()
    (results / "manifest.json").write_bytes(manifest[: manifest.index(b'"files"')])
    (results / "mine.parquet").write_bytes(b"mine")
    few = lake.manifest.coverage.to_block // 3
    kr.replay_on(lake, results, until_block=few)
    kr.replay(lake, until_block=few).write(tmp_path / "straight")
    assert content(results) == {**content(tmp_path / "straight"), "mine.parquet": b"mine"}


def test_what_became_a_folder_may_follow_a_torn_manifest(lake, made, tmp_path):
    """A table of one file, which a torn manifest does not list any more, becomes a folder of parts all the same."""
    results = tmp_path / "results"
    kr.replay(lake, until_block=int(kr.replay(lake).tables["works"]["block_number"][ROWS // 2])).write(results)
    manifest = (results / "manifest.json").read_bytes()
    (results / "manifest.json").write_bytes(manifest[: manifest.index(b'"files"')])
    kr.replay_on(lake, results)
    assert content(results) == content(made / "straight")


def test_a_strange_file_among_parts_is_named(lake, former, capsys):
    """A copy of a part that no manifest lists is refused before anything is replayed, and found by `verify`."""
    strange = former / "works.parquet" / "000099.parquet"
    shutil.copy(_last_part(former), strange)
    with pytest.raises(UsageError, match=r"000099\.parquet: lies among the parts of a table, and is none"):
        kr.replay_on(lake, former)
    assert main(["verify", f"lake={lake.path}", f"results={former}"]) == 3
    assert f"{strange}: lies among the parts" in capsys.readouterr().out
    listed = sum(facts["rows"] for name, facts in _files(former).items() if name.startswith("works.parquet/"))
    assert read_table(former, "works").height == listed
    strange.unlink()
    assert main(["verify", f"lake={lake.path}", f"results={former}"]) == 0


def test_results_that_were_gone_beyond_say_so(lake, former, tmp_path):
    """Tables of results in Python are those of their run, or one line says that a later run replaced their files."""
    found = kr.replay_on(lake, former).results
    works = found.tables["works"]
    kr.replay_on(lake, former)
    assert found.tables["works"].equals(works)
    kr.replay_on(lake, former, until_block=10)
    with pytest.raises(InputError, match="was replaced by a later run"):
        found.tables["works"]
    with pytest.raises(InputError, match="was replaced by a later run"):
        found.write(former)
    with pytest.raises(InputError, match="was replaced by a later run"):
        found.write(tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    assert main(["verify", f"lake={lake.path}", f"results={former}"]) == 0


@pytest.mark.parametrize("name", ["works.parquet/000000.parquet", "kept_end.parquet"])
def test_a_folder_in_the_place_of_a_file_is_named_with_what_to_do(lake, made, former, name, capsys):
    """Readers and the next replay name it; once it is moved away, a replay to the same folder makes results whole."""
    (former / name).unlink()
    (former / name / "mine").mkdir(parents=True)
    with pytest.raises(InputError, match="move away what stands there, then replay the lake again"):
        check_whole(former)
    assert main(["replay", f"lake={lake.path}", f"results={former}"]) == 2
    assert "nobody here wrote this, and it would be replaced; move it away" in capsys.readouterr().err
    shutil.move(former / name, former.with_name("mine"))
    assert main(["replay", f"lake={lake.path}", f"results={former}"]) == 0
    assert content(former) == content(made / "straight")


def test_a_file_in_the_place_of_a_folder_is_named_with_what_to_do(lake, made, former, capsys):
    """The same for a table that somebody put into one file."""
    shutil.rmtree(former / "works.parquet")
    (former / "works.parquet").write_bytes(b"mine")
    with pytest.raises(InputError, match="move away what stands there, then replay the lake again"):
        check_whole(former)
    assert main(["replay", f"lake={lake.path}", f"results={former}"]) == 2
    assert f"{former / 'works.parquet'}: nobody here wrote this" in capsys.readouterr().err
    (former / "works.parquet").unlink()
    assert main(["replay", f"lake={lake.path}", f"results={former}"]) == 0
    assert content(former) == content(made / "straight")


def _files(results: Path) -> dict[str, dict[str, int]]:
    return json.loads((results / "manifest.json").read_text())["files"]
