"""A lake of several protocols: what an account earned over all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.replay.results import made_from, write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from keep3r_replay.lake.reader import Lake

_COLUMNS: dict[str, Any] = {
    "account": pl.String,
    "token": pl.String,
    "payments": pl.Int64,
    "amount": pl.Decimal(38, 0),
}
EARNINGS = pl.Schema(_COLUMNS)
"""One row an account and token: how often it was paid, and how much (wei)."""
SHOWN = 10
_KEYS = ["account", "token"]


def earnings_of(works: pl.DataFrame, account: str, token: str, amount: str) -> pl.DataFrame:
    """Sum a table of payments; its columns of account, token and amount (wei) are named."""
    rows = works.select(
        pl.col(account).alias("account"), pl.col(token).alias("token"), pl.col(amount).cast(pl.Int128).alias("amount")
    )
    sums = rows.group_by(_KEYS).agg(pl.len().cast(pl.Int64).alias("payments"), pl.col("amount").sum())
    return sums.sort(_KEYS).select(EARNINGS.names()).cast(EARNINGS)


def earned(by_protocol: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row an account and token, with payments and amounts (wei) of each protocol and over all.

    Args:
        by_protocol: earnings by the protocol's name.
    """
    accounts = pl.concat([each.select(_KEYS) for each in by_protocol.values()]).unique().sort(_KEYS)
    for name, each in by_protocol.items():
        own = each.select(
            *_KEYS,
            pl.col("payments").alias(f"payments_{name}"),
            pl.col("amount").cast(pl.Int128).alias(f"amount_{name}"),
        )
        accounts = accounts.join(own, on=_KEYS, how="left", maintain_order="left")
    filled = accounts.with_columns(pl.exclude(_KEYS).fill_null(0))
    return filled.with_columns(
        pl.sum_horizontal(f"payments_{name}" for name in by_protocol).alias("payments"),
        pl.sum_horizontal(f"amount_{name}" for name in by_protocol).alias("amount"),
    ).with_columns(pl.col("amount", *(f"amount_{name}" for name in by_protocol)).cast(pl.Decimal(38, 0)))


def write_earnings(folder: Path, lake: Lake, earnings: pl.DataFrame) -> None:
    """Write the earnings as results of their own. Raises `UsageError` if the folder holds something else."""
    summary = {"accounts": earnings["account"].n_unique(), "payments": int(earnings["payments"].sum())}
    write(folder, {"earnings": earnings}, summary, {"configuration": {"mode": "earnings"}, **made_from(lake)})


def earnings_lines(earnings: pl.DataFrame) -> list[str]:
    """Who was paid by more than one protocol, for a terminal: amounts in wei."""
    counts = [name for name in earnings.columns if name.startswith("payments_")]
    both = earnings.filter(pl.sum_horizontal(pl.col(name) > 0 for name in counts) > 1)
    accounts, several = (each["account"].n_unique() for each in (earnings, both))
    lines = [f"earnings  {accounts:,} accounts, {several:,} of them in several"]
    for row in both.sort("amount", descending=True).head(SHOWN).iter_rows(named=True):
        parts = ", ".join(f"{row[name]:,} by {name.removeprefix('payments_')}" for name in counts)
        lines.append(f"          {row['account']}  {row['amount']} wei of {row['token']}: {parts}")
    return lines
