"""What an overlay may not say is refused in one line; what the contract refuses reverts with its error."""

from __future__ import annotations

import polars as pl
import pytest
from histories import DATA, SAMPLE

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay, overlay_from
from keep3r_replay.protocols.keep3r_v2.what_if.results import make_what_if, result_tables
from keep3r_replay.protocols.keep3r_v2.what_if.run import what_if

RECORDING = SAMPLE / "recording"
NOBODY = "0x" + "77" * 20
WORK = {"job": "0x" + "11" * 20, "keeper": NOBODY, "every": 86_400}


@pytest.mark.parametrize(
    "values",
    [
        {"add_works": [{**WORK, "gas": -1}]},
        {"add_works": [{**WORK, "payment": -1}]},
        {"add_works": [{**WORK, "gas": 10**90}]},
        {"add_works": [{**WORK, "gas": True}]},
        {"add_works": [{**WORK, "gas": 1, "validates": 1}]},
        {"fee": 1 << 256},
        {"tick_shift": 10**9},
        {"liquidity_factor": "1e999999"},
        {"liquidity_factor": "\u0663"},
        {"base_fee_factor": "\u00bd"},
        {"drop_share": "1/0"},
        {"market_offset": "\u0661\u0662", "market_pool": NOBODY},
        {"atomic": "maybe"},
        {"bonds": [{"keeper": NOBODY, "set": -5}]},
        {"base_fee_floor": 2, "base_fee_cap": 1},
        {"base_fee_cap": -1},
    ],
    ids=str,
)
def test_values_out_of_range_are_refused_by_name(values):
    """Negative gas, more than 256 bits, digits that are not ASCII: one line that names the change."""
    with pytest.raises(UsageError) as refused:
        overlay_from(values)
    assert next(iter(values)) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"liquidity_job": NOBODY, "liquidity_factor": "2"}, "liquidity_job"),
        ({"drop_job": NOBODY, "drop_share": "1"}, "drop_job"),
        ({"bond_keeper": NOBODY, "bond_add": 1}, "bond_keeper"),
        ({"bonds": [{"keeper": NOBODY, "add": 1}]}, "bonds.keeper"),
        ({"liquidity": [{"job": NOBODY, "liquidity": "0x45", "amount": 1, "block": 300}]}, "liquidity.job"),
        ({"liquidity": [{"job": "0x6894", "liquidity": NOBODY, "amount": 1, "block": 300}]}, "liquidity.liquidity"),
        ({"add_works": [{**WORK, "gas": 1}]}, "add_works.job"),
        ({"add_works": [{**WORK, "job": "0x6894", "gas": 1}]}, "add_works.keeper"),
        ({"drop_works": ["0xabc"]}, "drop_works"),
        ({"bond_keeper": "0x", "bond_add": 1}, "bond_keeper"),
        ({"from_block": 10**6, "fee": 1}, "from_block"),
        ({"bonds": [{"keeper": "0xdce6", "add": 1, "block": 10**6}]}, "bonds"),
        (
            {"add_works": [{"job": "0x6894", "keeper": "0xdce6", "every": 9, "gas": 1, "from_block": 10**6}]},
            "add_works",
        ),
    ],
    ids=str,
)
def test_whom_the_history_does_not_know_is_refused(values, names, baseline_of):
    """A job, keeper, liquidity, transaction or block that the lake does not hold: one line, the nearest name in it."""
    with pytest.raises(UsageError) as refused:
        what_if(baseline_of(RECORDING), overlay_from(values))
    text = str(refused.value)
    assert names in text
    assert "block" in text or "0x" in text.partition(NOBODY)[2] or "0x" in text
    assert "\n" not in text


@pytest.mark.slow
def test_an_address_goes_by_its_beginning(baseline_of):
    """A unique beginning is the address."""
    baseline = baseline_of(RECORDING)
    keeper = baseline.works["keeper"][0]
    states = [
        what_if(baseline, overlay_from({"bond_keeper": name, "bond_add": 10**20})).protocol.state()
        for name in (keeper, keeper[:8])
    ]
    assert states[0] == states[1]


