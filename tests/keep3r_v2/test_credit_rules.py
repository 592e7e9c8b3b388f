"""Credits of a job, by hand: 34 ether of liquidity at price one mine 5 ether in a period of five days."""

from __future__ import annotations

import pytest
from worlds import DAY, ETHER, JOB, KEEPER, LIQUIDITY, OWNER, PERIOD, POOL, START, keep3r, with_job

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.contract.credits import Reward, reward_now, settle, update_if_needed
from keep3r_replay.protocols.keep3r_v2.contract.job_liquidity import (
    force_liquidity_credits_to_job,
    unbond_liquidity_from_job,
)
from keep3r_replay.protocols.keep3r_v2.contract.work import bonded_payment, pay_credits

VERSIONS = ["2.2", "2.3"]


@pytest.fixture(params=VERSIONS)
def world(request):
    """A job that added 34 ether of liquidity at the start of a period."""
    made = keep3r(request.param)
    with_job(made, START)
    return made


def rise(world, now, tick=23_027):
    """The price rises to about ten in the pool: a liquidity is worth about a third of the KP3R."""
    world.pools[POOL].swap(now, 2**96, 1, tick)


def test_new_liquidity_has_mined_nothing(world):
    """Adding liquidity gives period credits, and no credits."""
    job = world.jobs[JOB]
    assert (job.credits, job.period_credits, job.rewarded_at) == (0, 5 * ETHER, START)


def test_a_two_periods_later_credits_are_a_new_periods(world):
    """Case a: rewarded before the previous period began, credits become one period's, counted from this one's start."""
    job = world.jobs[JOB]
    job.credits = 4 * ETHER
    assert update_if_needed(world, job, START + 2 * PERIOD + 7)
    assert (job.credits, job.period_credits, job.rewarded_at) == (5 * ETHER, 5 * ETHER, START + 2 * PERIOD)


def test_a_holds_on_the_border_of_the_previous_period(world):
    """Rewarded exactly at the start of the previous period is case a."""
    job = world.jobs[JOB]
    assert update_if_needed(world, job, START + PERIOD)
    assert (job.credits, job.rewarded_at) == (5 * ETHER, START + PERIOD)


def test_b_a_whole_period_after_the_reward_credits_expire(world):
    """Case b: rewarded in the previous period and a period ago, the clock moves on by one period, not to its start."""
    job = world.jobs[JOB]
    reward_now(world, job, START + DAY)
    assert job.credits == ETHER
    assert update_if_needed(world, job, START + PERIOD + DAY)
    assert (job.credits, job.rewarded_at) == (5 * ETHER, START + PERIOD + DAY)


def test_c_in_a_new_period_credits_are_rescaled_to_the_new_price(world):
    """Case c: rewarded less than a period ago and not yet worked, credits keep their share of the period's."""
    job = world.jobs[JOB]
    reward_now(world, job, START + DAY)
    rise(world, START)
    assert not update_if_needed(world, job, START + PERIOD + DAY - 1)
    worth = 2**96 * 34 * ETHER // 250541420775534450580036817218
    assert job.period_credits == worth * PERIOD // (34 * DAY)
    assert job.credits == ETHER * job.period_credits // (5 * ETHER)
    assert job.rewarded_at == START + DAY


def test_c_is_done_once_a_period(world):
    """A job that worked in this period is not rescaled again."""
    job = world.jobs[JOB]
    reward_now(world, job, START + DAY)
    rise(world, START)
    job.worked_at = START + PERIOD
    assert not update_if_needed(world, job, START + PERIOD + 1)
    assert (job.credits, job.period_credits) == (ETHER, 5 * ETHER)


def test_c_of_a_worthless_period_reverts(world):
    """Credits cannot be rescaled from a period that mines nothing: the contract divides by zero."""
    job = world.jobs[JOB]
    reward_now(world, job, START + DAY)
    job.period_credits = 0
    with pytest.raises(Revert) as raised:
        update_if_needed(world, job, START + PERIOD)
    assert raised.value.name == "Panic(0x12)"


def test_within_its_period_nothing_is_updated(world):
    """A job rewarded in the present period is left alone."""
    job = world.jobs[JOB]
    rise(world, START)
    assert not update_if_needed(world, job, START + PERIOD - 1)
    assert (job.credits, job.period_credits) == (0, 5 * ETHER)


def test_a_top_up_adds_what_was_mined_since(world):
    """A payment above the credits sets off a reward up to now; unused credits stay."""
    job = world.jobs[JOB]
    reward_now(world, job, START + DAY)
    seen = []
    bonded_payment(world, JOB, KEEPER, ETHER + 1, START + 2 * DAY, seen.extend)
    assert seen == [Reward(START + 2 * DAY, 2 * ETHER, 5 * ETHER)]
    bonded_payment(world, JOB, KEEPER, ETHER - 1, START + 2 * DAY, seen.extend)
    assert len(seen) == 1
    assert job.credits == 0


