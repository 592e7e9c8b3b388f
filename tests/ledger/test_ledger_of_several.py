"""Ledger, warehouse and report of a lake in which two Keep3r contracts have jobs of the same addresses."""

from __future__ import annotations

import polars as pl
import pytest
from audits import audit
from two_contracts import SECOND

from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from keep3r_replay.protocols.keep3r_v2.report.page import make_report
from keep3r_replay.protocols.keep3r_v2.report.results import Results
from keep3r_replay.protocols.keep3r_v2.report.series import job_series
from keep3r_replay.replay.results import write_results
from keep3r_replay.warehouse.build import build
from keep3r_replay.warehouse.query import bundled, query

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def both(pair, tmp_path_factory):
    """The audit with ledger of both, that of one alone, and the results of both on disk."""
    single, plain, first = pair
    audited = audit(plain.lake, ledger=True)
    folder = tmp_path_factory.mktemp("both") / "results"
    write_results(audited, folder, {})
    return audited, audit(single.lake, ledger=True), folder, first


def test_each_contract_has_its_ledger(both):
    """The ledger of each contract is that of the recording alone."""
    audited, single, _, first = both
    for table in ("ledger", "periods", "expiries"):
        for address in (first, SECOND):
            mine = audited.tables[table].filter(pl.col("keep3r") == address).drop("keep3r")
            same = [name for name in mine.columns if name != "log_index"]
            assert mine.select(same).equals(single.tables[table].select(same))


@pytest.mark.parametrize("name", bundled(PROTOCOL.sql, "audits"))
def test_audits_keep_contracts_apart(both, tmp_path, name):
    """No audit mixes up two jobs of the same address."""
    audited, _, folder, _ = both
    build(audited.lake, folder, tmp_path / "both.duckdb", PROTOCOL)
    assert query(tmp_path / "both.duckdb", bundled(PROTOCOL.sql, "audits")[name]).rows == []


def test_report_keeps_contracts_apart(both):
    """A job of both contracts has two sections, each with the curve of its own contract."""
    _, single, folder, first = both
    results = Results(folder)
    jobs = results.jobs()
    assert len(jobs) == 2 * single.tables["ledger"]["job"].n_unique()
    job = next(job for job in jobs if job.endswith(SECOND))
    alone = job_series(single.tables, job.partition(" of ")[0])
    assert job_series(results.tables_of(job), job).points == alone.points
    page = make_report(results, jobs)
    assert page.count('<section id="job-') == len(jobs)
    assert first in page
