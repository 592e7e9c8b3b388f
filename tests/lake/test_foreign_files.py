"""Nothing is deleted or replaced that was not written here."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import duckdb
import pytest
from histories import DATA

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.folders import MANIFEST, replaced_folder, written_files
from keep3r_replay.lake.leftovers import leftovers
from keep3r_replay.lake.reader import Lake
from keep3r_replay.warehouse.target import check_target
from pipelines.cli import main

if TYPE_CHECKING:
    from pathlib import Path

RECORDING = DATA / "open-v2.2-nb-mining-twap"


def content(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Return a freshly imported lake."""
    assert main(["import", f"recording={RECORDING}", f"lake={tmp_path / 'lake'}"]) == 0
    return tmp_path / "lake"


def put(target: Path, *names: str) -> None:
    """Replace a folder's content by these files."""
    with replaced_folder(target) as building:
        for name in names:
            (building / name).write_bytes(b"ours")
        (building / MANIFEST).write_text(json.dumps({"files": {name: {} for name in names}}))


def scatter(folder: Path) -> dict[str, bytes]:
    """Put what people put into folders into one; return it."""
    foreign = {
        "NOTES.txt": b"mine",
        ".git/HEAD": b"ref: refs/heads/main",
        "analysis.duckdb": b"not really",
        "logs/mine.parquet": b"under a table's name",
        "mine/manifest.json": b"{}",
        "mine/logs/000000000-000000099.parquet": b"another lake",
    }
    for name, data in foreign.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return foreign


def test_an_import_replaces_its_own_files_only(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever else lies in the folder of a former import is there after the next one, and is told."""
    whole = content(lake)
    foreign = scatter(lake)
    capsys.readouterr()
    assert main(["import", f"recording={RECORDING}", f"lake={lake}"]) == 0
    assert content(lake) == whole | foreign
    assert ".git, NOTES.txt, analysis.duckdb, mine (not of keep3r)" in capsys.readouterr().err


@pytest.mark.slow
def test_a_lake_inside_former_results_stays(lake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Results are replaced file by file: a lake that was put among them, and notes, are there afterwards."""
    results = tmp_path / "results"
    assert main(["replay", f"lake={lake}", f"results={results}", "ledger=true"]) in {0, 3}
    with_ledger = set(content(results))
    inside = results / "lake"
    assert main(["import", f"recording={RECORDING}", f"lake={inside}"]) == 0
    foreign = scatter(results)
    capsys.readouterr()
    assert main(["replay", f"lake={inside}", f"results={results}"]) in {0, 3}
    told = capsys.readouterr().err
    assert "NOTES.txt" in told
    assert Lake.open(inside).manifest == Lake.open(lake).manifest
    assert {name: (results / name).read_bytes() for name in foreign} == foreign
    # What the former results had, and these have not, is gone: it would be taken for theirs.
    assert main(["replay", f"lake={inside}", f"results={tmp_path / 'fresh'}"]) in {0, 3}
    fresh = set(content(tmp_path / "fresh"))
    assert fresh < with_ledger
    assert {name for name in content(results) if "/" not in name and name not in foreign} == fresh


@pytest.mark.slow
def test_a_link_stays_a_link(lake: Path, tmp_path: Path) -> None:
    """Results named by a link go where it leads; the link, and what else is there, stay."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "results").symlink_to(tmp_path / "disk")
    for _ in range(2):
        assert main(["replay", f"lake={lake}", f"results={tmp_path / 'results'}"]) in {0, 3}
        assert (tmp_path / "results").is_symlink()
        assert (tmp_path / "disk" / MANIFEST).is_file()
        (tmp_path / "disk" / "NOTES.txt").write_text("mine")
    assert (tmp_path / "disk" / "NOTES.txt").read_text() == "mine"


def test_a_foreign_folder_behind_a_link_is_refused(lake: Path, tmp_path: Path) -> None:
    """A link to somebody's folder is refused like the folder itself, and nothing in it changes."""
    scatter(tmp_path / "home")
    before = content(tmp_path / "home")
    (tmp_path / "results").symlink_to(tmp_path / "home")
    assert main(["replay", f"lake={lake}", f"results={tmp_path / 'results'}"]) == 2
    assert main(["import", f"recording={RECORDING}", f"lake={tmp_path / 'results'}"]) == 2
    assert content(tmp_path / "home") == before
    assert (tmp_path / "results").is_symlink()


def test_a_file_of_the_same_name_is_not_replaced(tmp_path: Path) -> None:
    """A file that no manifest lists is not overwritten by a new one of its name; the former content stays whole."""
    target = tmp_path / "results"
    target.mkdir()
    (target / MANIFEST).write_text(json.dumps({"kind": "keep3r results", "files": {"old.parquet": {}}}))
    (target / "old.parquet").write_bytes(b"old")
    (target / "new.parquet").write_bytes(b"somebody's")
    before = content(target)
    with pytest.raises(UsageError, match=r"new\.parquet"):
        put(target, "new.parquet")
    assert content(target) == before
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


@pytest.mark.parametrize(
    "name",
    [
        "../victim.parquet",
        "/victim.parquet",
        "a/../../victim.parquet",
        ".git/config.json",
        "NOTES.txt",
        "out/victim.json",
    ],
)
def test_a_hostile_manifest_deletes_nothing(tmp_path: Path, name: str) -> None:
    """A manifest that names files outside of its folder, hidden ones or others than data costs nobody a file."""
    (tmp_path / "elsewhere").mkdir()
    for victim in (tmp_path / "victim.parquet", tmp_path / "elsewhere" / "victim.json"):
        victim.write_bytes(b"mine")
    target = tmp_path / "results"
    scatter(target)
    (target / ".git" / "config.json").write_bytes(b"mine")
    (target / "out").symlink_to(tmp_path / "elsewhere")
    name = str(tmp_path / name[1:]) if name.startswith("/") else name
    (target / MANIFEST).write_text(json.dumps({"kind": "keep3r results", "files": {name: {}}}))
    before = content(tmp_path)
    put(target)
    after = content(tmp_path)
    assert {key: value for key, value in after.items() if not key.endswith("results/manifest.json")} == {
        key: value for key, value in before.items() if not key.endswith("results/manifest.json")
    }
    assert written_files(target) == {MANIFEST}


def test_leftovers_of_killed_runs_are_cleared(lake: Path, tmp_path: Path) -> None:
    """What a killed run was building is gone after the next one; what a living process builds stays."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    dead, alive = tmp_path / f".lake.building-{gone.pid}", tmp_path / ".lake.building-1"
    for folder in (dead, alive, tmp_path / ".lake.building-mine", tmp_path / f".other.building-{gone.pid}"):
        folder.mkdir()
    (dead / "logs").write_bytes(b"half")
    assert main(["import", f"recording={RECORDING}", f"lake={lake}"]) == 0
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == sorted([alive.name, ".lake.building-mine", f".other.building-{gone.pid}", "lake"])


@pytest.mark.parametrize("moment", range(4))
@pytest.mark.slow
def test_a_replacement_may_end_anywhere(lake: Path, monkeypatch: pytest.MonkeyPatch, moment: int) -> None:
    """Ended between any two files, a replacement leaves what no reader takes for whole, and the next completes."""
    whole = content(lake)
    foreign = scatter(lake)
    moves = iter(range(100))
    move = type(lake).replace

    def stop(self: Path, target: Path) -> Path:
        if target.is_relative_to(lake) and next(moves) == moment:
            raise KeyboardInterrupt
        return move(self, target)

    monkeypatch.setattr(type(lake), "replace", stop)
    assert main(["import", f"recording={RECORDING}", f"lake={lake}"]) == 130
    monkeypatch.undo()
    assert main(["status", f"lake={lake}"]) == (0 if moment == 0 else 1)
    assert main(["import", f"recording={RECORDING}", f"lake={lake}"]) == 0
    assert content(lake) == whole | foreign


def test_only_what_an_extraction_names_is_a_leftover(tmp_path: Path) -> None:
    """Of all files in a lake's folder only those named as an extraction names them count as left by one."""
    scatter(tmp_path)
    (tmp_path / "events" / "keep3r.Bond").mkdir(parents=True)
    (tmp_path / "events" / "mine").mkdir()
    ours = [
        ".tmp-12-manifest.json",
        "events/keep3r.Bond/000000000-000000099.parquet",
        "logs/.tmp-12-000000050.parquet",
        "logs/000000100-000000199.parquet",
    ]
    theirs = ["events/mine/000000000-000000099.parquet", "logs/000000100.parquet", "logs/copy of it.parquet"]
    for name in (*ours, *theirs):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "blocks").symlink_to(tmp_path / "logs")
    assert [path.relative_to(tmp_path).as_posix() for path in leftovers(tmp_path)] == [ours[0], *ours[2:], ours[1]]


