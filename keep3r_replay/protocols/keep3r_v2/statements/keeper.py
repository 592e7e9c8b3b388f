"""A keeper's statement: month by month and job by job what came in and what gas cost; works paid in tokens apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.counts import counted
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import TOKEN_PAYMENT
from keep3r_replay.protocols.keep3r_v2.statements.parties import amount, months, party_of, whole_tokens
from keep3r_replay.replay.statements import Statement
from keep3r_replay.report.amounts import tokens
from keep3r_replay.report.columns import aligned
from keep3r_replay.report.times import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from keep3r_replay.replay.statements import Occasion

_SUMS = ("reward", "reward_eth", "gas_paid", "profit", "gas_paid_without_worth", "gas_paid_in_token_works")
_COUNTS = ("works", "works_in_tokens", "works_without_quote", "works_without_profit")
_OTHER_GAS = ("gas, worth unknown", "gas, in tokens")
_PLACES = 6


def keeper_statement(occasion: Occasion) -> Statement:
    """The months of one keeper, or of all.

    Worth, gas and profit are those of works paid in KP3R of which both worth and gas are known, so that worth less gas
    is profit in every row; null where there is none. What gas cost for others, and for works paid in tokens, stands in
    columns of its own; counts say of how many works that is.

    Raises:
        UsageError: no work of the history is the keeper's.
    """
    tables = occasion.audit.tables
    accounts = tables["work_accounts"]
    if occasion.party:
        keeper = party_of("keeper", occasion.party, [*accounts["keeper"], *tables["keeper_states"]["keeper"]])
        accounts = accounts.filter(pl.col("keeper") == keeper)
    table = by_month(accounts)
    lines = [] if not occasion.party else _head(tables, accounts, keeper)
    other = "job" if occasion.party else "keeper"
    head = ("month", other, "works", "in tokens", "KP3R", "worth, ETH", "gas, ETH", "profit, ETH", *_OTHER_GAS)
    rows: list[tuple[str, ...]] = [head]
    for (month, party), part in _merged(table, other):
        rows.append((month, party, *_cells(part)))
    if table.height > 1:
        rows.append(("all", "", *_cells(table)))
    return Statement([*lines, *aligned(rows, (9, 42, *(10 for _ in head[2:])))], table)


def by_month(accounts: pl.DataFrame) -> pl.DataFrame:
    """One row a month, keeper and job, in this order: counts, sums in wei, and the same in whole tokens."""
    in_tokens = pl.col("class") == TOKEN_PAYMENT
    in_kp3r = accounts.with_columns(months(pl.col("timestamp")).alias("month"), in_tokens.alias("in_tokens"))
    key = ["month", "keeper", "job"]
    own = ~pl.col("in_tokens")
    known = own & pl.col("profit").is_not_null()
    sums = [_known_sum(name, known).alias(name) for name in ("reward_eth", "gas_paid", "profit")]
    table = (
        in_kp3r.group_by(key)
        .agg(
            pl.len().cast(pl.Int64).alias("works"),
            pl.col("in_tokens").sum().cast(pl.Int64).alias("works_in_tokens"),
            (own & pl.col("reward_eth").is_null()).sum().cast(pl.Int64).alias("works_without_quote"),
            (own & pl.col("profit").is_null()).sum().cast(pl.Int64).alias("works_without_profit"),
            _known_sum("reward", own).alias("reward"),
            *sums,
            _known_sum("gas_paid", own & pl.col("profit").is_null()).alias("gas_paid_without_worth"),
            _known_sum("gas_paid", pl.col("in_tokens")).alias("gas_paid_in_token_works"),
        )
        .sort(key)
    )
    return table.with_columns(pl.col(_SUMS).cast(pl.Decimal(38, 0))).with_columns(
        whole_tokens(table[name].to_list()).alias(f"{name}_{'kp3r' if name == 'reward' else 'in_eth'}")
        for name in _SUMS
    )


def _known_sum(name: str, rows: pl.Expr) -> pl.Expr:
    """Sum of what is known of a column of wei in some rows of a group; null where nothing is."""
    known = amount(name).filter(rows & pl.col(name).is_not_null())
    return pl.when(known.len() > 0).then(known.sum())


def _merged(table: pl.DataFrame, party: str) -> Iterable[tuple[tuple[str, str], pl.DataFrame]]:
    groups = table.group_by("month", party, maintain_order=True)
    return sorted(((str(month), str(name)), part) for (month, name), part in groups)


def _cells(part: pl.DataFrame) -> tuple[str, ...]:
    counts = (f"{part[name].sum():,}" for name in ("works", "works_in_tokens"))
    return (*counts, *(_total(part[name].cast(pl.Int128).to_list()) for name in _SUMS))


def _total(amounts: list[int | None]) -> str:
    known = [each for each in amounts if each is not None]
    return tokens(sum(known), _PLACES) if known else "-"


def _head(tables: Mapping[str, pl.DataFrame], accounts: pl.DataFrame, keeper: str) -> list[str]:
    """Who it is, since when, what is bonded, and what became of it."""
    lines = [f"keeper      {keeper}"]
    state = tables["keeper_states"].filter(pl.col("keeper") == keeper).rows(named=True)
    if state:
        lines.append(f"state       {_state(state[0])}")
    bonds = tables["keeper_bonds"].filter(pl.col("keeper") == keeper).sort("token")
    lines += [f"bonded      {tokens(int(row['bonded']), _PLACES)} of {row['token']}" for row in bonds.rows(named=True)]
    if accounts.height:
        times = accounts["timestamp"].to_list()
        lines.append(f"works       {accounts.height:,}, from {moment(min(times))} to {moment(max(times))} UTC")
    unknown = accounts.filter((pl.col("class") != TOKEN_PAYMENT) & pl.col("profit").is_null()).height
    if unknown:
        lines.append(
            f"unknown     the profit of {counted(unknown, 'work')}, kept apart: no quote of ETH, or no transaction"
        )
    return [*lines, ""]


def _state(row: dict[str, Any]) -> str:
    listed = "listed" if row["listed"] else "not listed"
    return f"{listed}{', disputed' if row['disputed'] else ''}"
