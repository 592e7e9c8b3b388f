"""What holds in every version, whatever keepers and jobs do."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import DAY, ETHER, JOB, KEEPER, KP3R, LIQUIDITY, OWNER, PERIOD, POOL, START, keep3r, with_job

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.contract import disputes, keepers
from keep3r_replay.protocols.keep3r_v2.contract.credits import refresh_period_credits, settle
from keep3r_replay.protocols.keep3r_v2.contract.disputes import dispute, resolve
from keep3r_replay.protocols.keep3r_v2.contract.versions import RULES
from keep3r_replay.protocols.keep3r_v2.contract.views import (
    job_liquidity_credits,
    job_period_credits,
    total_job_credits,
)
from keep3r_replay.protocols.keep3r_v2.contract.work import bonded_payment

STEP = st.tuples(
    st.integers(1, 20 * DAY),
    st.sampled_from(["bond", "activate", "unbond", "withdraw", "pay", "slash", "revoke"]),
    st.integers(0, 10 * ETHER),
)
VERSIONS = st.sampled_from(sorted(RULES))


@pytest.mark.slow
@settings(max_examples=200)
@given(VERSIONS, st.lists(STEP, max_size=25))
def test_bonds_are_activations_and_payments_less_unbondings_and_slashes(version, steps):
    """After any calls the keeper's KP3R bonds equal what went in less what went out; totalBonds follows its rule."""
    world, now = keep3r(version), START
    world.slashers[OWNER] = world.disputers[OWNER] = None
    with_job(world, now, 10**6 * ETHER)
    went = dict.fromkeys(("activated", "paid", "unbonded", "slashed", "withdrawn"), 0)
    for seconds, step, amount in steps:
        now += seconds
        attempt = deepcopy(world)
        try:
            moved = act(attempt, step, amount, now)
        except Revert:
            continue
        world = attempt
        for name, value in moved.items():
            went[name] += value
    bonds = world.keepers[KEEPER].bonds[KP3R]
    assert bonds == went["activated"] + went["paid"] - went["unbonded"] - went["slashed"]
    assert world.keepers[KEEPER].work_completed == went["paid"]
    if RULES[version].has_total_bonds:
        assert world.total_bonds == went["activated"] + went["paid"] - went["withdrawn"]


def act(world, step, amount, now):
    """One call, and the KP3R that it moved into or out of the keeper's bonds."""
    if step == "bond":
        keepers.bond(world, KEEPER, KP3R, amount, now)
    elif step == "activate":
        return {"activated": keepers.activate(world, KEEPER, KP3R, now)}
    elif step == "unbond":
        keepers.unbond(world, KEEPER, KP3R, amount, now)
        return {"unbonded": amount}
    elif step == "withdraw":
        return {"withdrawn": keepers.withdraw(world, KEEPER, KP3R, now)}
    elif step == "pay":
        bonded_payment(world, JOB, KEEPER, amount, now)
        return {"paid": amount}
    else:
        dispute(world, KEEPER, OWNER)
        before = world.keepers[KEEPER].bonds[KP3R]
        if step == "slash":
            disputes.slash(world, KEEPER, KP3R, OWNER, amount, 0)
        else:
            disputes.revoke(world, KEEPER, OWNER)
        resolve(world, KEEPER, OWNER)
        return {"slashed": before - world.keepers[KEEPER].bonds[KP3R]}
    return {}


@pytest.mark.slow
@settings(max_examples=150)
@given(VERSIONS, st.lists(st.tuples(st.integers(1, 2 * PERIOD), st.integers(-5_000, 5_000)), max_size=8))
def test_view_and_storage_agree_after_a_transition_that_touches_both(version, swaps):
    """Right after a settling the views answer what storage holds: period credits, and the credits in full."""
    world, now = keep3r(version), START
    with_job(world, now)
    job = world.jobs[JOB]
    for seconds, tick in swaps:
        now += seconds
        world.pools[POOL].swap(now, 2**96, 1, tick)
        attempt = deepcopy(world)
        try:
            settle(attempt, attempt.jobs[JOB], now)
        except Revert:
            continue
        world, job = attempt, attempt.jobs[JOB]
        refresh_period_credits(world, job, now)
        stored = min(job.credits, job.period_credits)
        job.credits = stored
        assert job_period_credits(world, job, now) == job.period_credits
        if job.period_credits:
            assert job_liquidity_credits(world, job, now) == job.credits
            assert total_job_credits(world, job, now) == job.credits


def test_until_2_1_a_withdrawal_of_nothing_can_follow():
    """2.0 and 2.1 keep the time of withdrawal, so that a second withdrawal of 0 passes; later versions refuse it."""
    for version in sorted(RULES):
        world = keep3r(version)
        keepers.bond(world, KEEPER, KP3R, ETHER, START)
        keepers.activate(world, KEEPER, KP3R, START + 4 * DAY)
        keepers.unbond(world, KEEPER, KP3R, ETHER, START + 5 * DAY)
        assert keepers.withdraw(world, KEEPER, KP3R, START + 20 * DAY) == ETHER
        if version in {"2.0", "2.1"}:
            assert keepers.withdraw(world, KEEPER, KP3R, START + 20 * DAY) == 0
        else:
            with pytest.raises(Revert, match="UnbondsUnexistent"):
                keepers.withdraw(world, KEEPER, KP3R, START + 20 * DAY)


def test_only_2_2_clears_the_time_of_activation():
    """Only 2.2 refuses a second activation; the others let a revoked keeper re-enter without a new bond."""
    for version in sorted(RULES):
        world = keep3r(version)
        keepers.bond(world, KEEPER, KP3R, ETHER, START)
        keepers.activate(world, KEEPER, KP3R, START + 4 * DAY)
        if version == "2.2":
            with pytest.raises(Revert, match="BondsUnexistent"):
                keepers.activate(world, KEEPER, KP3R, START + 5 * DAY)
        else:
            assert keepers.activate(world, KEEPER, KP3R, START + 5 * DAY) == 0


def test_the_boost_of_2_0_rises_from_zero():
    """Half the target bond earns 2.0's least boost, and half of the span above it in all later versions."""
    boosts = {version: keep3r(version).helpers[OWNER].reward_boost(100 * ETHER, 10**9) for version in sorted(RULES)}
    assert boosts["2.0"] == 11_000 * 10**9
    assert boosts["2.1"] == 11_500 * 10**9
    assert boosts["2.3s"] == 11_500
    assert LIQUIDITY in keep3r("2.3s").approved_liquidities