@pytest.mark.slow
def test_somebodys_database_is_no_warehouse(tmp_path: Path) -> None:
    """A DuckDB file of somebody, or one with tables of theirs beside ours, is not replaced; a warehouse is."""
    theirs, ours = tmp_path / "theirs.duckdb", tmp_path / "ours.duckdb"
    with duckdb.connect(str(theirs)) as connection:
        connection.execute("create table years_of_work as select 1 as x")
    with pytest.raises(UsageError, match="no warehouse of keep3r"):
        check_target(theirs)
    with duckdb.connect(str(ours)) as connection:
        connection.execute("create table main.made_of as select 'toy' as protocol")
        connection.execute("create view made as select 1 as x")
        names = "select unnest(['main.made_of', 'main.made', 'main.made_here']) as name"
        connection.execute(f"create table main.made_here as {names}")
    check_target(ours)
    for addition in ("create table mine as select 1 as x", "create macro mine(x) as x + 1"):
        with duckdb.connect(str(ours)) as connection:
            connection.execute(addition)
        with pytest.raises(UsageError, match=r"holds more than keep3r made \(main\.mine\)"):
            check_target(ours)
        with duckdb.connect(str(ours)) as connection:
            connection.execute("drop table if exists mine")
    (tmp_path / "text.duckdb").write_text("mine")
    with pytest.raises(UsageError, match="something other than a warehouse"):
        check_target(tmp_path / "text.duckdb")


@pytest.mark.slow
def test_a_page_replaces_pages_only(lake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A report is not written over somebody's file; over a former report it is."""
    results = tmp_path / "results"
    assert main(["replay", f"lake={lake}", f"results={results}", "ledger=true"]) in {0, 3}
    page = tmp_path / "page.html"
    page.write_text("<html>mine</html>")
    assert main(["report", f"results={results}", f"report={page}"]) == 2
    assert page.read_text() == "<html>mine</html>"
    assert "not of keep3r" in capsys.readouterr().err
    page.unlink()
    for _ in range(2):
        assert main(["report", f"results={results}", f"report={page}"]) == 0
