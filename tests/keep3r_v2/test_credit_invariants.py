"""What holds for credits whatever happens, on random histories of small contracts."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import (
    DAY,
    ETHER,
    JOB,
    KEEPER,
    LIQUIDITY,
    PERIOD,
    POOL,
    SECOND_LIQUIDITY,
    SECOND_POOL,
    START,
    TARGET,
    keep3r,
    with_job,
)

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.contract.credits import settle, update_if_needed
from keep3r_replay.protocols.keep3r_v2.contract.job_liquidity import unbond_liquidity_from_job
from keep3r_replay.protocols.keep3r_v2.contract.jobs import accept_job_migration, add_token_credits_to_job, migrate_job
from keep3r_replay.protocols.keep3r_v2.contract.snapshot import dump_job
from keep3r_replay.protocols.keep3r_v2.contract.versions import RULES
from keep3r_replay.protocols.keep3r_v2.contract.work import bonded_payment

TOKEN = "0x" + "7" * 40
AMOUNTS = st.integers(4 * ETHER, 10**6 * ETHER)
STEP = st.tuples(
    st.integers(1, 3 * PERIOD),
    st.sampled_from(["work", "add", "unbond", "swap", "settle"]),
    st.integers(0, 10**4),
    st.sampled_from([LIQUIDITY, SECOND_LIQUIDITY]),
)
HISTORIES = st.tuples(st.sampled_from(sorted(RULES)), AMOUNTS, st.lists(STEP, max_size=12))


def apply(world, step, now, share, liquidity):
    """One step; a revert leaves the state as it was, as on the chain."""
    job = world.jobs[JOB]
    if step == "work":
        payment = job.period_credits * share // 10**4
        bonded_payment(world, JOB, KEEPER, payment, now)
    elif step == "add":
        with_job(world, now, (share + 40) * ETHER // 10, JOB, liquidity)
    elif step == "unbond":
        unbond_liquidity_from_job(world, JOB, liquidity, job.liquidity_amounts[liquidity] * share // 10**4, now)
    elif step == "swap":
        world.pools[POOL if liquidity == LIQUIDITY else SECOND_POOL].swap(now, 2**96, 1, share - 5_000)
    else:
        settle(world, job, now)


def told(history):
    """The contracts after each step of a history, with the time."""
    version, amount, steps = history
    world, now = keep3r(version), START
    with_job(world, now, amount)
    yield world, now
    for seconds, step, share, liquidity in steps:
        now += seconds
        attempt = deepcopy(world)
        try:
            apply(attempt, step, now, share, liquidity)
        except Revert:
            continue
        world = attempt
        yield world, now


@pytest.mark.slow
@settings(max_examples=150)
@given(HISTORIES)
def test_credits_are_never_negative(history):
    """Credits, period credits and liquidity stay at or above zero."""
    for world, _ in told(history):
        job = world.jobs[JOB]
        assert job.credits >= 0
        assert job.period_credits >= 0
        assert all(amount >= 0 for amount in job.liquidity_amounts.values())


@pytest.mark.slow
@settings(max_examples=150)
@given(HISTORIES, st.integers(0, 3 * PERIOD))
def test_settling_twice_at_one_time_is_settling_once(history, later):
    """The second settling within one timestamp changes nothing, and leaves no more than a period's credits."""
    *_, (world, now) = told(history)
    job = world.jobs[JOB]
    try:
        settle(world, job, now + later)
    except Revert:
        return
    once = dump_job(job)
    settle(world, job, now + later)
    assert dump_job(job) == once
    assert job.credits <= job.period_credits


@pytest.mark.slow
@settings(max_examples=150)
@given(HISTORIES, st.integers(0, 3 * PERIOD))
def test_an_update_brings_the_job_into_the_period(history, later):
    """After an update the job was rewarded within a period of now, and the next update does nothing."""
    *_, (world, now) = told(history)
    now += later
    job = world.jobs[JOB]
    try:
        rewarded = update_if_needed(world, job, now)
    except Revert:
        return
    assert now - job.rewarded_at <= 2 * PERIOD
    if rewarded:
        assert job.credits == job.period_credits
        assert not update_if_needed(world, job, now)


@pytest.mark.slow
@settings(max_examples=150)
@given(HISTORIES, HISTORIES, st.integers(60, 2 * PERIOD), st.integers(0, 10**20))
def test_a_migration_conserves_everything_to_the_wei(history, other, wait, tokens):
    """What both settled jobs had in credits, liquidity and tokens the target has afterwards; the source has none."""
    *_, (world, now) = told(history)
    _, amount, _ = other
    with_job(world, now, amount, TARGET)
    with_job(world, now, amount, TARGET, SECOND_LIQUIDITY)
    for address in (JOB, TARGET):
        add_token_credits_to_job(world, address, TOKEN, tokens, now)
    migrate_job(world, JOB, TARGET, now)
    now += wait
    settled = deepcopy(world)
    try:
        settle(settled, settled.jobs[JOB], now)
        settle(settled, settled.jobs[TARGET], now)
    except Revert:
        with pytest.raises(Revert):
            accept_job_migration(world, JOB, TARGET, now)
        return
    accept_job_migration(world, JOB, TARGET, now)
    source, target = world.jobs[JOB], world.jobs[TARGET]
    before = (settled.jobs[JOB], settled.jobs[TARGET])
    assert target.credits == sum(job.credits for job in before)
    assert target.period_credits == sum(job.period_credits for job in before)
    for liquidity in (LIQUIDITY, SECOND_LIQUIDITY):
        assert target.liquidity_amounts[liquidity] == sum(job.liquidity_amounts[liquidity] for job in before)
        assert source.liquidity_amounts[liquidity] == 0
    assert target.token_credits[TOKEN] == 2 * (tokens - tokens * 30 // 10_000)
    assert (source.credits, source.period_credits, source.rewarded_at) == (0, 0, 0)
    assert JOB not in world.job_list
    assert len(source.liquidities) == len(source.tokens) == 0


def test_a_migration_waits_a_minute():
    """Before sixty seconds the migration is locked."""
    world = keep3r()
    with_job(world, START)
    with_job(world, START, address=TARGET)
    migrate_job(world, JOB, TARGET, START + DAY)
    with pytest.raises(Revert) as raised:
        accept_job_migration(world, JOB, TARGET, START + DAY + 59)
    assert raised.value.name == "JobMigrationLocked"
    accept_job_migration(world, JOB, TARGET, START + DAY + 60)
