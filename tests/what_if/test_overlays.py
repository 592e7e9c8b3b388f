"""What-ifs whose outcome is worked out by hand."""

from __future__ import annotations

import polars as pl
import pytest
from histories import DATA, SAMPLE

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay, overlay_from
from keep3r_replay.protocols.keep3r_v2.what_if.run import what_if
from keep3r_replay.protocols.keep3r_v2.what_if.tables import result_tables

RECORDING = SAMPLE / "recording"
DAY = 86_400


def _rows(run):
    works = result_tables(run)["works"]
    return works.with_columns(pl.col(pl.Decimal).cast(pl.Int128)).to_dicts()


def _audited(baseline):
    return baseline.works.with_columns(pl.col(pl.Decimal).cast(pl.Int128)).to_dicts()


def test_a_doubled_base_fee_doubles_the_boost_of_the_first_payment(baseline_of):
    """Without a priority fee the first exact payment is by twice the boost, cut as the contract cuts."""
    baseline = baseline_of(RECORDING)
    place, audited = next((n, row) for n, row in enumerate(_audited(baseline)) if row["class"] == "exact")
    plain, doubled = (
        _rows(what_if(baseline, Overlay(base_fee_factor=factor, min_base_fee=0, min_priority_fee=0)))[place]
        for factor in ("1", "2")
    )
    gas = audited["initial_gas"] - audited["gas_left"] + audited["extra_gas"]
    assert doubled["boost"] == 2 * plain["boost"]
    assert doubled["payment"] == gas * doubled["boost"] // 10_000 * audited["one_eth_quote"] // 10**18


@pytest.mark.parametrize("name", ["open-v2.0-fuzz-gov-102", "open-v2.1-fuzz-dense-104"])
def test_where_gas_is_bounded_a_payment_is_scaled(name, baseline_of):
    """2.0 and 2.1: at three times the base fee the first payment by the formula is exactly three times as much."""
    baseline = baseline_of(DATA / name)
    audited = _audited(baseline)
    place = next(n for n, row in enumerate(audited) if row["class"] == "interval" and row["payment"])
    row = _rows(what_if(baseline, Overlay(base_fee_factor="3", liquidity_factor="1000")))[place]
    assert row["payment"] == 3 * audited[place]["payment"]


def test_floor_and_cap_bound_the_base_fee():
    """The factor comes first and cuts, then the floor, then the cap."""
    overlay = Overlay(base_fee_factor="1/3", base_fee_floor=10, base_fee_cap=20)
    assert [overlay.base_fee(fee) for fee in (3, 44, 300)] == [10, 14, 20]


def test_doubled_liquidity_doubles_what_a_period_mines(baseline_of):
    """Every predicted reward's period credits are twice the chain's, up to one wei a liquidity that was rounded."""
    run = what_if(baseline_of(RECORDING), Overlay(liquidity_factor="2"))
    rewards = result_tables(run)["rewards"].with_columns(pl.col(pl.Decimal).cast(pl.Int128))
    both = rewards.filter(pl.col("expected_period_credits").is_not_null() & pl.col("period_credits").is_not_null())
    assert both.height > 50
    pairs = both.select("expected_period_credits", "period_credits").rows()
    assert all(0 <= expected - 2 * chain <= 16 for expected, chain in pairs)


def test_only_the_named_jobs_liquidity_is_scaled(baseline_of):
    """No work of another job reverts, whose credits do not depend on it."""
    baseline = baseline_of(RECORDING)
    job = baseline.works["job"][0]
    rows = _rows(what_if(baseline, Overlay(liquidity_factor="0", liquidity_job=job, atomic="false")))
    reverted = {row["job"] for row in rows if row["status"] == "reverted"}
    assert reverted == {job}


def test_a_dropped_work_is_not_paid(baseline_of):
    """Without the last work of the history its keeper has so much less, and its job so much more."""
    baseline = baseline_of(RECORDING)
    works = [row for row in _audited(baseline) if row["class"] != "token_payment"]
    hashes = [row["transaction_hash"] for row in works]
    last = next(
        row
        for n, row in reversed(list(enumerate(works)))
        if hashes.count(row["transaction_hash"]) == 1
        and row["keeper"] not in {each["keeper"] for each in works[n + 1 :]}
    )
    plain = what_if(baseline, Overlay())
    run = what_if(baseline, Overlay(drop_works=[last["transaction_hash"]]))
    row = next(row for row in _rows(run) if row["transaction_hash"] == last["transaction_hash"])
    assert (row["status"], row["payment"], row["credits_after"]) == ("dropped", 0, row["credits_before"])
    earned = [each.protocol.keep3r.keepers[last["keeper"]].work_completed for each in (plain, run)]
    assert earned[0] - earned[1] == last["payment"]


