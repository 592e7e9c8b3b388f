from __future__ import annotations

from collections import defaultdict

import duckdb
import polars as pl
import pytest
from histories import DATA

from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import KINDS

pytestmark = pytest.mark.slow

TOTALS = {
    "spent_after_expiry": """
        select sum(-amount) from ledger
        where kind = 'spent' and minted_at <= period_start - reward_period_time""",
    "forced_expired": "select sum(-amount) from ledger where kind = 'expired' and origin = 'forced'",
    "capped": "select sum(-amount) from ledger where kind = 'capped'",
    "payment_above_period": """
        select sum(paid) from (
          select sum(-amount) as paid, any_value(period_credits) as period_credits
          from ledger where kind = 'spent' group by block_number, log_index, job)
        where paid > period_credits""",
    "expiry_postponed": """
        select sum(older) from (
          select sum(amount) filter (kind = 'capped') + any_value(before) as older from (
            select *, min(balance - amount) filter (kind in ('minted_topup', 'minted_liquidity', 'minted_settled')
                and rewarded_at > rewarded_before) over event as before
            from (select kind, balance, amount, rewarded_at, rewarded_before, block_number, log_index, job from ledger
                  union all select 'capped', 0, 0, 0, 0, block_number, log_index, job from ledger)
            window event as (partition by block_number, log_index, job))
          group by block_number, log_index, job)
        where older > 0""",
    "denied_on_paper": """
        select sum(closing) from periods
        where closing > 0 and ends_at - 1 - rewarded_at >= reward_period_time
          and ends_at < (select max(ends_at) from reward_periods)""",
}
"""The same totals by SQL over the ledger, without the code that makes the findings."""


def _sum(column: pl.Series) -> int:
    return sum(column.cast(pl.Int128).to_list())


def test_periods_balance(ledger_audit):
    """For every job and period opening and entries make up the closing, which the next period opens with."""
    periods = ledger_audit.tables["periods"].with_columns(pl.col(pl.Decimal).cast(pl.Int128))
    last: dict[str, int] = {}
    for row in periods.iter_rows(named=True):
        assert row["opening"] + sum(row[kind] for kind in KINDS) == row["closing"]
        assert row["opening"] == last.get(row["job"], 0)
        last[row["job"]] = row["closing"]
    states = ledger_audit.tables["job_states"].with_columns(pl.col(pl.Decimal).cast(pl.Int128))
    credit = {row["job"]: row["credits"] for row in states.iter_rows(named=True)}
    assert {job: amount for job, amount in last.items() if amount} == {job: n for job, n in credit.items() if n}


def test_rules_balance(ledger_audit):
    """Every row of every rule adds up, and the contract's rule closes where the ledger does."""
    rows = ledger_audit.tables["expiries"].with_columns(pl.col(pl.Decimal).cast(pl.Int128)).rows(named=True)
    sums = ("minted", "forced", "repriced", "removed", "migrated", "adopted", "spent", "expired", "capped")
    assert all(row["opening"] + sum(row[name] for name in sums) == row["closing"] for row in rows)
    contract = {(row["job"], row["begins_at"]): row["closing"] for row in rows if row["rule"] == "contract"}
    periods = ledger_audit.tables["periods"]
    assert contract == {
        (job, at): closing
        for job, at, closing in zip(
            periods["job"], periods["begins_at"], periods["closing"].cast(pl.Int128), strict=True
        )
    }


def test_lots_make_up_the_storage_at_every_reading(ledger_audit):
    """At each block where storage was read, the lots of each job are above 0 and sum to what storage held."""
    lots: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    ledger = ledger_audit.tables["ledger"].with_columns(pl.col(pl.Decimal).cast(pl.Int128))
    entries = ledger.select("block_number", "job", "lot", "amount").rows()
    readings = (
        ledger_audit.lake.scan("readings")
        .filter((pl.col("view") == "_jobLiquidityCredits") & pl.col("value").is_not_null())
        .select("block_number", "arguments", "value")
        .collect()
        .rows()
    )
    assert readings
    position = 0
    for block, job, value in readings:
        while position < len(entries) and entries[position][0] <= block:
            _, owner, lot, amount = entries[position]
            lots[owner][lot] += amount
            position += 1
        assert sum(lots[job].values()) == int(value)
        assert all(amount >= 0 for amount in lots[job].values())