def test_a_new_period_and_a_top_up_are_two_rewards(world):
    """A payment above a whole period's credits is rewarded twice."""
    seen = []
    paid = bonded_payment(world, JOB, KEEPER, 6 * ETHER, START + 2 * PERIOD + DAY, seen.extend)
    assert paid == (6 * ETHER, 6 * ETHER, 0, 2)
    assert seen == [
        Reward(START + 2 * PERIOD, 5 * ETHER, 5 * ETHER),
        Reward(START + 2 * PERIOD + DAY, 6 * ETHER, 5 * ETHER),
    ]


def test_a_payment_moves_credits_to_the_keepers_bonds(world):
    """What the job loses the keeper gains."""
    job = world.jobs[JOB]
    reward_now(world, job, START + DAY)
    pay_credits(world, job, KEEPER, ETHER // 4, START + DAY)
    keeper = world.keepers[KEEPER]
    assert job.credits == ETHER - ETHER // 4
    assert keeper.bonds[world.parameters.keep3r_v1] == keeper.work_completed == ETHER // 4
    assert world.total_bonds == (ETHER // 4 if world.rules.has_total_bonds else 0)


def test_a_payment_above_the_credits_reverts(world):
    """One wei more than the job has is refused."""
    job = world.jobs[JOB]
    reward_now(world, job, START + DAY)
    with pytest.raises(Revert) as raised:
        pay_credits(world, job, KEEPER, ETHER + 1, START + DAY)
    assert raised.value.name == "InsufficientFunds"


def test_settling_cuts_to_one_periods_credits(world):
    """The cap: after a period in which nothing was spent, added liquidity leaves one period's credits."""
    job = world.jobs[JOB]
    job.credits = 3 * ETHER
    settle(world, job, START + 3 * DAY)
    assert (job.credits, job.rewarded_at) == (5 * ETHER, START + 3 * DAY)


def test_forced_credits_stand_on_top_of_the_cap(world):
    """Settling caps what was there; the forced amount comes after and may exceed a period's credits."""
    job = world.jobs[JOB]
    job.credits = 5 * ETHER
    assert force_liquidity_credits_to_job(world, JOB, lambda _: 7 * ETHER, START + DAY) == 7 * ETHER
    assert (job.credits, job.period_credits) == (12 * ETHER, 5 * ETHER)
    assert bonded_payment(world, JOB, KEEPER, 12 * ETHER, START + DAY) == (12 * ETHER, 12 * ETHER, 0, 0)


def test_unbonding_takes_the_same_share_of_credits(world):
    """Half the liquidity leaves with half the credits and half of what a period mines."""
    job = world.jobs[JOB]
    reward_now(world, job, START + 2 * DAY)
    unbond_liquidity_from_job(world, JOB, LIQUIDITY, 17 * ETHER, START + 2 * DAY)
    assert (job.credits, job.period_credits) == (ETHER, 5 * ETHER // 2)
    assert job.liquidity_amounts[LIQUIDITY] == 17 * ETHER
    unbond = world.unbonds[JOB, LIQUIDITY]
    assert (unbond.pending, unbond.can_withdraw_after) == (17 * ETHER, START + 16 * DAY)


def test_unbonding_must_leave_nothing_or_the_minimum(world):
    """A rest worth less than three ether is refused; taking all of it is not."""
    with pytest.raises(Revert) as raised:
        unbond_liquidity_from_job(world, JOB, LIQUIDITY, 32 * ETHER, START + DAY)
    assert raised.value.name == "JobLiquidityLessThanMin"
    other = keep3r(world.version)
    with_job(other, START)
    unbond_liquidity_from_job(other, JOB, LIQUIDITY, 34 * ETHER, START + DAY)
    assert LIQUIDITY not in other.jobs[JOB].liquidities
    assert other.jobs[JOB].period_credits == 0


def test_liquidity_at_a_high_price_holds_less_kp3r(world):
    """The worth of a liquidity in KP3R falls as KP3R, token 0, grows dear."""
    job = world.jobs[JOB]
    rise(world, START)
    update_if_needed(world, job, START + 2 * PERIOD)
    assert job.period_credits == 2**96 * 34 * ETHER // 250541420775534450580036817218 * 5 // 34


def test_only_the_owner_of_credits_is_settled(world):
    """A job without liquidity has no credits after any time."""
    job = world.jobs[OWNER]
    settle(world, job, START + 3 * PERIOD)
    assert (job.credits, job.period_credits) == (0, 0)
