"""Answers to a job owner's questions, held against what-ifs made by hand."""

from __future__ import annotations

import polars as pl
import pytest
from histories import SAMPLE, beside, name_of

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import EXPIRED
from keep3r_replay.protocols.keep3r_v2.contract.quoting import quote_live
from keep3r_replay.protocols.keep3r_v2.what_if.needed import last_failure, liquidity_needed
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay, overlay_from
from keep3r_replay.protocols.keep3r_v2.what_if.questions import (
    DAY,
    bond_more,
    expiry_cost,
    gone_on,
    runs_dry,
)
from keep3r_replay.protocols.keep3r_v2.what_if.run import what_if
from pipelines.cli import main

_MIGRATED = "v2.3-fuzz-sparse-105"
"""A recording of a job that takes over another's liquidity and works on."""
_MOVES = ("LiquidityAddition", "LiquidityWithdrawal", "Unbonding", "JobSlashLiquidity", "JobMigrationSuccessful")
"""Events that move liquidity of jobs: scaling one of them rounds by less than a wei."""


@pytest.fixture(scope="module")
def base(baseline_of):
    """The sample's baseline."""
    return baseline_of(SAMPLE / "recording")


def _moves(base):
    """How often liquidity of any job moves in the history: no rounding of a job's can come to more wei."""
    names = [f"events/keep3r.{name}" for name in _MOVES]
    return sum(base.lake.scan(name).collect().height for name in names if base.lake.has(name))


def _reverted(base, thousandths, job):
    run = what_if(base, Overlay(liquidity_factor=f"{thousandths}/1000", liquidity_job=job))
    return sum(
        work.status == "reverted" for work, at in zip(run.works.done, base.works["job"], strict=True) if at == job
    )


@pytest.mark.slow
def test_the_liquidity_needed_pays_every_work_and_a_thousandth_less_does_not(base):
    """The answer stands on the edge: it and all factors tried above it pay every work, the one below does not."""
    for job in base.works["job"].unique().sort()[:3]:
        answer = liquidity_needed(base, Overlay(), job)
        needed = int(answer.factor * 1000)
        assert answer.reverted_as_it_is == 0
        assert needed == 0 or _reverted(base, needed - 1, job) > 0
        above = [tried for tried in answer.tried if tried >= needed]
        assert above[-1] >= 4000
        assert all(_reverted(base, tried, job) == 0 for tried in (*above[:2], above[-1]))


def test_the_liquidity_needed_is_told_in_its_amount_and_in_kp3r(base):
    """What the job has in the run of that factor; the KP3R under both is what `quoteLiquidity` goes by."""
    job = base.works["job"][0]
    answer = liquidity_needed(base, Overlay(), job)
    held = base.states["job_liquidities"].filter((pl.col("job") == job) & (pl.col("amount") > 0))
    amounts = dict(zip(held["liquidity"].to_list(), held["amount"].cast(pl.Int128).to_list(), strict=True))
    assert {each.liquidity: each.amount for each in answer.held} == amounts
    assert amounts
    run = what_if(base, Overlay(liquidity_factor=str(answer.factor), liquidity_job=job))
    states = what_if(base, Overlay()).protocol
    for each in answer.held:
        assert each.needed == run.protocol.keep3r.jobs[job].liquidity_amounts[each.liquidity]
        assert abs(each.needed - answer.factor * each.amount) < _moves(base)
        quoted = quote_live(states.keep3r, each.liquidity, each.needed, states.context.now)
        assert each.kp3r_needed == quoted > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "recording", [each for each in beside() if name_of(each) == "v2.3-fuzz-sparse-105"], ids=name_of
)
def test_a_migrated_share_is_no_part_of_what_is_scaled(recording, baseline_of):
    """What came from another job keeps the factor of that one, in the amount that is told to be needed as well."""
    base = baseline_of(recording)
    migrated = base.lake.scan("events/keep3r.JobMigrationSuccessful").collect()["to_job"]
    (job,) = (each for each in migrated.unique() if each.startswith("0x0265"))
    answer = liquidity_needed(base, Overlay(), job)
    run = what_if(base, Overlay(liquidity_factor=str(answer.factor), liquidity_job=job))
    told = {each.liquidity: each.needed for each in answer.held}
    assert told == {name: run.protocol.keep3r.jobs[job].liquidity_amounts[name] for name in told}
    assert any(each.needed > answer.factor * each.amount + _moves(base) for each in answer.held)


