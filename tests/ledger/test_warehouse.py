from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from histories import DATA

from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from keep3r_replay.replay.results import write_results
from keep3r_replay.warehouse.build import TOKENS, build
from keep3r_replay.warehouse.query import bundled, query
from pipelines import cli

pytestmark = pytest.mark.slow

QUERIES = bundled(PROTOCOL.sql, "queries")
AUDITS = bundled(PROTOCOL.sql, "audits")


@pytest.fixture(scope="module")
def history(ledger_audits):
    """A random history with everything in it, audited with the ledger."""
    return ledger_audits(DATA / "open-v2.3-fuzz-mixed-101")


@pytest.fixture(scope="module")
def results(history, tmp_path_factory):
    """Its results on disk."""
    folder = tmp_path_factory.mktemp("results") / "results"
    write_results(history, folder, {})
    return folder


@pytest.fixture(scope="module")
def warehouse(history, results, tmp_path_factory):
    """Its warehouse."""
    database = tmp_path_factory.mktemp("warehouse") / "it's.duckdb"
    build(history.lake, results, database, PROTOCOL)
    return database


def test_questions_come_along():
    """There are eleven bundled questions, each of which starts with the question itself."""
    assert len(QUERIES) == 11
    assert all(text.startswith("-- ") and "?" in text.splitlines()[0] for text in QUERIES.values())


@pytest.mark.parametrize("name", QUERIES)
def test_questions_have_the_columns_they_promise(warehouse, name):
    """Each bundled question runs, answers with the columns that it names, and has rows on a lively history."""
    promised = re.search(r"^-- columns: (.*)$", QUERIES[name], re.MULTILINE).group(1).split(", ")
    answer = query(warehouse, QUERIES[name])
    assert answer.columns == promised
    assert answer.rows


@pytest.mark.parametrize("name", QUERIES)
def test_no_amount_is_a_float(warehouse, name):
    """No bundled question answers with a floating-point number."""
    assert not any(isinstance(value, float) for row in query(warehouse, QUERIES[name]).rows for value in row)


@pytest.mark.parametrize("name", AUDITS)
def test_audits_return_no_bad_row(warehouse, name):
    """An audit is a query for bad rows, and a clean history has none."""
    assert query(warehouse, AUDITS[name]).rows == []


def test_audit_finds_what_is_wrong(history, results, tmp_path):
    """The audits can fail: one wei taken off a ledger entry is found by those that look at it."""
    import polars as pl

    changed = tmp_path / "results"
    changed.mkdir()
    for file in results.iterdir():
        (changed / file.name).write_bytes(file.read_bytes())
    ledger = pl.read_parquet(changed / "ledger.parquet").with_row_index("row")
    amount = pl.when(pl.col("row") == 40).then(pl.col("amount") - 1).otherwise(pl.col("amount"))
    ledger.with_columns(amount.cast(pl.Decimal(38, 0)).alias("amount")).drop("row").write_parquet(
        changed / "ledger.parquet"
    )
    database = tmp_path / "changed.duckdb"
    build(history.lake, changed, database, PROTOCOL)
    bad = {name for name, text in AUDITS.items() if query(database, text).rows}
    assert {"ledger_balances", "storage_is_ledger"} <= bad


def test_views_are_documented_and_exact(warehouse):
    """Every view has a description, and every column of an amount is a decimal."""
    views = query(
        warehouse, "select view_name, comment from duckdb_views() where not internal and schema_name = 'main'"
    ).rows
    assert len(views) >= 18
    assert [name for name, comment in views if not comment] == []
    floats = query(
        warehouse,
        "select table_name, column_name from duckdb_columns() "
        "where schema_name = 'main' and data_type in ('DOUBLE', 'FLOAT')",
    )
    assert floats.rows == []


@pytest.mark.parametrize("amount", [0, 1, -1, 10**18, 123456789 * 10**18 + 7, -(10**18) - 5, 10**38 - 1, -(10**38) + 1])
def test_tokens_are_exact(amount):
    """Whole tokens are the amount divided by 10**18, digit for digit, up to the largest amount there is."""
    with duckdb.connect() as database:
        database.execute(TOKENS)
        (value,) = database.execute(f"select kp3r('{amount}'::DECIMAL(38, 0))").fetchone()
    assert isinstance(value, Decimal)
    assert int(f"{value:.18f}".replace(".", "")) == amount


