"""The book of credits: every wei of every job by token, where it came from and went to; and keepers' accounts."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.protocols.keep3r_v1.audit.rows import KeeperAccountRow, LedgerTotalRow
from keep3r_replay.protocols.keep3r_v1.contract.state import ETH
from keep3r_replay.replay.parts import lazily
from keep3r_replay.replay.tables import AMOUNT, frame, schema_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1
    from keep3r_replay.replay.parts import Table

SPENT = pl.Schema({"block_number": pl.UInt32(), "from": pl.String(), "fee": AMOUNT})
"""A transaction in which somebody was paid: who sent it, and its fee in wei."""
KINDS = ("paid_in", "fee", "minted", "applied", "work", "receipt", "burned")


class LedgerError(Exception):
    """The book does not add up to the credits of the contract: a mistake of the model, never of the chain."""


def ledger_tables(kp3r: Keep3rV1, ledger: Table, works: Table, spent: Table, *, whole: bool) -> dict[str, Table]:
    """The book, totals and keepers' accounts. With `whole` its changes go back to the contract's beginning.

    Args:
        kp3r: the contract at the end.
        ledger: the table of all changes.
        works: that of payments.
        spent: `spent_table` of their transactions.
        whole: see above.

    Raises:
        LedgerError: the sum of a job's changes is not what the contract holds for it.
    """
    amount = pl.col("amount").cast(pl.Int128).sum()
    summed = ledger.lazy().group_by("job", "token", "kind").agg(amount).collect()
    by_kind: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(lambda: dict.fromkeys(KINDS, 0))
    for job, token, kind, total in summed.iter_rows():
        by_kind[job, token][kind] = total
    if whole:
        for (job, token), kinds in by_kind.items():
            total = sum(kinds.values())
            if total != kp3r.credits_of(job, token):
                raise LedgerError(f"{job} {token}: changes sum to {total}, credits are {kp3r.credits_of(job, token)}")
    totals = [
        LedgerTotalRow(job, token, **by_kind[job, token], credits=kp3r.credits_of(job, token))
        for job, token in sorted(by_kind)
    ]
    return {
        "ledger": ledger,
        "ledger_totals": frame(LedgerTotalRow, totals),
        "keeper_accounts": keeper_accounts(works, kp3r.address, spent),
    }


def keeper_accounts(works: Table, kp3r: str, spent: Table) -> pl.DataFrame:
    """What every account was paid, what that was worth, and what it spent on gas for it."""
    is_kp3r, is_work = pl.col("credit") == kp3r, pl.col("class").str.starts_with("work")
    payment, worth = pl.col("payment").cast(pl.Int128), pl.col("eth_worth").cast(pl.Int128)
    paid = (
        works.lazy()
        .group_by(pl.col("keeper"))
        .agg(
            pl.len().alias("payments"),
            payment.filter(is_kp3r & is_work).sum().alias("kp3r_bonded"),
            payment.filter(is_kp3r & ~is_work).sum().alias("kp3r_received"),
            payment.filter(~is_kp3r & (pl.col("credit") == ETH)).sum().alias("eth_received"),
            worth.filter(is_kp3r).sum().alias("eth_worth"),
        )
    )
    fees = (
        spent.lazy()
        .group_by(pl.col("from").alias("keeper"))
        .agg(pl.len().alias("transactions"), pl.col("fee").cast(pl.Int128).sum().alias("gas_paid"))
    )
    accounts = paid.join(fees, on="keeper", how="full", coalesce=True).sort("keeper").fill_null(0)
    counted = accounts.with_columns(profit=pl.col("eth_worth") + pl.col("eth_received") - pl.col("gas_paid"))
    schema = schema_of(KeeperAccountRow)
    return counted.select(schema.names()).cast(schema).collect()


def spent_table(works: pl.DataFrame, lake: Lake) -> pl.DataFrame:
    """The transactions in which these works were paid: sender, and the fee in wei."""
    if not lake.has("transactions") or not works.height:
        return pl.DataFrame(schema=SPENT)
    places = works.select("block_number", "transaction_index").unique()
    first, last = places.select(first=pl.col("block_number").min(), last=pl.col("block_number").max()).row(0)
    return (
        lake.scan("transactions", from_block=first, until_block=last)
        .join(places.lazy(), on=["block_number", "transaction_index"], how="semi")
        .sort("block_number", "transaction_index")
        .select(
            "block_number", "from", (pl.col("gas_used") * pl.col("effective_gas_price").cast(pl.Int128)).alias("fee")
        )
        .cast(SPENT)
        .collect()
    )


def ledger_summary(tables: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Entries of the book, and sums by kind over the credits in KP3R."""
    sums = lazily(tables, "ledger").group_by("kind").agg(pl.len(), pl.col("amount").cast(pl.Int128).sum()).collect()
    return {
        "entries": sum(count for _, count, _ in sums.iter_rows()),
        "sums": {kind: str(amount) for kind, _, amount in sorted(sums.iter_rows())},
    }