def test_a_question_for_a_factor_takes_none(base):
    """Liquidity that the overlay scales already is refused by name, and not left out in silence."""
    for job in ("", base.works["job"][0]):
        with pytest.raises(UsageError, match=r"overlay\.liquidity_factor: the question seeks"):
            liquidity_needed(base, Overlay(liquidity_factor="1/2", liquidity_job=job), base.works["job"][0])


@pytest.mark.slow
def test_added_works_that_revert_are_counted(base):
    """By every rule of expiry, and for the keeper that would have done them."""
    job, keeper = base.works["job"][0], base.works["keeper"][0]
    entry = {"job": job, "keeper": keeper, "every": DAY, "payment": 10**30, "validates": False}
    overlay = overlay_from({"add_works": [entry]})
    added = [work.done.status for work in what_if(base, overlay).works.added]
    assert len(added) > 1
    assert set(added) == {"reverted"}
    before, after = (expiry_cost(base, each, job)[0].reverted for each in (Overlay(), overlay))
    assert after >= before + len(added)
    plain, more = (bond_more(base, each, keeper, [])[0].reverted for each in (Overlay(), overlay))
    assert more >= plain + len(added)


def test_bonds_of_the_overlay_stay_below_what_is_asked_for(base):
    """The keeper that the overlay gives 100 KP3R earns with none more what it earns with 100 more without it."""
    keeper = base.works["keeper"][0]
    given = bond_more(base, Overlay(bond_keeper=keeper, bond_add=10**20), keeper, [])
    asked = bond_more(base, Overlay(), keeper, [10**20])
    assert given[0].earned == asked[1].earned


def test_a_function_that_is_not_monotone_is_scanned():
    """Of failures at 0 to 200 and at 300 to 340 of 1000, the last one is found, not the first."""
    failing = {*range(201), *range(300, 341)}
    short, enough = last_failure(failing.__contains__, -1, 1000, 32)
    while enough - short > 1:
        short, enough = last_failure(failing.__contains__, short, enough, 8)
    assert (short, enough) == (340, 341)


