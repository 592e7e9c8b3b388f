"""A replay up to a block agrees with the replay of all, up to that block."""

from __future__ import annotations

from random import Random

import polars as pl
import pytest
from audits import audit

from keep3r_replay.errors import UsageError

ROWS = ("works", "rewards", "findings")


@pytest.mark.slow
def test_a_prefix_has_the_rows_of_the_whole(audited):
    """Works with their classes, rewards and findings up to a block are the same; readings up to it all agree."""
    whole = audited.audit
    blocks = whole.summary["blocks"]
    random = Random(audited.recording.name)
    for block in [*random.sample(range(blocks[0] + 40, blocks[1]), 3), blocks[1]]:
        part = audit(audited.lake, block)
        for name in ROWS:
            assert part.tables[name].equals(whole.tables[name].filter(pl.col("block_number") <= block)), (name, block)
        assert part.summary["verdict"] == "clean"
        assert part.summary["readings"]["mismatched"] == 0
        assert part.summary["blocks"] == [blocks[0], block]


@pytest.mark.slow
def test_a_prefix_of_all_blocks_is_the_whole(audited):
    """Naming the last block changes nothing but that a snapshot of it is kept; one beyond it is refused."""
    whole = audited.audit
    last = whole.summary["blocks"][1]
    part = audit(audited.lake, last)
    assert part.summary == whole.summary
    kept = {"snapshots", "observations"}
    assert all(part.tables[name].equals(table) for name, table in whole.tables.items() if name not in kept)
    assert part.tables["snapshots"]["block_number"].to_list()[-1] == last
    with pytest.raises(UsageError, match="lies after"):
        audit(audited.lake, last + 1)


@pytest.mark.slow
def test_state_tables_of_a_prefix_agree_with_readings(audited):
    """Credits, liquidity and bonds in the tables of a prefix's end are what the contract answered at that block."""
    readings = audited.lake.scan("readings").collect()
    blocks = readings["block_number"].unique().sort().to_list()
    for block in Random(audited.recording.name).sample(blocks, 3):
        part = readings.filter((pl.col("block_number") == block) & pl.col("value").is_not_null())
        told = {(view, arguments): value for view, arguments, value in part.select("view", "arguments", "value").rows()}
        tables = audit(audited.lake, block).tables
        values = {key: value for name, keys, columns in STATES for key, value in states(tables[name], keys, columns)}
        common = told.keys() & values.keys()
        assert common or tables["job_states"].is_empty()
        assert {key: told[key] for key in common} == {key: values[key] for key in common}


STATES = (
    (
        "job_states",
        ["job"],
        {"rewardedAt": "rewarded_at", "_jobLiquidityCredits": "credits", "_jobPeriodCredits": "period_credits"},
    ),
    ("job_liquidities", ["job", "liquidity"], {"liquidityAmount": "amount"}),
    ("job_tokens", ["job", "token"], {"jobTokenCredits": "credits"}),
    ("keeper_states", ["keeper"], {"workCompleted": "work_completed", "firstSeen": "first_seen"}),
    ("keeper_bonds", ["keeper", "token"], {"bonds": "bonded", "pendingBonds": "pending_bonds"}),
)
"""State tables, what a row is about, and the view or storage value that each column is."""


def states(table, keys, columns):
    """Every value of a state table as a reading would spell it."""
    for row in table.iter_rows(named=True):
        for view, column in columns.items():
            yield (view, ",".join(row[key] for key in keys)), str(row[column])


def test_a_block_before_the_lake_is_refused(audited):
    """There is nothing to replay before the first block."""
    with pytest.raises(UsageError, match="first block"):
        audit(audited.lake, -1)
