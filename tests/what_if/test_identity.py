"""A what-if without changes is the audit."""

from __future__ import annotations

import polars as pl
import pytest
from histories import bundled, name_of, one_a_version

from keep3r_replay.protocols.keep3r_v2.contract.snapshot import dump
from keep3r_replay.protocols.keep3r_v2.what_if.compare import compare_works, outcome
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay
from keep3r_replay.protocols.keep3r_v2.what_if.results import baselines, make_what_if
from keep3r_replay.protocols.keep3r_v2.what_if.run import what_if
from keep3r_replay.protocols.keep3r_v2.what_if.tables import result_tables
from keep3r_replay.replay.audit import state_hash

_SAME = ("block_number", "log_index", "transaction_hash", "job", "keeper", "payment", "class", "initial_gas")
_NO_PART_OF_A_WHAT_IF = {"findings", "observations", "snapshots"}
"""What an audit of the chain finds, and what it keeps to go on from."""
_MOVED = ("credits_before", "credits_after", "rewards")


@pytest.mark.parametrize("recording", bundled(), ids=name_of)
def test_the_empty_overlay_gives_the_audits_results(recording, audited_recordings, baseline_of):
    """Works, rewards, states and the hash of the state are the audit's, and no call reverts."""
    audited = audited_recordings(recording).audit
    run = what_if(baseline_of(recording), Overlay())
    tables = result_tables(run)

    for name in ("rewards", "job_states", "job_liquidities", "job_tokens", "keeper_states", "keeper_bonds"):
        assert tables[name].equals(audited.tables[name]), name
    works = audited.tables["works"]
    for name in (*_SAME, *_MOVED):
        assert tables["works"][name].equals(works[name]), name
    by_formula = works["class"].is_in(["exact", "stale_gas"]) & (tables["works"]["boost"].is_not_null())
    for name in ("boost", "one_eth_quote", "extra_gas"):
        assert tables["works"].filter(by_formula)[name].equals(works.filter(by_formula)[name]), name
    assert state_hash(dump(run.protocol.keep3r)) == audited.summary["state_hash"]
    assert tables["reverted_calls"].is_empty()
    assert set(tables["works"]["status"]) <= {"paid"}


@pytest.mark.parametrize("recording", one_a_version(), ids=name_of)
def test_without_changes_both_sides_of_the_comparison_agree(recording, baseline_of):
    """No work differs, every sum is the same on both sides, and the two part nowhere."""
    run = what_if(baseline_of(recording), Overlay())
    compared = compare_works(run, result_tables(run)["works"])
    assert not compared["differs"].any()
    assert compared["payment_difference"].cast(pl.Int128).sum() == 0
    row = outcome(run)
    assert row["parts_at_block"] is None
    for name in ("paid", "minted", "expired", "capped", "credits"):
        assert row[f"{name}_baseline"] == row[f"{name}_what_if"]


@pytest.mark.parametrize("recording", bundled(), ids=name_of)
def test_the_empty_overlay_is_the_audit_in_every_column(recording, audited_recordings, ledger_audits):
    """With the ledger too: every table that an audit makes is there, with every column of it and no other value."""
    lake = audited_recordings(recording).lake
    made = ledger_audits(recording)
    _, tables = make_what_if(baselines(lake), Overlay(), ledger=True)
    for name, table in made.tables.items():
        if name not in _NO_PART_OF_A_WHAT_IF:
            assert set(table.columns) <= set(tables[name].columns), name
            for column in table.columns:
                assert tables[name][column].equals(table[column]), f"{name}.{column}"
