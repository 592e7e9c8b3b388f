"""`keep3r audit`, `keep3r sql` and the formats, from the command line; what docs/audits.md says of them."""

from __future__ import annotations

import json
import re

import duckdb
import polars as pl
import pytest
from histories import ROOT

import keep3r_replay as kr
from keep3r_replay.protocols.registry import known_protocols, protocol_named
from keep3r_replay.warehouse.audits import ALERTS, AUDITS, known_audits
from keep3r_replay.warehouse.session import MAIN
from pipelines.cli import main

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "audits.md").read_text(encoding="utf-8")
SECTIONS = {"keep3r_v2": "Keep3r V2", "keep3r_v1": "Keep3r V1", "kuma": "KUMA"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the sample's warehouse, as keep3r.duckdb, and a folder of one's own audits from the page."""
    place = tmp_path_factory.mktemp("audit")
    kr.replay(kr.open_lake(), ledger=True).write(place / "results")
    assert main(["warehouse", f"results={place / 'results'}", f"database={place / 'keep3r.duckdb'}"]) == 0
    (place / "my_audits").mkdir()
    (place / "my_audits" / "busy_jobs.sql").write_text(re.search(r"```sql\n(.*?)```", PAGE, re.DOTALL).group(1))
    return place


@pytest.fixture
def ends(folder, monkeypatch, capsysbinary):
    """Runs a command in that folder, holds its exit code, and gives what it printed."""
    monkeypatch.chdir(folder)

    def command(code: int, *arguments: str) -> str:
        capsysbinary.readouterr()
        assert main(list(arguments)) == code
        out, err = capsysbinary.readouterr()
        assert (code in {0, 3}) == (err == b""), err
        assert err.count(b"\n") <= 1
        return (out or err).decode()

    return command


def test_the_commands_of_the_page_run(ends):
    """Each does what it says beside it: with bad rows it ends with 3, without with 0."""
    commands = re.findall(r"^    keep3r (audit.*?)(?: *#.*)?$", PAGE, re.MULTILINE)
    quiet = {"audit audits", "audit describe=true"}
    said = [ends(0 if line in quiet or "own folder" in line else 3, *line.split()) for line in commands]
    assert len(said) == 7
    assert said[0].endswith("1 left out\n")
    assert "8 audits: 0 with rows" in said[1]


def test_one_s_own_audit(ends):
    """Its parameter, its range and its meaning are as its file says; one of another type is a line."""
    assert "no bad" not in ends(0, "audit", "own", "folder=my_audits")
    said = ends(3, "audit", "busy_jobs", "folder=my_audits", "parameters.busy_jobs.most=50")
    assert "busy_jobs (most=50): Jobs that were paid for more than so many works in the range." in said
    assert "(1 row)" in said
    ends(0, "audit", "busy_jobs", "folder=my_audits", "parameters.busy_jobs.most=50", "to_block=210")
    assert "most is no BIGINT" in ends(2, "audit", "busy_jobs", "folder=my_audits", "parameters.busy_jobs.most=x")
    assert "has no parameter least" in ends(2, "audit", "runway", "parameters.runway.least=1")
    assert "no audit busy_jobs" in ends(2, "audit", "busy_jobs")


def test_a_broken_audit_fails_and_the_others_run(folder, tmp_path, capsys):
    """An audit with a mistake ends with 1, tells its first line, and stops no other."""
    (tmp_path / "broken.sql").write_text("-- Nothing.\nselect * from nowhere\n")
    (tmp_path / "clean.sql").write_text("-- Nothing.\nselect 1 where false\n")
    (tmp_path / "writes.sql").write_text("-- Nothing.\ncopy (select 1) to 'x.csv'\n")
    assert main(["audit", "own", f"folder={tmp_path}", f"database={folder / 'keep3r.duckdb'}"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("FAILED  broken: Catalog Error")
    assert lines[1] == "ok      clean"
    assert lines[2].startswith("FAILED  writes: ")
    assert lines[3] == "1 audit: 0 with rows (0 rows), 2 failed"


def test_sql_guards_as_well(ends):
    """A bundled audit by its name, and any statement with audit=true, ends with 3 where there are rows."""
    assert json.loads(ends(3, "sql", "own_payments", "format=json"))[0]["percent"] > 200
    ends(0, "sql", "ledger_balances")
    ends(3, "sql", "select 1", "audit=true")
    ends(0, "sql", "select 1 where false", "audit=true")
    ends(0, "sql", "select 1")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["from_block=1", "days=3"], "a range is one of blocks"),
        (["from_day=2022-02-30"], "no day"),
        (["from_day=yesterday"], "no day"),
        (["from_block=9", "to_block=3"], "ends before it begins"),
        (["days=0"], "no number of days"),
        (["lake_behind"], "lake_behind needs head"),
        (["format=csv"], "the rows of one audit"),
        (["folder=nowhere"], "no folder of audits"),
        (["schema=other"], "no schema other"),
    ],
)
def test_mistakes_are_one_line(ends, monkeypatch, arguments, says):
    """Each ends with 2 and says what is wrong."""
    monkeypatch.delenv("ETH_RPC_URL", raising=False)
    assert says in ends(2, "audit", *arguments)


def test_json_keeps_every_digit(ends):
    """Whole numbers up to 2^53 are numbers, larger ones and amounts text wherever they stand; bytes are 0x."""
    (row,) = json.loads(
        ends(
            0,
            "sql",
            "select 9007199254740992 a, 9007199254740993 b, 5::HUGEINT c, 2::DECIMAL(38, 0) d, [1::HUGEINT] e, "
            "'ab'::BLOB f, timestamp '2022-01-02 03:04:05' g, null h, {'x': 9007199254740993} i, -9007199254740993 j",
            "format=json",
        )
    )
    assert list(row.values()) == [
        *(9007199254740992, "9007199254740993", 5, "2", ["1"], "0x6162", "2022-01-02 03:04:05", None),
        *({"x": "9007199254740993"}, "-9007199254740993"),
    ]


def test_parquet_and_csv_are_exact(ends, folder):
    """The sum of a table in each format is the sum in the database; a file that is there is not written over."""
    statement = "select job, sum(payment)::HUGEINT as paid, count(*) as works from works group by job order by job"
    ends(0, "sql", statement, "format=parquet", "file=paid.parquet")
    assert pl.read_parquet_schema(folder / "paid.parquet")["paid"] == pl.Decimal(38, 0)
    with duckdb.connect(str(folder / "keep3r.duckdb"), read_only=True) as connection:
        expected = [(job, int(paid), works) for job, paid, works in connection.execute(statement).fetchall()]
    rows = [(job, int(paid), works) for job, paid, works in pl.read_parquet(folder / "paid.parquet").rows()]
    assert rows == expected != []
    lines = ends(0, "sql", statement, "format=csv").splitlines()
    assert lines == ["job,paid,works", *(f"{job},{paid},{works}" for job, paid, works in expected)]
    assert "is there already" in ends(2, "sql", "select 1", "format=csv", "file=paid.parquet")


def test_functions_of_time_work(ends):
    """What DuckDB's functions of times need is there, in every format."""
    statement = "select now() > timestamptz '2022-01-01 00:00:00+00' as later, date_trunc('day', now()) as today"
    for form in ("table", "csv", "json"):
        assert "00:00" in ends(0, "sql", statement, f"format={form}")


def test_every_table_and_column_has_a_comment(folder):
    """Nothing in the warehouse is without one."""
    with duckdb.connect(str(folder / "keep3r.duckdb"), read_only=True) as connection:
        columns = "select table_name, column_name from duckdb_columns() where not internal and comment is null"
        assert connection.execute(columns).fetchall() == []
        for kind in ("table", "view"):
            bare = f"select {kind}_name from duckdb_{kind}s() where not internal and comment is null"
            assert connection.execute(bare).fetchall() == []


@pytest.mark.parametrize("name", SECTIONS)
def test_the_page_names_every_alert_with_its_parameters(name):
    """The table of a protocol has every alert, each parameter with its default; the audits are named too."""
    assert set(SECTIONS) == set(known_protocols())
    section = re.search(rf"^## {SECTIONS[name]}\n(.*?)(?=^## )", PAGE, re.DOTALL | re.MULTILINE).group(1)
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    rows = {alert: line for line in lines for alert in re.findall(r"`(\w+)`", line.split("|")[1])}
    known = known_audits(protocol_named(name).sql, None, MAIN, what_if=False).values()
    assert set(rows) == {each.name for each in known if each.kind == ALERTS}
    for each in known:
        if each.kind == ALERTS and "as above" not in rows[each.name]:
            for parameter in each.parameters:
                default = f"`{parameter.name}` {parameter.default}" if parameter.default else f"`{parameter.name}`"
                assert default in rows[each.name]
        if each.kind == AUDITS:
            assert f"`{each.name}`" in PAGE + (ROOT / "docs" / "sql.md").read_text(encoding="utf-8")


def test_a_what_if_runs_the_audits_that_hold_for_it(tmp_path, capsys):
    """Those of its ledger hold; what is about the chain as it was is left out. Its tables have comments, too."""
    results, database = f"results={tmp_path / 'what_if'}", f"database={tmp_path / 'w.duckdb'}"
    assert main(["replay", "mode=what_if", "overlay.liquidity_factor=1/4", "ledger=true", results]) == 0
    assert main(["warehouse", results, database, "schema=quarter"]) == 0
    capsys.readouterr()
    assert main(["audit", "audits", database, "format=json"]) == 0
    ran = {each["audit"]: each["count"] for each in json.loads(capsys.readouterr().out)}
    ledgers = ("ledger_balances", "lots_below_zero", "migrations_balance", "periods_chain", "spent_is_paid")
    assert ran == dict.fromkeys(ledgers, 0)
    with duckdb.connect(str(tmp_path / "w.duckdb"), read_only=True) as connection:
        bare = "select table_name, column_name from duckdb_columns() where not internal and comment is null"
        assert connection.execute(bare).fetchall() == []
