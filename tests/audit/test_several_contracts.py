"""Lakes with several Keep3r contracts: each has its own state, and the results tell of all of them."""

from __future__ import annotations

import json

import polars as pl
import pytest
from histories import DATA

from keep3r_replay.audit.run import audit
from keep3r_replay.lake.deployment import deployment_from_json
from keep3r_replay.lake.manifest import Manifest
from keep3r_replay.lake.reader import Lake
from keep3r_replay.lake.writer import write_deployment, write_manifest, write_table

SECOND = "0x" + "5ec0" * 10
SHIFT = 1_000
"""What the second contract's logs are numbered higher by."""


@pytest.fixture(scope="module")
def pair(audited_recordings, tmp_path_factory):
    """A recording, and a lake in which a second Keep3r did the same in the same transactions."""
    single = audited_recordings(DATA / "open-v2.3-nb-all")
    folder = tmp_path_factory.mktemp("pair") / "lake"
    first = next(contract for contract in single.lake.deployment.contracts if contract.role == "keep3r").address
    content = json.loads((single.lake.path / "deployment.json").read_text())
    keep3r = next(contract for contract in content["contracts"] if contract["role"] == "keep3r")
    content["contracts"].append({**keep3r, "address": SECOND, "from_block": keep3r["from_block"] + 1})
    content["initial_state"][SECOND] = content["initial_state"][first]
    files = [
        write_table(folder, table, twice(single.lake, table, first).to_arrow(), entry.from_block, entry.to_block)
        for table in single.lake.tables()
        for entry in single.lake.manifest.of_table(table)
    ]
    write_deployment(folder, deployment_from_json(content))
    write_manifest(folder, Manifest(tuple(files), single.lake.manifest.coverage, {}).sorted())
    return single, audit(Lake.open(folder)), first


def twice(lake, table, first):
    """A table with everything of the first contract again for the second."""
    frame = lake.scan(table).collect()
    if table == "readings":
        again = frame.filter(pl.col("contract") == first).with_columns(pl.lit(SECOND).alias("contract"))
        return pl.concat([frame, again]).sort("block_number", maintain_order=True)
    if table.startswith("events/keep3r."):
        again = frame.with_columns(pl.lit(SECOND).alias("address"), pl.col("log_index") + SHIFT)
    elif table == "events/pair_manager.Transfer":
        again = frame.filter(pl.any_horizontal(pl.col("from", "to") == first)).with_columns(
            pl.col("from", "to").replace(first, SECOND), pl.col("log_index") + SHIFT
        )
    else:
        return frame
    return pl.concat([frame, again.with_columns(pl.col("log_index").cast(pl.UInt32))]).sort("block_number", "log_index")


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
