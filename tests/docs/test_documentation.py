"""What the documentation says is so: its SQL runs, its tables of columns and lists of undetermined works are right."""

from __future__ import annotations

import re

import duckdb
import pytest
from histories import ROOT, SAMPLE

from keep3r_replay.replay.results import write_results
from pipelines.cli import main

SQL = re.findall(r"```sql\n(.*?)```\n```\n(.*?)```", (ROOT / "docs" / "lake.md").read_text(), re.DOTALL)


@pytest.fixture
def place(tmp_path, monkeypatch, audited_recordings):
    """A folder that looks like the repository's root after a replay of the sample."""
    (tmp_path / "data").symlink_to(ROOT / "data")
    write_results(audited_recordings(SAMPLE / "recording").audit, tmp_path / "results", {})
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("query", "answer"), SQL)
def test_an_example_in_sql_gives_the_answer_beside_it(query, answer, place):
    """Every query of the page on the lake runs, and gives the rows that the page shows."""
    shown = [[cell.strip() for cell in line.strip("│").split("│")] for line in answer.strip().splitlines()]
    rows = [["NULL" if cell is None else str(cell) for cell in row] for row in duckdb.sql(query).fetchall()]
    assert rows == shown


def test_there_are_examples():
    """The page's examples are found."""
    assert len(SQL) == 3


def test_the_readme_shows_what_replay_prints(tmp_path, monkeypatch, capsys):
    """The README's first example is, line by line, what `keep3r replay` prints of the bundled sample."""
    shown = re.search(r"```\n\$ keep3r replay\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    assert main(["replay"]) == 0
    assert shown is not None
    assert capsys.readouterr().out == shown.group(1)


def test_the_readme_names_every_column(audited_recordings):
    """The table of results in the README names all tables and all of their columns."""
    lines = {
        match.group(1): line
        for line in (ROOT / "README.md").read_text().splitlines()
        if (match := re.match(r"\| `(\w+)` \|", line))
    }
    for name, table in audited_recordings(SAMPLE / "recording").audit.tables.items():
        words = set(re.findall(r"\w+", lines[name]))
        assert set(table.columns) <= words, name
