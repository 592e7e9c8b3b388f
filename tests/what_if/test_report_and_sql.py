"""The comparison in SQL and as a page."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from histories import SAMPLE

from keep3r_replay.warehouse.ask import ask
from pipelines.cli import main


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A what-if of the sample with half of the liquidity, its ledger included."""
    folder = tmp_path_factory.mktemp("what_if") / "results"
    lake = f"lake={SAMPLE / 'lake'}"
    arguments = ["mode=what_if", "ledger=true", lake, f"results={folder}", "overlay.liquidity_factor=1/2"]
    assert main(["replay", *arguments]) == 0
    return folder


def test_sql_compares_both_sides(results, tmp_path):
    """Views by work, job and keeper sum to the outcome; the reverted works are those of the table."""
    database = tmp_path / "what_if.duckdb"
    assert main(["warehouse", f"lake={SAMPLE / 'lake'}", f"results={results}", f"database={database}"]) == 0
    outcome = json.loads((results / "summary.json").read_text())["outcome"]
    difference = int(outcome["paid_what_if"]) - int(outcome["paid_baseline"])
    for view in ("compared_jobs", "compared_keepers"):
        (total,) = ask(database, f"select sum(paid_what_if - paid_baseline) from {view}").rows[0]
        assert int(total) == difference
    assert ask(database, "select count(*) from reverted_works").rows == [(outcome["reverted"],)]
    assert ask(database, "select count(*) from reverted_calls").rows == [(outcome["reverted_calls"],)]
    (first,) = ask(database, "select min(block_number) from compared_works where differs").rows[0]
    assert first == outcome["parts_at_block"]
    (whole,) = ask(database, "select sum(amount) from ledger").rows[0]
    assert Decimal(whole) == int(outcome["credits_what_if"])


def test_results_of_an_audit_have_no_such_views(tmp_path):
    """A warehouse of an audit is what it was."""
    database, lake = tmp_path / "audit.duckdb", f"lake={SAMPLE / 'lake'}"
    assert main(["replay", "ledger=true", lake, f"results={tmp_path / 'r'}"]) == 0
    assert main(["warehouse", lake, f"results={tmp_path / 'r'}", f"database={database}"]) == 0
    names = {row[0] for row in ask(database, "select view_name from duckdb_views()").rows}
    assert "works" in names
    assert "compared_works" not in names


def test_the_page_shows_the_comparison(results, tmp_path, capsys):
    """Changes, sums, every job and keeper, and the works that revert stand on a page that needs no network."""
    report = tmp_path / "what_if.html"
    assert main(["report", f"results={results}", f"report={report}"]) == 0
    page = Path(report).read_text()
    compared = pl.read_parquet(results / "compared_works.parquet")
    for name in (*compared["job"].unique(), *compared["keeper"].unique(), "liquidity_factor", "InsufficientFunds"):
        assert name in page
    reverted = compared.filter(pl.col("status") == "reverted")
    assert len(re.findall("InsufficientFunds|JobLiquidity|Panic", page)) == reverted.height
    assert not re.search(r"(?:src|href)=\"https?:", page)
    assert "a what-if" in capsys.readouterr().out
