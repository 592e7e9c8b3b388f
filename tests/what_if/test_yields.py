"""Liquidity that reacts to its yield, held against a ladder reckoned from works and prices alone."""

from __future__ import annotations

from fractions import Fraction

import polars as pl
import pytest
from histories import DATA

import keep3r_replay as kr
from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay
from keep3r_replay.protocols.keep3r_v2.what_if.results import baselines
from keep3r_replay.protocols.keep3r_v2.what_if.run import what_if

RECORDING = DATA / "open-v2.3-fuzz-mixed-101"
YEAR, PERIOD, INFLATION = 365 * 86_400, 5 * 86_400, 34 * 86_400
STEP = Fraction(1, 7)


@pytest.fixture(scope="module")
def balanced(tmp_path_factory):
    """The baseline of a job with one liquidity at one price, a work every 40 hours for twenty days."""
    lake = kr.simulate("balanced", tmp_path_factory.mktemp("yields") / "lake")
    return baselines(lake)[0]


def _first_blocks(baseline):
    """The first block with events of each reward period, with its time."""
    times = {block: baseline.history.facts[block].timestamp for block in baseline.history.blocks}
    firsts = {}
    for block in sorted(times):
        firsts.setdefault(times[block] // PERIOD, (block, times[block]))
    return list(firsts.values())


def _ladder(baseline, run, goal):
    """The job's liquidity after each first block of a period: up and down by a seventh, as its yield says."""
    states = run.baseline.lake.scan("events/keep3r.LiquidityAddition").collect()
    (added,) = states.select("block_number", "amount").rows()
    plain = what_if(baseline, Overlay()).states()["job_states"]
    (mined,) = [int(each) for each in plain["period_credits"]]
    kp3r_per_wei = Fraction(mined * INFLATION, PERIOD * int(added[1]))
    works = list(zip(baseline.works["block_number"], [each.payment for each in run.works.done], strict=True))
    amount, rungs, before = 0, [], None
    for block, time in _first_blocks(baseline):
        if before is not None and before[0] > added[0]:
            paid = sum(payment for at, payment in works if before[0] <= at < block)
            earned = Fraction(paid * YEAR, time - before[1]) / (amount * kp3r_per_wei)
            if earned != goal:
                amount += int(amount * STEP) * (1 if earned > goal else -1)
        elif block > added[0]:
            amount = int(added[1])
        rungs.append(amount)
        before = (block, time)
    return rungs


@pytest.mark.slow
@pytest.mark.parametrize("goal", [Fraction(1, 100), Fraction(9, 2), Fraction(10)])
def test_liquidity_climbs_and_falls_as_its_yield_says(balanced, goal):
    """The liquidity at the end is the ladder's, to the wei; a goal between the yields makes it turn."""
    text = str(goal)
    run = what_if(balanced, Overlay(yield_least=text, yield_most=text, yield_step=str(STEP)))
    (left,) = [int(each) for each in run.states()["job_liquidities"]["amount"]]
    rungs = _ladder(balanced, run, goal)
    assert left == rungs[-1]
    assert len({each for each in rungs if each}) > 2


@pytest.mark.slow
def test_liquidity_that_is_content_stays_as_it_was(baseline_of):
    """With a yield that nobody reaches every work and state is the history's, migrations and withdrawals included."""
    baseline = baseline_of(RECORDING)
    plain, content = what_if(baseline, Overlay()), what_if(baseline, Overlay(yield_most="1000000000"))
    assert content.works.done == plain.works.done
    assert not content.reverted
    assert all(content.states()[name].equals(frame) for name, frame in plain.states().items())


@pytest.mark.slow
def test_a_step_of_all_leaves_nothing(baseline_of):
    """Where no yield is enough and all leaves at once, jobs end without approved liquidity, and the books balance."""
    run = what_if(baseline_of(RECORDING), Overlay(yield_least="1000000000", yield_step="1"), ledger=True)
    liquidities = run.states()["job_liquidities"]
    assert not liquidities.filter(pl.col("amount") > 0).height
    assert any(each.status == "reverted" for each in run.works.done)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"yield_least": "1", "yield_step": "0"}, "yield_step=0: say a share"),
        ({"yield_least": "1", "yield_step": "3/2"}, "yield_step=3/2: say a share"),
        ({"yield_least": "1", "yield_most": "1/2"}, "above overlay.yield_most"),
        ({"yield_most": "1", "liquidity_factor": "2"}, "is not scaled: say one"),
        ({"yield_most": "-1"}, "yield_most"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(changes, told):
    """In one line that names the change."""
    with pytest.raises(UsageError, match=told):
        Overlay(**changes)