def test_state_as_of_is_the_state_of_a_shorter_replay(history, warehouse):
    """`state_as_of(block)` tells of each job what a replay that ends there holds."""
    from audits import audit

    block = 400
    states = audit(history.lake, block).tables["job_states"]
    columns = ("job", "credits", "period_credits", "rewarded_at", "worked_at")
    expected = {row["job"]: row for row in states.select(columns).iter_rows(named=True)}
    answer = query(warehouse, f"select {', '.join(columns)} from state_as_of({block})")
    assert answer.rows
    for row in answer.rows:
        assert dict(zip(columns, row, strict=True)) == expected[row[0]]


def test_command(history, results, tmp_path, capsys):
    """`keep3r warehouse` and `keep3r sql` work from the command line, with a statement, a file, or a name."""
    database = f"database={tmp_path / 'new.duckdb'}"
    assert cli.main(["warehouse", f"lake={history.lake.path}", f"results={results}", database]) == 0
    assert (
        cli.main(["sql", "select count(*) as entries from ledger where amount = amount", database, "format=json"]) == 0
    )
    assert json.loads(capsys.readouterr().out.partition("\n")[2]) == [{"entries": history.tables["ledger"].height}]
    file = tmp_path / "question.sql"
    file.write_text("select job from jobs order by job limit 1")
    assert cli.main(["sql", str(file), database, "format=csv"]) == 0
    assert capsys.readouterr().out.startswith("job\n0x")
    assert cli.main(["sql", "credits_by_job", database]) == 0
    assert "minted_kp3r" in capsys.readouterr().out
    assert cli.main(["sql"]) == 0
    assert "ledger_balances" in capsys.readouterr().out


def test_writing_is_refused(warehouse):
    """Questions cannot change the warehouse."""
    with pytest.raises(UsageError, match="read-only"):
        query(warehouse, "create table x as select 1")


def test_mistakes_are_one_line(history, results, tmp_path, capsys):
    """A missing database, a wrong statement, a foreign file and results without ledger are one line each."""
    assert cli.main(["sql", "select 1", f"database={tmp_path / 'none.duckdb'}"]) == 1
    foreign = tmp_path / "letter.txt"
    foreign.write_text("dear diary")
    assert cli.main(["warehouse", f"lake={history.lake.path}", f"results={results}", f"database={foreign}"]) == 2
    assert foreign.read_text() == "dear diary"
    assert capsys.readouterr().err.count("\n") == 2
    with pytest.raises(InputError, match="no results"):
        build(history.lake, tmp_path, tmp_path / "x.duckdb", PROTOCOL)


@pytest.mark.parametrize(
    "statement",
    [
        "copy (select 1) to '{folder}/x.csv'",
        "copy (select 1) to '{own}'",
        "explain analyze copy (select 1) to '{own}'",
        "select 1; copy (select 1) to '{own}'",
        "attach '{folder}/x.duckdb' as x",
        "install httpfs",
        "set enable_external_access = true",
        "select * from read_text('{folder}/secret.txt')",
        "select * from read_text('/etc/passwd')",
    ],
)
def test_asking_writes_nothing_and_reads_nothing_else(warehouse, tmp_path, statement):
    """A statement that writes, attaches, installs, or reads a file of somebody else is refused in one line."""
    (tmp_path / "secret.txt").write_text("mine")
    (path,) = query(warehouse, "select min(path) from main.made_from").rows[0]
    own = str((warehouse.parent / path).resolve())
    before = Path(own).read_bytes()
    with pytest.raises((UsageError, InputError)) as refused:
        query(warehouse, statement.format(folder=tmp_path, own=own.replace("'", "''")))
    assert "\n" not in str(refused.value)
    assert Path(own).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["secret.txt"]


@pytest.mark.parametrize("name", ["secret.txt", "secret.parquet"])
def test_a_warehouse_from_anywhere_opens_no_other_files(tmp_path, name):
    """What a foreign file says that it is made from must be listed by a lake or by results that lie there."""
    (tmp_path / name).write_text("mine")
    with duckdb.connect(str(tmp_path / "foreign.duckdb")) as connection:
        connection.execute("create table made_of as select 'keep3r_v2' as protocol")
        connection.execute(f"create table made_from as select '{tmp_path / name}' as path")
    with pytest.raises(InputError, match="of no lake and no results"):
        query(tmp_path / "foreign.duckdb", f"select * from read_text('{tmp_path / name}')")


def test_files_are_written_where_that_is_said(warehouse, tmp_path):
    """With write=true a statement may write a file."""
    query(warehouse, f"copy (select count(*) from works) to '{tmp_path / 'works.csv'}'", write=True)
    assert (tmp_path / "works.csv").exists()
