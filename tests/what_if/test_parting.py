"""Where a changed history parts from the true one, in whichever table that shows first."""

from __future__ import annotations

from fractions import Fraction

import polars as pl
from histories import DATA, SAMPLE

from keep3r_replay.protocols.keep3r_v2.what_if.compare import comparison_tables, outcome
from keep3r_replay.protocols.keep3r_v2.what_if.liquidity import ScaledLiquidity
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay, overlay_from
from keep3r_replay.protocols.keep3r_v2.what_if.run import what_if

RECORDING = SAMPLE / "recording"
A, B, LIQUIDITY = "0xa", "0xb", "0xl"


def test_a_bond_parts_where_it_is_given(baseline_of):
    """The keeper's bonds differ from the block of the change on, whether or not it works again."""
    baseline = baseline_of(RECORDING)
    block = baseline.history.blocks[len(baseline.history.blocks) // 2]
    keeper = baseline.works["keeper"][0]
    run = what_if(baseline, overlay_from({"bonds": [{"keeper": keeper, "add": 7, "block": block}]}))
    assert outcome(run)["parts_at_block"] == block
    keepers = comparison_tables(run)["compared_keepers"]
    assert keepers.filter(pl.col("keeper") == keeper)["parts_at_block"].to_list() == [block]


def test_a_fee_parts_at_the_first_token_credits_that_it_changes(baseline_of):
    """No work, reward or call differs there: the job's token credits do."""
    baseline = baseline_of(DATA / "open-v2.3-fuzz-mixed-101")
    fee = 30
    run = what_if(baseline, overlay_from({"fee": fee + 1}))
    additions = baseline.lake.scan("events/keep3r.TokenCreditAddition").collect().sort("block_number", "log_index")
    changed = [
        block
        for block, amount in zip(
            additions["block_number"].to_list(), additions["amount"].cast(pl.Int128).to_list(), strict=True
        )
        if amount * fee // 10_000 != amount * (fee + 1) // 10_000
    ]
    assert outcome(run)["parts_at_block"] == changed[0]


def test_a_market_that_changes_after_the_last_event_parts_at_the_end(baseline_of):
    """What views answer at the end is all that differs."""
    baseline = baseline_of(RECORDING)
    last = max(baseline.history.blocks)
    run = what_if(baseline, overlay_from({"tick_shift": 5_000, "market_from_block": last}))
    parts = outcome(run)["parts_at_block"]
    assert parts is None or parts >= last
    assert (parts is None) == all(table.equals(baseline.states[name]) for name, table in run.states().items())


def scaled(factor, job):
    """Liquidity times a factor for one job, from the beginning, with nothing held."""
    return ScaledLiquidity(Overlay(liquidity_factor=factor, liquidity_job=job), _Nothing())


class _Nothing:
    """A contract without jobs."""

    jobs: dict = {}  # noqa: RUF012 - read only


def test_what_leaves_a_mixed_liquidity_leaves_both_shares_in_proportion():
    """225 of A, twice, and 150 of B: of 600 a slash of 75 out of 375 takes a fifth, the rest takes all."""
    liquidity = scaled("2", A)
    assert liquidity.added(A, LIQUIDITY, 225) == 450
    liquidity.migrated(A, B)
    assert liquidity.added(B, LIQUIDITY, 150) == 150
    assert liquidity.removed(B, LIQUIDITY, 75) == 120
    assert liquidity.added(B, LIQUIDITY, 10) == 10
    assert liquidity.removed(B, LIQUIDITY, 310) == 490


def test_what_was_all_of_it_stays_all_of_it_after_an_addition_that_reverts():
    """100 at a third, 50 more that revert, 60 out: 20 leave; the other 90 of the history are all that is left."""
    liquidity = scaled("1/3", "")
    assert liquidity.added(A, LIQUIDITY, 100) == 33
    before = liquidity.savepoint()
    assert liquidity.added(A, LIQUIDITY, 50) == 17
    liquidity.restore(before)
    assert liquidity.removed(A, LIQUIDITY, 60) == 20
    assert liquidity.removed(A, LIQUIDITY, 90) == 13
    assert Fraction(20 + 13) == 33
