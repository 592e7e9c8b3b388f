"""Numbers that add up in SQL: every view against the wei beside it, every bundled question against the tables."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest
from histories import bundled as recordings
from histories import name_of
from sums import IN_TOKENS, negative, paid_in_kp3r, rows, sums

from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from keep3r_replay.replay.results import write_results
from keep3r_replay.report.amounts import rounded
from keep3r_replay.warehouse.build import build
from keep3r_replay.warehouse.query import bundled, query

if TYPE_CHECKING:
    from keep3r_replay.replay.audited import Audit

pytestmark = pytest.mark.slow

QUERIES = bundled(PROTOCOL.sql, "queries")
_OF_WHAT = {"computed_kp3r": "computed_payment", "bonded_tokens": "bonded", "reward_in_eth": "reward_eth"}
"""Columns of whole tokens whose wei stand under another name."""


@pytest.mark.parametrize("ledger_audit", recordings(), ids=name_of, indirect=True)
def test_every_view_and_question_adds_up(ledger_audit, tmp_path):
    """Whole tokens are the wei beside them in every row of every view; questions sum to the tables, to the wei."""
    write_results(ledger_audit, tmp_path / "results", {})
    database = tmp_path / "sums.duckdb"
    build(ledger_audit.lake, tmp_path / "results", database, PROTOCOL)
    columns = query(
        database,
        "select table_name, list(column_name) from duckdb_columns() where schema_name = 'main' and internal = false "
        "and table_name in (select view_name from duckdb_views() where schema_name = 'main') group by table_name",
    ).rows
    compared = 0
    for view, names in columns:
        for name in names:
            wei = _OF_WHAT.get(name, name.removesuffix("_kp3r").removesuffix("_in_eth"))
            if wei != name and wei in names:
                where = "explanation <> 'token_payment' and " if view == "works" else ""
                bad = f'select count(*) from "{view}" where {where} kp3r("{wei}") is distinct from "{name}"'
                assert query(database, bad).rows == [(0,)], (view, name)
                compared += 1
    assert compared >= 25
    _works_view(ledger_audit, database)
    _questions(ledger_audit, database)


def _answer(database, name: str) -> list[dict]:
    answer = query(database, QUERIES[name])
    return [
        {
            column: int(value * 10**18) if isinstance(value, Decimal) and column.endswith(("_kp3r", "_eth")) else value
            for column, value in zip(answer.columns, row, strict=True)
        }
        for row in answer.rows
    ]


def _works_view(audited: Audit, database) -> None:
    """KP3R and other tokens stand in two columns, and no row is in both."""
    (row,) = query(
        database,
        "select count(*) filter (payment_kp3r is null), count(*) filter (payment_in_token is null), "
        "sum(payment_kp3r), wei(sum(payment_in_token)) from works",
    ).rows
    works = audited.tables["works"]
    in_tokens = works.filter(IN_TOKENS)
    assert row[:2] == (in_tokens.height, works.height - in_tokens.height)
    assert int((row[2] or 0) * 10**18) == sum(paid_in_kp3r(audited, "job").values())
    assert int(row[3] or 0) == sum(in_tokens["payment"].cast(pl.Int128).to_list())


def _questions(audited: Audit, database) -> None:
    periods = rows(audited.tables["periods"])
    for row in (by_job := _answer(database, "credits_by_job")):
        came = ("opening", "minted", "forced", "migrated_in", "repriced", "adopted")
        went = ("spent", "expired", "capped", "removed", "migrated_out", "left")
        assert sum(row[f"{name}_kp3r"] for name in came) == sum(row[f"{name}_kp3r"] for name in went)
    assert sums(by_job, ("job",), "spent_kp3r") == paid_in_kp3r(audited, "job")
    assert sums(by_job, ("job",), "left_kp3r") == sums(rows(audited.tables["job_states"]), ("job",), "credits")
    by_rule = _answer(database, "wasted_by_rule")
    contract = [row for row in by_rule if row["rule"] == "contract"]
    for name in ("spent", "expired", "capped"):
        assert sums(contract, ("job",), f"{name}_kp3r") == negative(sums(periods, ("job",), name))
        assert sums(contract, ("job",), f"{name}_kp3r") == sums(by_job, ("job",), f"{name}_kp3r")
    for row in by_rule:
        lost = row["expired_kp3r"] + row["capped_kp3r"]
        used = lost + row["spent_kp3r"]
        assert row["wasted_share"] == (rounded(lost * 10_000, used) if used else None)
    by_class = _answer(database, "payments_by_class")
    works = rows(audited.tables["works"])
    assert sum(row["works"] for row in by_class) == len(works)
    assert sums(by_class, ("job",), "paid_kp3r") == paid_in_kp3r(audited, "job")
    assert sums(by_class, ("job", "token"), "paid_in_token") == sums(
        [work for work in works if work["explanation"] == "token_payment"], ("job", "credit"), "payment"
    )
    keepers = _answer(database, "keeper_profit")
    assert sums(keepers, ("keeper",), "reward_kp3r") == paid_in_kp3r(audited, "keeper")
    accounts = {row["keeper"]: row for row in rows(audited.tables["keeper_accounts"])}
    for row in keepers:
        mine = accounts[row["keeper"]]
        shown = (row["boost_kp3r"], row["reward_in_eth"], row["gas_paid_in_eth"], row["profit_in_eth"])
        assert shown == tuple(mine[name] for name in ("boost", "reward_eth", "gas_paid", "profit"))
    months = _answer(database, "works_by_month")
    assert sum(row["works"] for row in months) == len(works)
    assert sum(row["reward_kp3r"] for row in months) == sum(paid_in_kp3r(audited, "job").values())
    paid = [work for work in works if work["explanation"] != "token_payment" and work["payment"]]
    ages = _answer(database, "age_of_spent_credits")
    assert sum(row["payments"] for row in ages) == len(paid)
