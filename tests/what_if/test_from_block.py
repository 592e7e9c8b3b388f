"""Base fees and liquidity that are others from a block on."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from histories import DATA, SAMPLE, name_of, one_a_version

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.what_if.calls import SYNTHETIC
from keep3r_replay.protocols.keep3r_v2.what_if.compare import first_difference
from keep3r_replay.protocols.keep3r_v2.what_if.history import TABLES
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay, overlay_from
from keep3r_replay.protocols.keep3r_v2.what_if.results import baselines
from keep3r_replay.protocols.keep3r_v2.what_if.run import what_if
from keep3r_replay.protocols.keep3r_v2.what_if.tables import result_tables

FACTORS = ("2", "1/3", "0")
WITH_LIQUIDITY = [path for path in one_a_version() if not path.name.endswith("-nb-mining-twap")]
WITH_FEES = [path for path in one_a_version() if "-nb-" not in path.name and "v2.3s" not in path.name]
"""Recordings of works whose payments follow from base fees."""


MOVES = {TABLES.index(f"keep3r.{name}") for name in ("LiquidityAddition", "Unbonding", "JobSlashLiquidity")}
MOVES.add(TABLES.index("keep3r.JobMigrationSuccessful"))


def _late_block(baseline):
    """The first block from two thirds on in which no liquidity moves by itself."""
    blocks = baseline.history.blocks
    moving = {block for block, table in zip(blocks, baseline.history.tables, strict=True) if table in MOVES}
    return next(block for block in blocks[len(blocks) * 2 // 3 :] if block not in moving)


def _before(baseline, block):
    return (baseline.works["block_number"] < block).sum()


@pytest.mark.parametrize("recording", WITH_FEES, ids=name_of)
def test_base_fees_from_a_block_on_leave_what_was_before(recording, baseline_of):
    """Before the block boosts are what they were, from it on three times that, where bonds do not count."""
    baseline = baseline_of(recording)
    block = _late_block(baseline)
    before = _before(baseline, block)
    plainly = {"min_boost": 10_000, "max_boost": 10_000, "min_base_fee": 0, "min_priority_fee": 0}
    plain, late = (
        [
            work.boost
            for work in what_if(baseline, overlay_from({"liquidity_factor": "1000", **plainly, **each})).works.done
        ]
        for each in ({}, {"base_fee_factor": "3", "base_fee_from_block": block})
    )
    assert late[:before] == plain[:before]
    pairs = [(boost, was) for boost, was in zip(late[before:], plain[before:], strict=True) if boost and was]
    assert pairs
    assert all(boost == 3 * was for boost, was in pairs)


@pytest.mark.slow
@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("recording", WITH_LIQUIDITY, ids=name_of)
def test_liquidity_is_scaled_at_the_start_of_the_block(recording, factor, baseline_of, audited_recordings):
    """Before the block every work is the audit's; at its start each job has the factor's part of each liquidity."""
    baseline = baseline_of(recording)
    block = _late_block(baseline)
    cut = baselines(audited_recordings(recording).lake, block)[0]
    plain, run = (what_if(cut, overlay_from(each)) for each in ({}, _scaled(factor, block)))
    before = _before(baseline, block)
    assert run.works.done[:before] == plain.works.done[:before]
    held = 0
    for address, job in plain.protocol.keep3r.jobs.items():
        other = run.protocol.keep3r.jobs[address]
        for liquidity, amount in job.liquidity_amounts.items():
            assert other.liquidity_amounts[liquidity] == int(Fraction(factor) * amount)
            assert (liquidity in other.liquidities) == (other.liquidity_amounts[liquidity] > 0)
            held += amount
    assert held
    assert [call for call in run.reverted if call.log_index >= SYNTHETIC] == []
    assert run.protocol.keep3r.unbonds == plain.protocol.keep3r.unbonds


def _scaled(factor, block, job=""):
    return {"liquidity_factor": factor, "liquidity_from_block": block, "liquidity_job": job}


@pytest.mark.parametrize("recording", one_a_version(), ids=name_of)
def test_liquidity_that_comes_and_goes_later_is_scaled_too(recording, baseline_of):
    """At the end each job has the factor's part of what it had: rounded down once, and once more for each migration."""
    baseline = baseline_of(recording)
    block = _late_block(baseline)
    plain, run = (what_if(baseline, overlay_from(each)) for each in ({}, _scaled("7/3", block)))
    failed = {call.subject for call in run.reverted}
    migrations = baseline.history.tables.count(TABLES.index("keep3r.JobMigrationSuccessful"))
    for address, job in plain.protocol.keep3r.jobs.items():
        if address not in failed and not {job.pending_migration, address} & failed:
            for liquidity, amount in job.liquidity_amounts.items():
                other = run.protocol.keep3r.jobs[address].liquidity_amounts[liquidity]
                assert amount * 7 // 3 - migrations <= other <= amount * 7 // 3


