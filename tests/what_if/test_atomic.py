"""Transactions of several works fail as one, unless their entry point was seen to tolerate failed calls."""

from __future__ import annotations

import polars as pl
import pytest
from histories import DATA

from keep3r_replay.protocols.keep3r_v2.what_if.batches import calls_within
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay, overlay_from
from keep3r_replay.protocols.keep3r_v2.what_if.run import what_if
from keep3r_replay.protocols.keep3r_v2.what_if.tables import works_table

RECORDING = DATA / "open-v2.3-fuzz-mixed-101"
BUBBLES, TOLERATES = "7a3fc79b", "e613105f"
"""Functions of the recordings' relay: one passes a revert on, one swallows it."""
POORER = {"liquidity_factor": "0.3"}


def _statuses(run):
    """Of each transaction of several works: its function, and the statuses of its works."""
    works = works_table(run).group_by("transaction_hash").agg(pl.col("selector").first(), pl.col("status"))
    several = works.filter(pl.col("status").list.len() > 1)
    return [(selector, set(statuses)) for _, selector, statuses in several.sort("transaction_hash").iter_rows()]


def test_where_one_work_reverts_all_of_its_transaction_does(baseline_of):
    """Through the function that passes reverts on, works are paid together or not at all; both kinds are there."""
    statuses = [
        each
        for selector, each in _statuses(what_if(baseline_of(RECORDING), overlay_from(POORER)))
        if selector == BUBBLES
    ]
    assert {"paid"} in statuses
    assert {"reverted"} in statuses
    assert {"paid", "reverted"} not in statuses


def test_an_entry_point_that_tolerated_a_failed_call_still_does(baseline_of):
    """Through the function that held fewer works than calls, one work is paid beside another that reverts."""
    statuses = _statuses(what_if(baseline_of(RECORDING), overlay_from(POORER)))
    assert (TOLERATES, {"paid", "reverted"}) in statuses


@pytest.mark.parametrize(("atomic", "mixed"), [("true", False), ("false", True)])
def test_it_can_be_set(atomic, mixed, baseline_of):
    """All transactions fail as one, or none does, whatever the history shows."""
    statuses = _statuses(what_if(baseline_of(RECORDING), overlay_from({**POORER, "atomic": atomic})))
    assert any(len(each) > 1 for _, each in statuses) == mixed


def test_what_reverts_with_its_transaction_has_not_happened(baseline_of):
    """Without the works that revert, the end is the same to the wei: jobs, liquidities, tokens, keepers and bonds."""
    baseline = baseline_of(RECORDING)
    run = what_if(baseline, overlay_from({**POORER, "atomic": "true"}))
    works = works_table(run)
    reverted = works.filter(pl.col("status") == "reverted")["transaction_hash"].unique().to_list()
    assert "TransactionReverted" in works["error"].to_list()
    without = what_if(baseline, overlay_from({**POORER, "drop_works": reverted, "atomic": "true"}))
    for name, table in run.states().items():
        assert table.equals(without.states()[name]), name
    assert run.sums == {key: amount for key, amount in without.sums.items() if amount or key in run.sums}


def test_without_changes_no_transaction_is_taken_back(baseline_of):
    """Whatever is said of atomicity, the history as it was has no call that reverts."""
    run = what_if(baseline_of(RECORDING), Overlay(atomic="true"))
    assert run.reverted == []
    assert {work.status for work in run.works.done} == {"paid"}


def _word(value):
    return value.to_bytes(32, "big")


CALL = _word(4) + b"\x25\xb6\x48\x8b" + bytes(28)
INPUTS = {
    "no arguments": (b"", 0),
    "an address": (_word(0x51), 0),
    "an array of addresses": (_word(32) + _word(3) + _word(7) + _word(8) + _word(9), 0),
    "an array of byte strings": (_word(32) + _word(2) + _word(64) + _word(128) + CALL + CALL, 2),
    "targets and byte strings": (
        _word(64) + _word(160) + _word(2) + _word(7) + _word(8) + _word(2) + _word(64) + _word(128) + CALL + CALL,
        2,
    ),
    "a truncated array": (_word(32) + _word(2) + _word(64), 0),
}


@pytest.mark.parametrize(("arguments", "calls"), INPUTS.values(), ids=INPUTS)
def test_calls_are_counted_by_the_shape_of_the_input(arguments, calls):
    """Elements of an array of byte strings are calls; addresses and numbers are not."""
    assert calls_within(b"\x7a\x3f\xc7\x9b" + arguments) == calls
