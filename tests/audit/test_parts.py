"""Tables in parts: what is complete is written once, and whoever reads results reads them all the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest
from growing import content
from histories import DATA, SAMPLE
from lakes import imported

import keep3r_replay as kr
from keep3r_replay.replay import parts
from pipelines.cli import main

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake

pytestmark = pytest.mark.slow

ROWS = 50
"""Rows of a part in these tests: histories here are short."""


@pytest.fixture(autouse=True)
def small_parts(monkeypatch) -> None:
    """Tables of these tests have many parts."""
    monkeypatch.setattr(parts, "PART", ROWS)


@pytest.fixture
def lake() -> Lake:
    """The sample's lake."""
    return kr.open_lake(imported(SAMPLE / "recording"))


def test_a_complete_part_is_written_once(lake, tmp_path):
    """A run that goes on leaves whole parts of works and ledger untouched, and the bytes of a straight run."""
    last = lake.manifest.coverage.to_block
    kr.replay_on(lake, tmp_path / "on", until_block=last - 20, ledger=True)
    before = {path: path.stat() for path in (tmp_path / "on").rglob("*.parquet")}
    kr.replay_on(lake, tmp_path / "on", ledger=True)
    kr.replay(lake, ledger=True).write(tmp_path / "straight")
    assert content(tmp_path / "on") == content(tmp_path / "straight")
    for table in ("works", "kept_work_evidence"):
        whole = sorted(path for path in before if path.parent.name == f"{table}.parquet")[:-1]
        assert whole
        for path in whole:
            assert path.stat().st_ino == before[path].st_ino, path
            assert path.stat().st_mtime_ns == before[path].st_mtime_ns, path


def test_a_part_holds_so_many_rows(lake, tmp_path):
    """Each part but the last is full, the manifest lists it, and a table of few rows is one file."""
    found = kr.replay(lake)
    found.write(tmp_path / "results")
    manifest = json.loads((tmp_path / "results" / "manifest.json").read_text())
    rows = [facts["rows"] for file, facts in sorted(manifest["files"].items()) if file.startswith("works.parquet/")]
    assert rows[:-1] == [ROWS] * (len(rows) - 1)
    assert sum(rows) == found.tables["works"].height
    assert 0 < rows[-1] <= ROWS
    assert (tmp_path / "results" / "job_states.parquet").is_file()


def test_whoever_reads_a_table_by_its_name_reads_all_of_it(lake, tmp_path):
    """Polars, the warehouse and DuckDB over its files give the rows that the replay gave."""
    found = kr.replay(lake, ledger=True)
    found.write(tmp_path / "results")
    works = found.tables["works"]
    assert pl.read_parquet(tmp_path / "results" / "works.parquet").equals(works)
    counted = kr.warehouse(lake, tmp_path / "results").execute("select count(*) from res.works").fetchall()
    assert counted == [(works.height,)]
    files = str(tmp_path / "results" / "works.parquet" / "*.parquet")
    assert duckdb.sql(f"select count(*) from read_parquet('{files}')").fetchall() == [(works.height,)]


def test_report_and_verify_go_over_all_parts(lake, tmp_path, capsys):
    """The page is that of results in one file each; `verify` repeats the run and finds a changed part."""
    results = tmp_path / "results"
    kr.replay(lake, ledger=True).write(results)
    assert main(["report", f"lake={lake.path}", f"results={results}", f"report={tmp_path / 'page.html'}"]) == 0
    assert main(["findings", f"results={results}"]) == 0
    assert main(["compare", f"results={results},{results}"]) == 0
    assert main(["verify", f"lake={lake.path}", f"results={results}"]) == 0
    part = results / "works.parquet" / "000001.parquet"
    pl.read_parquet(part).with_columns(pl.lit("nobody").alias("keeper")).write_parquet(part)
    capsys.readouterr()
    assert main(["verify", f"lake={lake.path}", f"results={results}"]) == 3
    told = capsys.readouterr().out
    assert f"{part}: holds something other than was written" in told
    assert f"works: {ROWS} rows differ" in told


def test_results_that_were_one_file_become_parts_and_back(lake, tmp_path):
    """A table that grows beyond a part is a folder in the file's place, and a file again where the run ends earlier."""
    works = kr.replay(lake).tables["works"]
    few = int(works["block_number"][ROWS // 2])
    for until in (few, None, few):
        kr.replay_on(lake, tmp_path / "on", until_block=until)
        kr.replay(lake, until_block=until).write(tmp_path / f"straight-{until}")
        assert content(tmp_path / "on") == content(tmp_path / f"straight-{until}")
        assert (tmp_path / "on" / "works.parquet").is_dir() == (until is None)


def test_a_file_of_somebody_else_in_a_part_s_place_is_left_alone(lake, tmp_path, capsys):
    """A folder where a kept file stood, and a strange file where a part comes, are refused in one line."""
    results = tmp_path / "results"
    kr.replay(lake).write(results)
    (results / "kept_end.parquet").unlink()
    (results / "kept_end.parquet").mkdir()
    assert main(["replay", f"lake={lake.path}", f"results={results}"]) == 2
    assert "nobody here wrote this" in capsys.readouterr().err
    assert (results / "kept_end.parquet").is_dir()


def test_classes_that_change_are_written_into_the_parts_of_old_works(tmp_path):
    """Where what came later says more of old works, the run that goes on leaves the classes of the straight one."""
    lake = kr.open_lake(imported(DATA / "open-v2.0-fuzz-gov-102"))
    last = lake.manifest.coverage.to_block
    for until in (last // 4, last // 2, None):
        kr.replay_on(lake, tmp_path / "on", until_block=until)
    kr.replay(lake).write(tmp_path / "straight")
    assert content(tmp_path / "on") == content(tmp_path / "straight")
