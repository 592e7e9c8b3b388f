"""A warehouse is refreshed by what is new, moved, shared by lakes, and refuses what does not belong to it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import duckdb
import pytest

import keep3r_replay as kr
from keep3r_replay.errors import LockedError, UsageError
from keep3r_replay.protocols.registry import protocol_of
from keep3r_replay.warehouse import catalogue
from keep3r_replay.warehouse.build import build
from keep3r_replay.warehouse.query import query

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

COUNTED = 'select block_number, log_index, who, amount, total, utc from raw."counter.Counted" order by all'


def built(folder: Path, database: str = "w.duckdb", *, lake: str = "lake", **more: object):
    """Build or refresh a warehouse of a lake in the folder."""
    opened = kr.open_lake(folder / lake)
    return build(opened, folder / f"{lake}-results", folder / database, protocol_of(opened), **more)


def content(database: Path) -> dict[str, list[tuple]]:
    """Every row of every relation of a warehouse, sorted, but for the paths that it is made from."""
    names = "select schema_name || '.\"' || table_name || '\"' from duckdb_columns() where not internal"
    found = {str(name) for (name,) in query(database, names).rows} - {'main."made_from"'}
    return {name: query(database, f"select * from {name} order by all").rows for name in sorted(found)}


@pytest.mark.parametrize("tables", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_refreshed_is_made_at_once(grown, tmp_path: Path, tables: bool):
    """A warehouse that followed a lake from state to state holds what one made at the end does, row by row."""
    for block in (3, 5, 12):
        grown(block)
        assert built(tmp_path, tables=tables).refreshed != []
    assert built(tmp_path, "straight.duckdb", tables=tables).refreshed != []
    assert content(tmp_path / "w.duckdb") == content(tmp_path / "straight.duckdb")
    assert len(query(tmp_path / "w.duckdb", COUNTED).rows) == 7


def test_nothing_new_leaves_the_file_alone(grown, tmp_path: Path):
    """A second run on the same lake and results writes nothing."""
    grown(9)
    built(tmp_path)
    before = (tmp_path / "w.duckdb").read_bytes()
    assert built(tmp_path).refreshed == []
    assert (tmp_path / "w.duckdb").read_bytes() == before


def test_only_new_partitions_are_added_to_tables(grown, tmp_path: Path):
    """Rows of a partition that stays as it was are not read again: what was changed among them is still so."""
    grown(9)
    built(tmp_path, tables=True)
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute("update raw.blocks set gas_used = -1 where number = 1")
    grown(12)
    assert "raw.blocks" in built(tmp_path, tables=True).refreshed
    assert query(tmp_path / "w.duckdb", "select number, gas_used from raw.blocks where gas_used < 0").rows == [(1, -1)]
    assert query(tmp_path / "w.duckdb", "select count(*), max(number) from raw.blocks").rows == [(12, 12)]


def test_all_may_be_moved_together(grown, tmp_path: Path):
    """Lake, results and database go to another folder; the database answers from there, also where the old place is."""
    home, other = tmp_path / "home", tmp_path / "it's other"
    grown(9)
    home.mkdir()
    for name in ("lake", "lake-results"):
        shutil.move(tmp_path / name, home / name)
    built(home)
    before = query(home / "w.duckdb", COUNTED).rows
    shutil.copytree(home, other)
    shutil.rmtree(home / "lake")
    assert query(other / "w.duckdb", COUNTED).rows == before
    shutil.rmtree(home)
    assert query(other / "w.duckdb", COUNTED).rows == before
    with duckdb.connect(str(other / "w.duckdb"), read_only=True) as connection:
        connection.execute("set variable keep3r_folder = ?", [str(other)])
        assert connection.execute(COUNTED).fetchall() == before


def test_with_its_tables_it_needs_no_file(grown, tmp_path: Path):
    """Lake and results are deleted and the database moved: it answers as before, amounts are DECIMAL still."""
    grown(12)
    built(tmp_path, tables=True)
    before = query(tmp_path / "w.duckdb", COUNTED).rows
    (tmp_path / "far").mkdir()
    shutil.move(tmp_path / "w.duckdb", tmp_path / "far" / "w.duckdb")
    for name in ("lake", "lake-results"):
        shutil.rmtree(tmp_path / name)
    assert query(tmp_path / "far" / "w.duckdb", COUNTED).rows == before != []
    kinds = query(tmp_path / "far" / "w.duckdb", 'select typeof(amount), typeof(utc) from raw."counter.Counted"').rows
    assert set(kinds) == {("DECIMAL(38,0)", "TIMESTAMP")}


def test_lakes_stand_side_by_side(grown, tmp_path: Path):
    """Two lakes in two schemas answer apart; refreshing one leaves the other as it was."""
    grown(5, "one")
    grown(12, "two")
    built(tmp_path, lake="one", schema="first")
    built(tmp_path, lake="two", schema="second", tables=True)
    views = {f"{schema}.callers" for schema in ("first", "second")}
    few, many = (query(tmp_path / "w.duckdb", f"select sum(events) from {view}").rows for view in sorted(views))
    assert (few, many) == ([(4,)], [(7,)])
    assert query(tmp_path / "w.duckdb", "select sum(events) from callers", schema="first").rows == few
    grown(9, "one")
    built(tmp_path, lake="one", schema="first")
    assert query(tmp_path / "w.duckdb", "select sum(events) from first.callers").rows == [(6,)]
    assert query(tmp_path / "w.duckdb", "select sum(events) from second.callers").rows == many
    with pytest.raises(UsageError, match="no schema third in this warehouse; there are first, second"):
        query(tmp_path / "w.duckdb", "select 1", schema="third")


@pytest.mark.parametrize("name", ["raw", "Main", "a b", "x_res", ""])
def test_a_schema_has_a_plain_name(grown, tmp_path: Path, name: str):
    """A name that SQL would need quotes for, or that is taken, is refused."""
    grown(2)
    with pytest.raises(UsageError, match="no name of a schema"):
        built(tmp_path, schema=name)


def test_results_of_another_lake_are_refused(grown, tmp_path: Path, run, capsys):
    """Results must be of this lake as it is now; the line says which of the two they are not."""
    grown(5)
    grown(9, "other")
    run("extract", f"lake={tmp_path / 'lake'}", "to_block=9")
    arguments = [f"results={tmp_path / 'lake-results'}", f"database={tmp_path / 'w.duckdb'}"]
    run("warehouse", f"lake={tmp_path / 'lake'}", *arguments, ends=1)
    assert "are of an earlier state of" in capsys.readouterr().err
    sample = kr.open_lake()
    with pytest.raises(kr.InputError, match="of another lake"):
        build(sample, tmp_path / "other-results", tmp_path / "w.duckdb", protocol_of(sample))
    assert not (tmp_path / "w.duckdb").exists()


def test_additions_of_somebody_stay(grown, tmp_path: Path):
    """Somebody's table is there after a refresh; in the place of a view of ours it is refused, and stays."""
    grown(5)
    built(tmp_path)
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute("create table mine as select 7 as x; create view of_mine as select * from callers")
    grown(9)
    built(tmp_path)
    assert query(tmp_path / "w.duckdb", "select x from mine").rows == [(7,)]
    assert query(tmp_path / "w.duckdb", "select sum(events) from of_mine").rows == [(6,)]
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute("create schema second; create table second.callers as select 1 as x")
    with pytest.raises(UsageError, match=r"second\.callers: somebody made this"):
        built(tmp_path, schema="second")
    assert query(tmp_path / "w.duckdb", "select * from second.callers").rows == [(1,)]