@pytest.mark.slow
@pytest.mark.parametrize("fee", [10_001, 10**30])
def test_a_fee_above_the_whole_reverts_as_the_subtraction_does(fee, baseline_of):
    """Token credits are received less the fee: above 10,000 parts that is below 0, and the addition panics."""
    baseline = baseline_of(DATA / "open-v2.3-fuzz-gov-102")
    run = what_if(baseline, overlay_from({"fee": fee}))
    additions = [call for call in run.reverted if call.call == "TokenCreditAddition"]
    made = baseline.lake.scan("events/keep3r.TokenCreditAddition").filter(pl.col("amount") > 0).collect()
    assert made.height
    assert [(call.block_number, call.error) for call in additions] == [
        (block, "Panic(0x11)") for block in made["block_number"]
    ]
    assert all(amount >= 0 for job in run.protocol.keep3r.jobs.values() for amount in job.token_credits.values())


def test_somebody_who_is_no_keeper_fails_the_jobs_validation(baseline_of):
    """Every work that is added for a stranger reverts at the job's question, unless the job does not ask."""
    baseline = baseline_of(RECORDING)
    job = baseline.works["job"][0]
    entry = {"job": job, "keeper": NOBODY, "every": 86_400, "payment": 1}
    runs = [
        what_if(baseline, overlay_from({"new": [NOBODY], "add_works": [{**entry, **more}]}))
        for more in ({}, {"validates": False})
    ]
    assert {work.done.error for work in runs[0].works.added} == {"KeeperInvalid"}
    assert runs[0].protocol.keep3r.keepers[NOBODY].bonds == {}
    assert any(work.done.status == "added" for work in runs[1].works.added)


@pytest.mark.slow
def test_nobody_works_for_a_job_that_is_not_listed_yet(baseline_of):
    """Added works begin with the job: none is counted before its JobAddition, none reverts as unapproved."""
    baseline = baseline_of(RECORDING)
    additions = baseline.lake.scan("events/keep3r.JobAddition").group_by("job").agg(pl.col("block_number").min())
    listed = dict(additions.collect().iter_rows())
    job = max(listed, key=lambda each: listed[each])
    keeper = baseline.works["keeper"][0]
    first = min(baseline.history.blocks)
    assert first < listed[job]
    run = what_if(baseline, overlay_from({"add_works": [{"job": job, "keeper": keeper, "every": 3_600, "payment": 0}]}))
    assert run.works.added
    assert min(work.block_number for work in run.works.added) >= listed[job]
    assert "JobUnapproved" not in {work.done.error for work in run.works.added}


def test_pools_at_extreme_ticks_make_calls_revert(baseline_of):
    """A market shifted beyond any price is no internal error: quotes fail, and what needs them reverts."""
    run = what_if(baseline_of(RECORDING), overlay_from({"tick_shift": 900_000}))
    assert {"Error(T)"} <= {work.error for work in run.works.done} | {call.error for call in run.reverted}