def test_spent_is_what_keepers_got(ledger_audit):
    """The other side of `spent` are the keepers' bonds: keeper by keeper it is what works in KP3R paid."""
    spent: dict[str, int] = defaultdict(int)
    ledger = ledger_audit.tables["ledger"].filter(pl.col("kind") == "spent")
    for keeper, amount in zip(ledger["counterpart"], ledger["amount"].cast(pl.Int128).to_list(), strict=True):
        spent[keeper] -= amount
    paid: dict[str, int] = defaultdict(int)
    works = ledger_audit.tables["works"].filter(pl.col("explanation") != "token_payment")
    for keeper, amount in zip(works["keeper"], works["payment"].cast(pl.Int128).to_list(), strict=True):
        paid[keeper] += amount
    assert {keeper: amount for keeper, amount in spent.items() if amount} == {k: n for k, n in paid.items() if n}


def test_migration_moves_nothing_away(ledger_audit):
    """What leaves one job by migration arrives at another."""
    ledger = ledger_audit.tables["ledger"]
    assert _sum(ledger.filter(pl.col("kind").is_in(["migrated_out", "migrated_in"]))["amount"]) == 0


@pytest.mark.parametrize("kind", TOTALS)
def test_finding_totals_equal_sql(ledger_audit, kind):
    """The total of each kind of finding is what SQL over the ledger gives."""
    findings = ledger_audit.tables["expiry_findings"].filter(pl.col("kind") == kind)
    with duckdb.connect() as database:
        for name in ("ledger", "periods", "reward_periods"):
            database.register(name, ledger_audit.tables[name].to_arrow())
        (total,) = database.execute(TOTALS[kind]).fetchone()
    assert _sum(findings["amount"]) == int(total or 0)


def test_fuzz_recordings_show_every_kind(ledger_audits):
    """The totals above are no comparison of nothing: one random history has findings of every kind."""
    audited = ledger_audits(DATA / "open-v2.3-fuzz-mixed-101")
    assert set(audited.tables["expiry_findings"]["kind"].unique()) == set(TOTALS)


def test_accounts_add_up(ledger_audit):
    """Keepers' accounts are the sums of their works', in KP3R, ETH and gas, which is the transactions'."""
    works, accounts = ledger_audit.tables["work_accounts"], ledger_audit.tables["accounts"]
    keepers = ledger_audit.tables["keeper_accounts"]
    for name in ("reward", "boost", "reward_eth"):
        assert _sum(works[name].fill_null(0)) == _sum(accounts[name].fill_null(0)) == _sum(keepers[name].fill_null(0))
    for table in (accounts, keepers):
        gas = (table["gas_paid"], table["gas_paid_in_token_works"])
        assert _sum(works["gas_paid"]) == sum(_sum(column.fill_null(0)) for column in gas)
    hashes = ledger_audit.tables["works"]["transaction_hash"].unique().implode()
    paid = (
        ledger_audit.lake.scan("transactions")
        .filter(pl.col("hash").is_in(hashes))
        .select("gas_used", pl.col("effective_gas_price").cast(pl.Int128))
        .collect()
    )
    assert sum(used * price for used, price in paid.iter_rows()) == _sum(works["gas_paid"])


def test_verdict_is_not_the_expirys(ledger_audit):
    """Expiry findings stand in a table of their own: the verdict stays clean."""
    assert ledger_audit.clean
    assert ledger_audit.tables["findings"].height == 0