def test_a_warehouse_in_use_is_said_to_be(grown, tmp_path: Path, run, capsys):
    """While another program has it open, refreshing says so in one line with its process; so does asking a writer's."""
    grown(5)
    built(tmp_path)
    grown(9)
    program = "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == 'r'); print(1, flush=True)"
    database, lake = f"database={tmp_path / 'w.duckdb'}", f"lake={tmp_path / 'lake'}"
    for mode, commands in (
        ("r", [["warehouse", lake, f"results={tmp_path / 'lake-results'}", database]]),
        ("w", [["sql", "select 1", database], ["audit", database]]),
    ):
        arguments = [sys.executable, "-c", f"{program}; input()", str(tmp_path / "w.duckdb"), mode]
        with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            other.stdout.readline()
            capsys.readouterr()
            for command in commands:
                run(*command, ends=1)
                said = capsys.readouterr().err
                assert f"is in use by another program (process {other.pid})" in said
                assert said.count("\n") == 1
            other.communicate(b"\n")
    with duckdb.connect(str(tmp_path / "w.duckdb"), read_only=True), pytest.raises(LockedError, match="this program"):
        built(tmp_path)


def test_a_failed_refresh_leaves_the_former_warehouse(grown, tmp_path: Path, monkeypatch):
    """What breaks in the middle is as if it had not begun."""
    grown(5)
    built(tmp_path)
    before = content(tmp_path / "w.duckdb")
    grown(9)
    with monkeypatch.context() as broken:
        broken.setattr(catalogue, "write", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            built(tmp_path)
    with duckdb.connect(str(tmp_path / "w.duckdb"), read_only=True) as connection:
        assert connection.execute("select to_block from main.made_of").fetchall() == [(5,)]
    assert before['main."made_of"'][0][7] == 5


def test_from_python_it_has_schema_and_tables_too(grown, tmp_path: Path):
    """`kr.warehouse` refreshes as the command does, and its connection knows the views of the schema by their names."""
    grown(5)
    lake, results = kr.open_lake(tmp_path / "lake"), tmp_path / "lake-results"
    with kr.warehouse(lake, results, tmp_path / "w.duckdb", schema="mine", tables=True) as connection:
        assert connection.execute("select sum(events) from callers").fetchall() == [(4,)]
    for wrong in ({"schema": 5}, {"schema": "a b"}, {"tables": "yes"}):
        with pytest.raises(UsageError, match=next(iter(wrong))):
            kr.warehouse(lake, results, tmp_path / "w.duckdb", **wrong)
