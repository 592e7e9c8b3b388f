"""`keep3r job`, `keeper` and `overpaid` print what they state, and write it as a file of any kind."""

from __future__ import annotations

import json
import zipfile
from decimal import Decimal

import polars as pl
import pytest
from histories import ROOT

from keep3r_replay.errors import UsageError
from keep3r_replay.report.export import export_table
from pipelines.cli import main

PAGE = (ROOT / "docs" / "statements.md").read_text()
_TABLE = pl.DataFrame(
    [
        pl.Series("who", ["=1+1", None]),
        pl.Series("count", [1, 2]),
        pl.Series("wei", [10**37 + 1, None], pl.Int128).cast(pl.Decimal(38, 0)),
        pl.Series("kp3r", ["1.000000000000000001", "2"], pl.String).cast(pl.Decimal(38, 18)),
    ]
)


def _blocks():
    """The examples of the page: a command, and what it prints."""
    for part in PAGE.split("```\n$ keep3r ")[1:]:
        command, _, printed = part.partition("```")[0].partition("\n")
        yield command, printed.rstrip("\n")


@pytest.mark.slow
@pytest.mark.parametrize(("command", "printed"), list(_blocks()))
def test_the_page_shows_what_the_command_prints(command, printed, capsys):
    """Every example of docs/statements.md is the command's output, line by line; three dots leave lines out."""
    assert main(command.split()) == 0
    lines = iter(capsys.readouterr().out.splitlines())
    for line in printed.splitlines():
        if line != "...":
            assert line in lines, line


def test_csv_and_parquet_hold_every_digit(tmp_path):
    """What is read back from CSV and Parquet is what was written."""
    for name in ("table.csv", "table.parquet"):
        export_table(_TABLE, tmp_path / name)
    assert pl.read_parquet(tmp_path / "table.parquet").equals(_TABLE)
    read = pl.read_csv(tmp_path / "table.csv", infer_schema=False)
    assert read["wei"][0] == str(10**37 + 1)
    assert Decimal(read["kp3r"][0]) == Decimal("1.000000000000000001")


def test_json_tells_amounts_as_text(tmp_path):
    """No reader of JSON rounds an amount: they are text there."""
    export_table(_TABLE, tmp_path / "table.json")
    first, second = json.loads((tmp_path / "table.json").read_bytes())
    assert first["wei"] == str(10**37 + 1)
    assert second["wei"] is None


def test_a_spreadsheet_is_the_same_bytes_twice_and_holds_no_formula(tmp_path):
    """XLSX: wei as text, whole tokens as numbers, a text that looks like a formula is a text."""
    for name in ("one.xlsx", "two.xlsx"):
        export_table(_TABLE, tmp_path / name)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.xlsx") as book:
        strings, sheet = (book.read(f"xl/{name}").decode() for name in ("sharedStrings.xml", "worksheets/sheet1.xml"))
    assert str(10**37 + 1) in strings
    assert "=1+1" in strings
    assert "<f>" not in sheet


def test_an_export_is_refused_before_the_replay(tmp_path, capsys):
    """A file of an unknown kind is refused by name; so is a place that is no file's."""
    assert main(["job", "export=cards.pdf"]) == 2
    assert ".xlsx" in capsys.readouterr().err
    with pytest.raises(UsageError):
        export_table(_TABLE, tmp_path)


@pytest.mark.slow
def test_the_command_writes_what_it_prints(tmp_path, capsys):
    """The exported table of a keeper has the rows of its months."""
    target = tmp_path / "months.csv"
    assert main(["keeper", "address=0x15a8", f"export={target}"]) == 0
    printed = capsys.readouterr().out
    rows = pl.read_csv(target, infer_schema=False)
    assert sum(line.startswith("20") for line in printed.splitlines()) == rows.height