@pytest.mark.parametrize("recording", one_a_version(), ids=name_of)
def test_from_the_first_block_on_is_from_the_beginning(recording, baseline_of):
    """A change that begins before anything happens is the change without a block."""
    baseline = baseline_of(recording)
    for changes in ({"liquidity_factor": "1/2"}, {"base_fee_factor": "2"}):
        name = next(iter(changes)).replace("factor", "from_block")
        states = [what_if(baseline, overlay_from(each)).protocol.state() for each in (changes, {**changes, name: 0})]
        assert states[0] == states[1]


def test_a_factor_of_one_changes_nothing_at_its_block(baseline_of):
    """Nothing is settled there, and the two sides part nowhere."""
    baseline = baseline_of(SAMPLE / "recording")
    run = what_if(baseline, Overlay(liquidity_from_block=300, base_fee_from_block=300))
    assert first_difference(run) is None
    assert run.protocol.state() == what_if(baseline, Overlay()).protocol.state()


def test_only_the_named_jobs_liquidity_is_scaled_at_the_block(baseline_of):
    """Every other job keeps what it had, to the end; the history ends before another job migrates into it."""
    baseline = baselines(baseline_of(SAMPLE / "recording").lake, 396)[0]
    job = baseline.works["job"][0]
    plain, run = (
        what_if(baseline, overlay_from(each)).protocol.keep3r for each in ({}, _scaled("3", _late_block(baseline), job))
    )
    changed = [name for name, amount in plain.jobs[job].liquidity_amounts.items() if amount]
    assert changed
    assert all(run.jobs[job].liquidity_amounts[each] == 3 * plain.jobs[job].liquidity_amounts[each] for each in changed)
    others = [address for address in plain.jobs if address != job]
    assert all(run.jobs[each].liquidity_amounts == plain.jobs[each].liquidity_amounts for each in others)


def test_the_credits_of_liquidity_that_leaves_go_with_it(baseline_of):
    """At half the liquidity the ledger removes what the other half mined, and the period's credits are half."""
    baseline = baseline_of(DATA / "open-v2.3-fuzz-mixed-101")
    block = _late_block(baseline)
    run = what_if(baseline, overlay_from(_scaled("1/2", block)), ledger=True)
    ledger = result_tables(run)["ledger"].filter(block_number=block, kind="removed")
    assert ledger.height
    assert set(ledger["operation"]) == {"JobSlashLiquidity"}
    assert all(amount < 0 for amount in ledger["amount"].to_list())


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"liquidity_factor": "2", "liquidity_from_block": 500},
        {"reward_period_time": 1000, "from_block": 500},
        {"tick_shift": 9, "market_from_block": 500},
        {"bonds": [{"keeper": "0x" + "88" * 20, "add": 5, "block": 500}], "new": ["0x" + "88" * 20]},
    ],
)
def test_a_block_after_the_replays_last_changes_nothing(changes, audited_recordings):
    """Of a replay up to a block, what is for a later one stays away; one after the lake's last block is refused."""
    lake = audited_recordings(SAMPLE / "recording").lake
    cut = baselines(lake, 400)[0]
    assert what_if(cut, overlay_from(changes)).protocol.state() == what_if(cut, Overlay()).protocol.state()
    late = json.loads(json.dumps(changes).replace("500", "5000"))
    with pytest.raises(UsageError, match="block 5000 lies after the lake's last, 590"):
        what_if(cut, overlay_from(late))