@pytest.mark.slow
def test_more_works_need_more_liquidity(base):
    """With works added that the job can not pay as it is, the factor is above 1."""
    job, keeper = base.works["job"][0], base.works["keeper"][0]
    entry = {"job": job, "keeper": keeper, "every": DAY // 2, "payment": 10**19, "validates": False}
    answer = liquidity_needed(base, overlay_from({"add_works": [entry]}), job)
    assert answer.reverted_as_it_is > 0
    assert answer.factor is None or answer.factor > 1


@pytest.mark.slow
def test_the_rate_is_the_works_own_interval(base):
    """Nine works a day apart are one a day, whatever the window; the mean payment is theirs."""
    job, keeper = base.works["job"][0], base.works["keeper"][0]
    first, last = base.history.facts[base.history.blocks[0]].timestamp, base.history.facts[590].timestamp
    assert last > first
    entry = {"job": job, "keeper": keeper, "every": DAY, "payment": 5, "validates": False}
    history = overlay_from({"drop_works": [job], "add_works": [entry]})
    answers = [runs_dry(base, history, job, days * DAY) for days in (9, 12, 15)]
    assert {answer.interval for answer in answers} == {DAY}
    assert {answer.payment for answer in answers} == {5}
    assert answers[0].works == 9


def test_a_disputed_or_unlisted_job_is_said_to_be(base):
    """A job that migrated away is listed no more; whoever asks is told, and not that it runs dry."""
    migrations = base.lake.scan("events/keep3r.JobMigrationSuccessful").collect()
    gone = [job for job in migrations["from_job"] if job in base.works["job"].to_list()]
    unlisted = [job for job in gone if job not in what_if(base, Overlay()).protocol.keep3r.job_list]
    assert unlisted
    answer = runs_dry(base, Overlay(), unlisted[0], 4000 * DAY)
    assert "listed no more" in answer.obstacle
    assert (answer.works_until, answer.error) == (0, "JobUnapproved")


def test_a_job_that_works_once_in_more_than_a_year_is_said_to_be_unlisted(base):
    """However seldom its works are: what pays nothing is never said to last a year."""
    migrations = base.lake.scan("events/keep3r.JobMigrationSuccessful").collect()
    keep3r = what_if(base, Overlay()).protocol.keep3r
    gone = next(job for job in migrations["from_job"] if job not in keep3r.job_list)
    answer = gone_on(keep3r, 10**10, [(0, 1), (500 * DAY, 1)], gone, 1000 * DAY)
    assert "listed no more" in answer.obstacle
    assert (answer.works_until, answer.error) == (0, "JobUnapproved")


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


@pytest.mark.slow
def test_the_cost_of_expiry_adds_up(base):
    """By every rule, for every job: what came is what went and what the model holds in the end, to the wei."""
    moved = 0
    for job in base.works["job"].unique().sort():
        for row in expiry_cost(base, Overlay(), job):
            came = row.opening + row.minted + row.forced + row.migrated_in + row.repriced
            assert came == row.spent + row.expired + row.capped + row.removed + row.migrated_out + row.left
            moved += row.migrated_in + row.migrated_out
    assert moved


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


@pytest.mark.slow
@pytest.mark.parametrize("question", ["liquidity_needed", "runs_dry", "expiry_cost", "bond_more"])
def test_the_command_answers(question, base, capsys):
    """Each question has an answer on the bundled sample, for an address that is cut short."""
    of = "keeper" if question == "bond_more" else "job"
    assert main(["ask", f"question={question}", f"{of}={base.works[of][0][:10]}", "days=400"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{of} {base.works[of][0]}"
    assert len(lines) > 1


@pytest.mark.slow
def test_no_liquidity_needed_is_said_so(base, capsys):
    """Where every factor tried pays all works, none of them is said to be too little."""
    job = base.works["job"][0]
    assert (
        main(["ask", "question=liquidity_needed", f"job={job}", f"overlay.drop_job={job}", "overlay.drop_share=1"]) == 0
    )
    told = capsys.readouterr().out
    assert "liquidity needed       none: all are paid with each of" in told
    assert "not enough" not in told


@pytest.mark.slow
def test_what_no_liquidity_cures_is_named(base, capsys):
    """Where no factor is enough, the answer names what works revert for."""
    job = base.works["job"][0]
    unpayable = (
        f"overlay.add_works=[{{job:'{job}',keeper:'{base.works['keeper'][0]}',every:2592000,payment:'{10**38 - 1}'}}]"
    )
    assert main(["ask", "question=liquidity_needed", f"job={job}", unpayable]) == 0
    told = capsys.readouterr().out
    assert "more than 4,096 times what it has, if liquidity is what is lacking:" in told
    assert "with that, works still revert for InsufficientFunds" in told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["question=runs_dry"], "say job=ADDRESS"),
        (["question=runs_dry", "job=0x"], "begin so"),
        (["question=runs_dry", "job=0xzz"], "no work of the history"),
        (["question=runs_dry", "job=0x1", "days=0"], "days=0"),
        (["question=cost_of_lateness", "bond=7"], "Keep3r is not asked that; there are liquidity_needed, runs_dry"),
        (["question=runs_dry", "job=0x1", "bond=7"], "unknown setting 'bond'"),
        (["question=runs_dry", "job=0x1", "draw=x.svg"], "has no drawing"),
        (["question=runs_dry", "job=0x1", "overlay.fees=7"], "overlay.fees: no such change; did you mean fee?"),
    ],
)
def test_a_mistaken_question_is_one_line(arguments, says, capsys):
    """Exit code 2, and the line says what is wrong."""
    assert main(["ask", *arguments]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