def test_a_dropped_share_is_spread_evenly(baseline_of):
    """Of every three works in a row, one third drops one."""
    rows = _rows(what_if(baseline_of(RECORDING), Overlay(drop_share="1/3")))
    dropped = [row["status"] == "dropped" for row in rows]
    assert sum(dropped) == len(rows) // 3
    assert all(sum(dropped[start : start + 3]) == 1 for start in range(0, len(rows) - 2, 3))


def test_added_works_pay_their_keeper(baseline_of):
    """A new keeper has exactly what its added works were paid, each so long after the one before."""
    baseline = baseline_of(RECORDING)
    job, keeper = baseline.works["job"][0], "0x" + "77" * 20
    entry = {"job": job, "keeper": keeper, "every": DAY, "payment": 10**12, "validates": False}
    run = what_if(baseline, overlay_from({"add_works": [entry], "new": [keeper]}))
    added = [row for row in _rows(run) if row["keeper"] == keeper]
    paid = [row for row in added if row["status"] == "added"]
    assert len(paid) > 50
    assert {row["timestamp"] - added[0]["timestamp"] for row in added} == {DAY * n for n in range(len(added))}
    token = run.protocol.keep3r.parameters.keep3r_v1
    assert run.protocol.keep3r.keepers[keeper].bonds[token] == 10**12 * len(paid)
    assert all(row["error"] for row in added if row["status"] == "reverted")


def test_a_bond_raises_the_boost_of_its_keeper_alone(baseline_of):
    """The first exact payment of a keeper with the target bond is by the greatest boost; other keepers' stay."""
    baseline = baseline_of(RECORDING)
    audited = _audited(baseline)
    place, first = next((n, row) for n, row in enumerate(audited) if row["class"] == "exact")
    boosts = {"min_boost": 10_000, "max_boost": 20_000, "target_bond": 10**24, "liquidity_factor": "4"}
    plain = _rows(what_if(baseline, overlay_from(boosts)))
    rows = _rows(what_if(baseline, overlay_from({**boosts, "bond_keeper": first["keeper"], "bond_add": 10**24})))
    fee, rest = divmod(rows[place]["boost"], 20_000)
    assert rest == 0
    assert 10_000 * fee <= plain[place]["boost"] < 10_010 * fee
    others = [n for n, row in enumerate(audited) if row["keeper"] != first["keeper"] and row["class"] == "exact"]
    assert all(rows[n]["payment"] == plain[n]["payment"] for n in others)


def test_a_parameter_from_a_block_on_is_as_it_was_before(baseline_of):
    """Payments part at the first formula payment from that block on, and not before."""
    baseline = baseline_of(RECORDING)
    audited = _audited(baseline)
    exact = [n for n, row in enumerate(audited) if row["class"] == "exact"]
    block = audited[exact[20]]["block_number"]
    rows = _rows(what_if(baseline, Overlay(work_extra_gas=10**6, from_block=block)))
    before = [n for n, row in enumerate(audited) if row["block_number"] < block]
    assert all(rows[n]["payment"] == audited[n]["payment"] for n in before)
    assert rows[exact[20]]["payment"] != audited[exact[20]]["payment"]
    assert rows[exact[20]]["extra_gas"] == 10**6


@pytest.mark.slow
def test_a_pinned_parameter_outlasts_governance(baseline_of):
    """Of a history in which governance sets the fee, a pinned one stays to the end, an unpinned one goes."""
    baseline = baseline_of(DATA / "open-v2.2-fuzz-gov-102")
    pinned = what_if(baseline, Overlay(work_extra_gas=77)).protocol.keep3r
    loose = what_if(baseline, Overlay(work_extra_gas=77, pinned=False)).protocol.keep3r
    values = [{helper.parameters.work_extra_gas for helper in keep3r.helpers.values()} for keep3r in (pinned, loose)]
    assert values[0] == {77}
    assert values[1] != {77}


