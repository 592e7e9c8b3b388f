"""Answers to a job owner's questions, held against what-ifs made by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest
from histories import SAMPLE

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.contract.moves import EXPIRED
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay, overlay_from
from keep3r_replay.protocols.keep3r_v2.what_if.questions import DAY, bond_more, expiry_cost, liquidity_needed, runs_dry
from keep3r_replay.protocols.keep3r_v2.what_if.run import what_if
from pipelines.cli import main


@pytest.fixture(scope="module")
def base(baseline_of):
    """The sample's baseline."""
    return baseline_of(SAMPLE / "recording")


def _dry(base, factor, job):
    run = what_if(base, Overlay(liquidity_factor=str(factor), liquidity_job=job))
    return [work.error for work in run.works.done].count("InsufficientFunds")


def test_the_liquidity_needed_pays_every_work_and_a_thousandth_less_does_not(base):
    """The answer stands on the edge, for every job."""
    for job in base.works["job"].unique().sort():
        answer = liquidity_needed(base, Overlay(), job)
        assert _dry(base, answer.factor, job) == answer.dry_as_it_is == 0
        assert answer.factor == 0 or _dry(base, answer.factor - Fraction(1, 1000), job) > 0


def test_more_works_need_more_liquidity(base):
    """With works added that the job can not pay as it is, the factor is above 1."""
    job, keeper = base.works["job"][0], base.works["keeper"][0]
    entry = {"job": job, "keeper": keeper, "every": DAY // 2, "payment": 10**19}
    answer = liquidity_needed(base, overlay_from({"add_works": [entry]}), job)
    assert answer.dry_as_it_is > 0
    assert answer.factor is None or answer.factor > 1


def test_a_job_that_spends_more_than_it_mines_runs_dry(base):
    """At the history's own rate a job with plenty lasts the year; with almost no liquidity it is dry at once."""
    job = base.works["job"][0]
    rich = runs_dry(base, Overlay(liquidity_factor="1000"), job, 400 * DAY)
    assert (rich.at, rich.error) == (None, "")
    last = base.history.facts[base.history.last_block].timestamp
    poor = runs_dry(base, Overlay(reward_period_time=5 * DAY, inflation_period=10**12, from_block=580), job, 400 * DAY)
    assert poor.error == "InsufficientFunds"
    assert poor.at - last == (poor.works_until + 1) * poor.interval


def test_the_cost_of_expiry_by_the_contract_is_the_ledgers(base):
    """The contract's row holds the baseline's sums; by the rule `none` nothing expires."""
    job = base.works["job"][0]
    contract, _, none = expiry_cost(base, Overlay(), job)
    assert contract.expired == -base.sums[job, EXPIRED] > 0
    assert contract.left == sum(amount for (each, _), amount in base.sums.items() if each == job)
    assert none.expired == 0
    for row in (contract, none):
        assert row.reverted == 0


def test_bonding_more_earns_more_up_to_the_target(base):
    """Earnings rise with the bond, and stop to where the boost is the greatest."""
    keeper = next(row["keeper"] for row in base.works.iter_rows(named=True) if row["class"] == "exact")
    plain, some, much, more = bond_more(base, Overlay(), keeper, [10**19, 10**24, 10**25])
    assert plain.more == 0
    assert plain.earned < some.earned < much.earned == more.earned
    assert some.more == some.earned - plain.earned


def test_unknown_people_are_refused(base):
    """Addresses that never worked are a usage error."""
    with pytest.raises(UsageError, match="this job's"):
        expiry_cost(base, Overlay(), "0xnobody")
    with pytest.raises(UsageError, match="this keeper's"):
        bond_more(base, Overlay(), "0xnobody", [1])


@pytest.mark.parametrize("question", ["liquidity_needed", "runs_dry", "expiry_cost", "bond_more"])
def test_the_command_answers(question, base, capsys):
    """Each question has an answer on the bundled sample, for an address that is cut short."""
    of = "keeper" if question == "bond_more" else "job"
    assert main(["ask", f"question={question}", f"{of}={base.works[of][0][:10]}", "days=400"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{of} {base.works[of][0]}"
    assert len(lines) > 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["question=runs_dry"], "say job=ADDRESS"),
        (["question=runs_dry", "job=0x"], "begin so"),
        (["question=runs_dry", "job=0xzz"], "no work of the history"),
        (["question=runs_dry", "job=0x1", "days=0"], "days=0"),
    ],
)
def test_a_mistaken_question_is_one_line(arguments, says, capsys):
    """Exit code 2, and the line says what is wrong."""
    assert main(["ask", *arguments]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