def test_amounts_beyond_the_tables_are_refused_in_one_line(baseline_of):
    """Credits of more than 38 digits can not be written; the line says so."""
    with pytest.raises(UsageError, match="38 digits") as refused:
        make_what_if([baseline_of(RECORDING)], overlay_from({"liquidity_factor": "1e25"}))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "values",
    [
        {"bonds": [{"keeper": "KEEPER", "add": -(10**30)}]},
        {"bonds": [{"keeper": "KEEPER", "add": -(10**30), "block": 300}]},
        {"bonds": [{"keeper": "KEEPER", "set": 7, "block": 300}, {"keeper": "KEEPER", "add": -8, "block": 300}]},
        {
            "bonds": [
                {"keeper": "KEEPER", "set": 7, "block": 300},
                {"keeper": "KEEPER", "add": 2**256 - 7, "block": 300},
            ]
        },
        {"bond_keeper": "KEEPER", "bond_add": -1},
    ],
    ids=str,
)
def test_a_bond_that_cannot_be_is_refused(values, baseline_of):
    """More is not taken from a keeper than it has, and no bond has more than 256 bits: the keeper is told by name."""
    baseline = baseline_of(RECORDING)
    keeper = baseline.works["keeper"][0]
    named = {
        name: keeper
        if value == "KEEPER"
        else [{**each, "keeper": keeper} for each in value]
        if name == "bonds"
        else value
        for name, value in values.items()
    }
    with pytest.raises(UsageError, match=f"overlay.bonds: {keeper} has") as refused:
        what_if(baseline, overlay_from(named))
    assert "\n" not in str(refused.value)


def test_a_bond_may_be_taken_whole(baseline_of):
    """What a keeper has may be taken to the last wei."""
    baseline = baseline_of(RECORDING)
    keeper = baseline.works["keeper"][0]
    block = baseline.history.blocks[-1]
    entries = [{"keeper": keeper, "set": 7, "block": block}, {"keeper": keeper, "add": -7, "block": block}]
    keep3r = what_if(baseline, overlay_from({"bonds": entries})).protocol.keep3r
    assert keep3r.keepers[keeper].bonds[keep3r.parameters.keep3r_v1] == 0


@pytest.mark.parametrize(
    "changes",
    [{"tick_shift": 880_000}, {"liquidity_factor": "5000000000000000000"}, {"liquidity_factor": "9999999999999999999"}],
    ids=str,
)
def test_amounts_beyond_every_table_are_refused_by_name(changes, baseline_of):
    """Above 38 digits, and above 127 bits, too: one line that names the column."""
    with pytest.raises(UsageError, match="more than 38 digits"):
        result_tables(what_if(baseline_of(RECORDING), overlay_from(changes)))


def test_a_factor_too_long_is_said_to_be():
    """A number of 45 digits is a number, which the error does not deny."""
    with pytest.raises(UsageError, match="liquidity_factor: more than 30 digits"):
        overlay_from({"liquidity_factor": "1" + "0" * 44})


def test_somebody_new_goes_by_a_beginning_too(baseline_of):
    """Who was said to be new is found by the beginning of the address, as everybody is."""
    baseline = baseline_of(RECORDING)
    new = "0xabcd" + "cd" * 18
    job = baseline.works["job"][0]
    added = [{"job": job, "keeper": "0xabcd", "every": 30 * 86_400, "gas": 100_000}]
    run = what_if(baseline, overlay_from({"new": [new], "add_works": added}))
    assert {work.keeper for work in run.works.added} == {new}


@pytest.mark.parametrize("name", ["bond_time", "unbond_time", "reward_period_time"])
def test_times_that_no_table_holds_are_refused_by_name(name):
    """A length of 2^62 seconds and more is none that a time may be made with."""
    assert Overlay(**{name: 2**62 - 1}).parameters() == {name: 2**62 - 1}
    with pytest.raises(UsageError, match=rf"overlay\.{name}=.*: more than 2\^62 seconds"):
        Overlay(**{name: 2**62})


def test_gas_beyond_the_arithmetic_is_a_panic(baseline_of):
    """A work whose product has more than 256 bits reverts with Panic(0x11), as checked arithmetic does.

    Where the helper divides by a target of 0 before, that is its error.
    """
    base = baseline_of(SAMPLE / "recording")
    job, keeper = base.works["job"][0], base.works["keeper"][0]
    entry = {"job": job, "keeper": keeper, "every": 86_400, "gas": 2**256 - 1, "validates": False}
    added = what_if(base, overlay_from({"add_works": [entry]})).works.added
    assert {work.done.error for work in added} - {"JobDisputed", "Panic(0x12)"} == {"Panic(0x11)"}
