"""Lakes with several Keep3r contracts: each has its own state, and the results tell of all of them."""

from __future__ import annotations

import polars as pl
import pytest
from two_contracts import SECOND

pytestmark = pytest.mark.slow


def test_each_contract_replays_with_its_own_state(pair):
    """Both contracts are clean, and each ends in the state that the one of the recording ends in."""
    single, both, first = pair
    assert both.findings == []
    assert [one["keep3r"] for one in both.summary["contracts"]] == [first, SECOND]
    for table in ("job_states", "job_liquidities", "keeper_states", "keeper_bonds"):
        for address in (first, SECOND):
            rows = both.tables[table].filter(pl.col("keep3r") == address).drop("keep3r")
            assert rows.equals(single.audit.tables[table])


def test_works_and_readings_of_all_contracts_count(pair):
    """The summary adds the contracts up; readings of pools, helpers and blocks count once."""
    single, both, first = pair
    works = single.audit.summary["works"]
    assert both.summary["works"] == {name: 2 * count for name, count in works.items()}
    readings = single.lake.scan("readings").filter(pl.col("contract") == first).collect().height
    assert both.summary["readings"]["compared"] == single.audit.summary["readings"]["compared"] + readings
    assert both.summary["readings"]["mismatched"] == 0


def test_keepers_and_jobs_are_reported_across_all_contracts(pair):
    """A keeper's and a job's totals hold what was paid by every contract."""
    single, both, _ = pair
    for table in ("keeper_totals", "job_totals"):
        alone, together = single.audit.tables[table], both.tables[table]
        assert together.drop("works", "paid").equals(alone.drop("works", "paid"))
        assert (together["works"] == 2 * alone["works"]).all()
        assert together["paid"].cast(pl.Int128).to_list() == [2 * paid for paid in alone["paid"].cast(pl.Int128)]