def test_a_shifted_market_shifts_every_average(baseline_of):
    """Over any window the tick cumulative gains the shift for every second more than it did."""
    baseline = baseline_of(RECORDING)
    plain, shifted = (what_if(baseline, Overlay(tick_shift=shift)).protocol for shift in (0, -321))
    now = plain.context.now
    for address, pool in plain.keep3r.pools.items():
        other = shifted.keep3r.pools[address]
        gains = [each.tick_cumulative(now) - each.tick_cumulative(now - DAY) for each in (pool, other)]
        assert gains[1] - gains[0] == -321 * DAY


def test_a_market_scaled_late_is_the_true_one_before(baseline_of):
    """Works before the block of the change are paid as they were."""
    baseline = baseline_of(RECORDING)
    audited = _audited(baseline)
    block = audited[100]["block_number"]
    rows = _rows(what_if(baseline, Overlay(tick_scale="1.2", market_from_block=block)))
    assert all(row["payment"] == was["payment"] for row, was in zip(rows[:100], audited[:100], strict=True))
    assert any(row["payment"] != was["payment"] for row, was in zip(rows, audited, strict=True))


@pytest.mark.parametrize(
    "values",
    [
        {"nonsense": 1},
        {"liquidity_factor": "-1"},
        {"liquidity_factor": "a"},
        {"drop_share": "1.5"},
        {"expiry": "never"},
        {"reward_period_time": 0},
        {"bond_add": 5},
        {"bonds": [{"keeper": "0x1"}]},
        {"add_works": [{"job": "0x1", "keeper": "0x2", "every": 0, "gas": 1}]},
        {"liquidity": [{"job": "0x1"}]},
        {"fee": "a"},
    ],
)
def test_a_change_that_makes_no_sense_is_refused_in_one_line(values):
    """Each raises a usage error that names the field."""
    with pytest.raises(UsageError) as refused:
        overlay_from(values)
    assert next(iter(values)) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_work_that_does_not_exist_cannot_be_dropped(baseline_of):
    """A hash that the history does not hold is a usage error, not a silent nothing."""
    with pytest.raises(UsageError, match="no work of the history; the nearest name is 0x"):
        what_if(baseline_of(RECORDING), Overlay(drop_works=["0xabc"]))


def test_liquidity_comes_and_goes_at_its_block(baseline_of):
    """What is added stands in the job's liquidity at the end; what is unbonded is missing there, and pends."""
    baseline = baseline_of(RECORDING)
    plain = what_if(baseline, Overlay()).protocol.keep3r
    job = next(address for address in plain.job_list if plain.jobs[address].liquidities)
    liquidity = plain.jobs[job].liquidities.values()[0]
    held = plain.jobs[job].liquidity_amounts[liquidity]
    last = baseline.works["block_number"][-1]
    for amount in (held // 3, -(held // 3)):
        entry = {"job": job, "liquidity": liquidity, "amount": amount, "block": last}
        run = what_if(baseline, overlay_from({"liquidity": [entry]}), ledger=True)
        keep3r = run.protocol.keep3r
        assert run.reverted == []
        assert keep3r.jobs[job].liquidity_amounts[liquidity] == held + amount
        gone = keep3r.unbonds[job, liquidity].pending - plain.unbonds[job, liquidity].pending
        assert gone == max(0, -amount)


def test_more_than_there_is_cannot_be_unbonded(baseline_of):
    """The call reverts as a whole, is reported at its block, and leaves everything as it was."""
    baseline = baseline_of(RECORDING)
    plain = what_if(baseline, Overlay()).protocol.keep3r
    job = next(address for address in plain.job_list if plain.jobs[address].liquidities)
    liquidity = plain.jobs[job].liquidities.values()[0]
    last = baseline.works["block_number"][-1]
    entry = {"job": job, "liquidity": liquidity, "amount": -(10**30), "block": last}
    run = what_if(baseline, overlay_from({"liquidity": [entry]}))
    assert [(call.block_number, call.subject, call.error) for call in run.reverted] == [
        (last, job, "JobLiquidityInsufficient")
    ]
    assert run.protocol.state() == what_if(baseline, Overlay()).protocol.state()


def test_a_bond_can_be_set_at_a_block(baseline_of):
    """A keeper that nobody knows has exactly the bond that it is given, from that block on."""
    baseline = baseline_of(RECORDING)
    keeper = "0x" + "88" * 20
    run = what_if(baseline, overlay_from({"bonds": [{"keeper": keeper, "set": 5, "block": 300}], "new": [keeper]}))
    keep3r = run.protocol.keep3r
    assert keep3r.keepers[keeper].bonds[keep3r.parameters.keep3r_v1] == 5
    assert all(work.status == "paid" for work in run.works.done)
