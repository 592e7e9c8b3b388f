"""The comparison in SQL and as a page."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from histories import SAMPLE

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from keep3r_replay.protocols.keep3r_v2.report.results import Results
from keep3r_replay.protocols.keep3r_v2.report.series import job_series
from keep3r_replay.protocols.keep3r_v2.report.what_if_results import SIDES, WhatIfResults, what_if_summary
from keep3r_replay.warehouse.query import query
from keep3r_replay.what_if.history import Source
from pipelines.cli import main


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A what-if of the sample with half of the liquidity, its ledger included."""
    folder = tmp_path_factory.mktemp("what_if") / "results"
    lake = f"lake={SAMPLE / 'lake'}"
    arguments = ["mode=what_if", "ledger=true", lake, f"results={folder}", "overlay.liquidity_factor=1/2"]
    assert main(["replay", *arguments]) == 0
    return folder


@pytest.mark.slow
def test_sql_compares_both_sides(results, tmp_path):
    """Views by work, job and keeper sum to the outcome; the reverted works are those of the table."""
    database = tmp_path / "what_if.duckdb"
    assert main(["warehouse", f"lake={SAMPLE / 'lake'}", f"results={results}", f"database={database}"]) == 0
    outcome = json.loads((results / "summary.json").read_text())["outcome"]
    difference = int(outcome["paid_what_if"]) - int(outcome["paid_baseline"])
    for view in ("compared_jobs", "compared_keepers"):
        (total,) = query(database, f"select sum(paid_what_if - paid_baseline) from {view}").rows[0]
        assert int(total) == difference
    assert query(database, "select count(*) from reverted_works").rows == [(outcome["reverted"],)]
    assert query(database, "select count(*) from reverted_calls").rows == [(outcome["reverted_calls"],)]
    (first,) = query(database, "select min(block_number) from compared_works where differs").rows[0]
    # The histories may part in another table before the first work differs.
    assert first >= outcome["parts_at_block"]
    (whole,) = query(database, "select sum(amount) from ledger").rows[0]
    assert Decimal(whole) == int(outcome["credits_what_if"])


@pytest.mark.slow
def test_results_of_an_audit_have_no_such_views(tmp_path):
    """A warehouse of an audit is what it was."""
    database, lake = tmp_path / "audit.duckdb", f"lake={SAMPLE / 'lake'}"
    assert main(["replay", "ledger=true", lake, f"results={tmp_path / 'r'}"]) == 0
    assert main(["warehouse", lake, f"results={tmp_path / 'r'}", f"database={database}"]) == 0
    names = {row[0] for row in query(database, "select view_name from duckdb_views()").rows}
    assert "works" in names
    assert "compared_works" not in names


@pytest.mark.slow
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


@pytest.fixture(scope="module")
def plain(results):
    """The same what-if without the ledger."""
    folder = results.parent / "plain"
    lake = f"lake={SAMPLE / 'lake'}"
    assert main(["replay", "mode=what_if", lake, f"results={folder}", "overlay.liquidity_factor=1/2"]) == 0
    return folder


def _read(folder):
    return WhatIfResults(folder, what_if_summary(folder))


@pytest.mark.slow
def test_payments_over_time_end_in_the_sums(results):
    """The last point of every line is the sum of the table: of all jobs, and of each."""
    read = _read(results)
    outcome = read.summary["outcome"]
    for side in SIDES:
        assert read.paid().lines[side][-1].total == int(outcome[f"paid_{side}"])
        for row in read.jobs:
            points = read.paid(row["job"]).lines[side]
            assert (points[-1].total if points else 0) == row[f"paid_{side}"]


def test_marks_are_the_works_that_are_not_as_they_were(results):
    """Every reverted work has its time, and the two sides part at the first work that differs."""
    read = _read(results)
    compared = pl.read_parquet(results / "compared_works.parquet")
    together = read.paid()
    assert together.marks["reverted"] == compared.filter(status="reverted")["timestamp"].to_list() != []
    assert together.parts_at == compared.filter(differs=True)["timestamp"][0]
    assert sum(len(read.paid(row["job"]).marks["reverted"]) for row in read.jobs) == len(together.marks["reverted"])


@pytest.mark.slow
def test_the_curves_of_both_sides_are_those_of_replays_with_ledger(results, tmp_path):
    """The baseline's is the audit's, point by point; the what-if's is that of its own tables."""
    assert main(["replay", "ledger=true", f"lake={SAMPLE / 'lake'}", f"results={tmp_path / 'audit'}"]) == 0
    audit, read = Results(tmp_path / "audit"), _read(results)
    for job in audit.jobs():
        credits_held = read.credits(job).lines
        assert credits_held["baseline"] == job_series(audit.tables_of(job), job).points
        assert credits_held["what_if"] != credits_held["baseline"]


@pytest.mark.slow
def test_without_the_ledger_credits_are_known_at_works_and_the_page_says_so(results, plain, tmp_path):
    """Points are what works found and left; the page names the setting that tells more; with it nothing is missing."""
    read = _read(plain)
    job = read.jobs_by_difference()[0]
    compared = pl.read_parquet(plain / "compared_works.parquet").filter(job=job)
    left = compared["credits_after_what_if"].cast(pl.Int128).to_list()
    assert [point.total for point in read.credits(job).lines["what_if"]][1::2] == left
    says = []
    for folder in (results, plain):
        assert main(["report", f"results={folder}", f"report={tmp_path / 'page.html'}"]) == 0
        says.append("ledger=true" in (tmp_path / "page.html").read_text())
    assert says == [False, True]


@pytest.mark.slow
def test_the_page_and_its_charts_are_the_same_bytes_every_time(plain, tmp_path, capsys):
    """Page and files of one chosen job; only that job is drawn."""
    job = _read(plain).jobs_by_difference()[0]
    made = []
    for place in ("a", "b"):
        arguments = [f"report={tmp_path / place}.html", f"charts={tmp_path / place}", "format=svg", "width=narrow"]
        assert main(["report", f"results={plain}", f"job={job[:12]}", *arguments]) == 0
        files = {file.name: file.read_bytes() for file in (tmp_path / place).iterdir()}
        made.append((Path(f"{tmp_path / place}.html").read_bytes(), files))
    assert made[0] == made[1]
    assert set(made[0][1]) == {"paid.svg", "keepers.svg", f"credits-{job}.svg", f"paid-{job}.svg"}
    assert main(["report", f"results={plain}", "job=0xnobody", f"report={tmp_path / 'none.html'}"]) == 2
    assert "names 0 jobs" in capsys.readouterr().err


@pytest.mark.slow
def test_a_what_if_of_which_a_sweep_kept_sums_has_a_page(tmp_path):
    """Sums and keepers are there, and the page says how to have charts over time."""
    lake = Lake.open(SAMPLE / "lake")
    Source(PROTOCOL, lake).baseline().run(tmp_path / "r", {"base_fee_factor": "2"}, tables=False)
    assert main(["report", f"results={tmp_path / 'r'}", f"report={tmp_path / 'page.html'}"]) == 0
    page = (tmp_path / "page.html").read_text()
    assert "tables=true" in page
    assert page.count("<figure") == 1
