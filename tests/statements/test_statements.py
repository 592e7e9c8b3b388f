"""Cards of jobs, months of keepers and payments above the formula are what independent queries of the tables say."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from histories import DATA, SAMPLE, one_a_version

import keep3r_replay as kr
from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from keep3r_replay.replay.statements import Occasion


@pytest.fixture(scope="module", params=one_a_version(), ids=lambda path: path.name)
def audited(request, ledger_audits):
    """The audit with ledger of a recording of each version."""
    return ledger_audits(request.param)


@pytest.fixture(scope="module")
def sample(ledger_audits):
    """That of the bundled sample."""
    return ledger_audits(SAMPLE / "recording")


@pytest.fixture(scope="module")
def database(sample, tmp_path_factory):
    """A warehouse of it."""
    folder = tmp_path_factory.mktemp("warehouse")
    results = kr.replay(sample.lake, ledger=True)
    return kr.warehouse(sample.lake, results.write(folder / "results"))


def _stated(audit, name, party=""):
    return PROTOCOL.statements[name].make(Occasion(audit, None, party))


@pytest.mark.slow
def test_a_keepers_months_sum_to_its_accounts(audited):
    """Every month and job of every keeper together are the keepers' accounts, wei by wei; worth less gas is profit."""
    months = _stated(audited, "keeper").table.with_columns(pl.col(pl.Decimal(38, 0)).cast(pl.Int128))
    accounts = audited.tables["keeper_accounts"].with_columns(pl.col(pl.Decimal(38, 0)).cast(pl.Int128))
    for row in accounts.rows(named=True):
        mine = months.filter(pl.col("keeper") == row["keeper"])
        for name in ("works", "works_in_tokens", "reward", "profit", "gas_paid_in_token_works"):
            assert sum(each or 0 for each in mine[name].to_list()) == (row[name] or 0), name
        gas = sum(each or 0 for name in ("gas_paid", "gas_paid_without_worth") for each in mine[name].to_list())
        assert gas == (row["gas_paid"] or 0)
    for row in months.rows(named=True):
        if row["profit"] is not None:
            assert row["reward_eth"] - row["gas_paid"] == row["profit"]
        assert row["works"] >= row["works_in_tokens"] + row["works_without_profit"]


@pytest.mark.slow
def test_a_keepers_months_are_those_of_the_calendar(database, sample):
    """SQL over the warehouse finds the same works and the same KP3R in each month."""
    asked = database.sql(
        "select strftime(utc, '%Y-%m') as month, keeper, count(*) as works, "
        "sum(case when credit = (select any_value(credit) from works where class = 'exact') then payment end) as paid "
        "from works group by all order by all"
    ).fetchall()
    table = _stated(sample, "keeper").table
    told = table.group_by("month", "keeper").agg(pl.col("works").sum(), pl.col("reward").cast(pl.Int128).sum())
    assert [(month, keeper, works, int(paid or 0)) for month, keeper, works, paid in asked] == told.sort(
        "month", "keeper"
    ).rows()


@pytest.mark.slow
def test_a_card_counts_every_work_of_its_job(audited):
    """By formula, own, in tokens and undetermined add up to the works, and credits are the state's."""
    cards = _stated(audited, "job").table
    works = audited.tables["works"]["job"].value_counts()
    counts = dict(zip(works["job"].to_list(), works["count"].to_list(), strict=True))
    states = {row["job"]: row for row in audited.tables["job_states"].rows(named=True)}
    assert set(cards["job"]) == set(states)
    for card in cards.rows(named=True):
        assert card["works"] == counts.get(card["job"], 0)
        assert card["works"] == sum(card[name] for name in ("by_formula", "own_works", "in_tokens", "open_works"))
        assert card["credits"] == states[card["job"]]["credits"]
        assert card["with_mined"] == states[card["job"]]["total_credits"]


def test_a_job_that_wrote_nothing_yet_has_what_the_views_answer(ledger_audits):
    """Credits in storage are nothing, the views' are those of the chain's own readings."""
    audit = ledger_audits(DATA / "open-v2.2-nb-mining-twap")
    (card,) = _stated(audit, "job").table.rows(named=True)
    readings = audit.lake.scan("readings").filter(pl.col("arguments").str.contains(card["job"])).collect()
    last = {
        name: readings.filter(pl.col("view") == name)["value"][-1] for name in ("jobPeriodCredits", "totalJobCredits")
    }
    assert card["credits"] == 0
    assert str(card["mines"]) == last["jobPeriodCredits"]
    assert str(card["with_mined"]) == last["totalJobCredits"]


@pytest.mark.slow
def test_a_cards_waste_is_the_ledgers(database, sample):
    """Spent and wasted of a job are the ledger's entries of these kinds, asked in SQL."""
    asked = database.sql(
        "select job, -coalesce(sum(amount) filter (kind = 'spent'), 0), "
        "-coalesce(sum(amount) filter (kind in ('expired', 'capped')), 0) from ledger group by job"
    ).fetchall()
    cards = {row["job"]: row for row in _stated(sample, "job").table.rows(named=True)}
    assert asked
    for job, spent, wasted in asked:
        assert (cards[job]["spent"], cards[job]["wasted"]) == (spent, wasted)


def test_what_is_above_the_formula_is_the_difference_in_sql(database, sample):
    """Own payments after a validation of their transaction, less what the formula gives, are the ranking's excess."""
    asked = database.sql(
        """
        select w.block_number, w.log_index, w.payment, w.computed_payment
        from works w join raw."keep3r.KeeperWork" e using (block_number, log_index)
        where w.class in ('own_payment', 'mismatch') and w.computed_payment is not null and exists (
            select 1 from raw."keep3r.KeeperValidation" v where v.block_number = e.block_number
            and v.transaction_index = e.transaction_index and v.log_index < e.log_index)
        order by w.payment - w.computed_payment desc, 1, 2
        """
    ).fetchall()
    table = _stated(sample, "overpaid").table
    known = table.filter(pl.col("excess").is_not_null())
    assert known.height == len(asked) > 0
    assert known.select("block_number", "log_index", "payment", "formula").rows() == asked
    for row in known.rows(named=True):
        assert row["excess"] == row["payment"] - row["formula"]
        assert abs(row["times"] * row["formula"] - row["payment"]) <= Decimal("0.00005") * row["formula"]
        assert row["excess_kp3r"] * 10**18 == row["excess"]


def test_what_cannot_be_compared_is_never_called_too_high(audited):
    """An own amount without a validation in its transaction has no formula, no excess, and stands last."""
    table = _stated(audited, "overpaid").table
    works = audited.tables["works"].filter(pl.col("class").is_in(["own_payment", "mismatch"]))
    assert table.height == works.height
    assert table["excess"].is_null().to_list() == sorted(table["excess"].is_null().to_list())
    assert table.filter(pl.col("formula").is_null() != pl.col("excess").is_null()).is_empty()


def test_a_statement_is_about_whom_it_names(sample):
    """By the beginning of an address: every row of the table is that party's, and nobody unknown is answered."""
    job = sample.tables["works"]["job"][0]
    keeper = sample.tables["works"]["keeper"][0]
    assert set(_stated(sample, "job", job[:8]).table["job"]) == {job}
    assert set(_stated(sample, "keeper", keeper[:8]).table["keeper"]) == {keeper}
    assert set(_stated(sample, "overpaid", job[:8]).table["job"]) <= {job}
    for name in ("job", "keeper", "overpaid"):
        with pytest.raises(UsageError, match="begins so"):
            _stated(sample, name, "0xdead")
    with pytest.raises(UsageError, match="begin so"):
        _stated(sample, "keeper", "0x")
