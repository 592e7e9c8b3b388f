"""The book of credits: every wei of every job by token, where it came from and went to; and keepers' accounts."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.protocols.keep3r_v1.audit.rows import KeeperAccountRow, LedgerTotalRow
from keep3r_replay.protocols.keep3r_v1.contract.state import ETH
from keep3r_replay.protocols.keep3r_v1.replay.records import CreditChange
from keep3r_replay.replay.tables import frame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1

KINDS = ("paid_in", "fee", "minted", "applied", "work", "receipt", "burned")


class LedgerError(Exception):
    """The book does not add up to the credits of the contract: a mistake of the model, never of the chain."""


def ledger_tables(
    kp3r: Keep3rV1, changes: Sequence[CreditChange], works: pl.DataFrame, lake: Lake, *, whole: bool
) -> dict[str, pl.DataFrame]:
    """Book, totals and keepers' accounts. With `whole` the changes go back to the contract's beginning.

    Raises:
        LedgerError: the sum of a job's changes is not what the contract holds for it.
    """
    sums: defaultdict[tuple[str, str], int] = defaultdict(int)
    by_kind: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for change in changes:
        key = change.job, change.token
        sums[key] += change.amount
        by_kind[*key, change.kind] += change.amount
    if whole:
        for (job, token), total in sums.items():
            if total != kp3r.credits_of(job, token):
                raise LedgerError(f"{job} {token}: changes sum to {total}, credits are {kp3r.credits_of(job, token)}")
    totals = [
        LedgerTotalRow(
            job, token, **{kind: by_kind[job, token, kind] for kind in KINDS}, credits=kp3r.credits_of(job, token)
        )
        for job, token in sorted(sums)
    ]
    return {
        "ledger": frame(CreditChange, changes),
        "ledger_totals": frame(LedgerTotalRow, totals),
        "keeper_accounts": keeper_accounts(works, kp3r.address, lake),
    }


def keeper_accounts(works: pl.DataFrame, kp3r: str, lake: Lake) -> pl.DataFrame:
    """What every account was paid, what that was worth, and what it spent on gas for it."""
    paid = works.with_columns(pl.col(pl.Decimal).exclude("oracle_price").cast(pl.Int128))
    accounts: defaultdict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in paid.iter_rows(named=True):
        account = accounts[row["keeper"]]
        account["payments"] += 1
        if row["credit"] == kp3r:
            bonded = row["class"].startswith("work")
            account["kp3r_bonded" if bonded else "kp3r_received"] += row["payment"]
            account["eth_worth"] += row["eth_worth"] or 0
        elif row["credit"] == ETH:
            account["eth_received"] += row["payment"]
    for spent in _fees(works, lake):
        accounts[spent.origin]["transactions"] += spent.transactions
        accounts[spent.origin]["gas_paid"] += spent.fees
    rows = []
    for address in sorted(accounts):
        account = accounts[address]
        profit = account["eth_worth"] + account["eth_received"] - account["gas_paid"]
        sums = {name: account[name] for name in KeeperAccountRow._fields if name not in {"keeper", "profit"}}
        rows.append(KeeperAccountRow(keeper=address, **sums, profit=profit))
    return frame(KeeperAccountRow, rows)


class _Spent(NamedTuple):
    """What an account spent on transactions that paid somebody: how many, and their fees in wei."""

    origin: str
    transactions: int
    fees: int


def _fees(works: pl.DataFrame, lake: Lake) -> list[_Spent]:
    """By origin: how many transactions paid somebody, and what they cost in wei."""
    if not lake.has("transactions"):
        return []
    places = works.select("block_number", "transaction_index").unique()
    sent = (
        lake.scan("transactions")
        .join(places.lazy(), on=["block_number", "transaction_index"], how="semi")
        .select("from", (pl.col("gas_used") * pl.col("effective_gas_price").cast(pl.Int128)).alias("fee"))
        .collect()
    )
    grouped = sent.group_by("from").agg(pl.len(), pl.col("fee").sum()).sort("from")
    return [_Spent(str(origin), int(count), int(fee)) for origin, count, fee in grouped.iter_rows()]


def ledger_summary(tables: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Entries of the book, and sums by kind over the credits in KP3R."""
    ledger = tables["ledger"]
    sums = ledger.with_columns(pl.col("amount").cast(pl.Int128)).group_by("kind").agg(pl.col("amount").sum())
    return {
        "entries": ledger.height,
        "sums": {kind: str(amount) for kind, amount in sorted(sums.iter_rows())},
    }
