"""Transactions held against what every chain guarantees: failed ones leave no logs, gas adds up, none is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.chain.forks import amsterdam_from, receipts_gas
from keep3r_replay.journal import ERROR, Finding

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.history import Span

_PLACE = ("block_number", "transaction_index")


def check_transactions(lake: Lake, span: Span) -> list[Finding]:
    """Findings about the lake's transactions, in no order.

    Kinds: `failed_with_logs` at the first log of a transaction of status 0; `gas_sum` where a block's gas used does
    not fit its transactions' (`chain.forks`); `missing_transaction` where their indices have a gap. The last two
    only where the lake holds all transactions.
    """
    if not lake.has("transactions"):
        return []
    transactions = lake.scan("transactions", from_block=span.first, until_block=span.until)
    findings = _failed_with_logs(lake, transactions, span)
    if lake.deployment.transactions == "all":
        findings += _sums(lake, transactions, span)
    return findings


def _failed_with_logs(lake: Lake, transactions: pl.LazyFrame, span: Span) -> list[Finding]:
    failed = transactions.filter(pl.col("status") == 0).select(*_PLACE, "hash", "to")
    logs = lake.scan("logs", columns=[*_PLACE, "log_index"], from_block=span.first, until_block=span.until)
    found = failed.join(logs, on=list(_PLACE)).group_by(*_PLACE, "hash", "to").agg(pl.col("log_index").min())
    return [
        Finding(
            "failed_with_logs",
            ERROR,
            block,
            log_index,
            to or digest,
            "status",
            "1",
            "0",
            None,
            "a transaction that fails leaves no log: its status or its logs are wrong",
            digest,
        )
        for block, _, digest, to, log_index in found.sort(*_PLACE).collect().iter_rows()
    ]


def _sums(lake: Lake, transactions: pl.LazyFrame, span: Span) -> list[Finding]:
    blocks = lake.scan(
        "blocks", columns=["number", "timestamp", "gas_used"], from_block=span.first, until_block=span.until
    ).filter(pl.col("gas_used").is_not_null())
    sums = transactions.group_by("block_number").agg(
        pl.col("gas_used").sum().alias("spent"),
        pl.len().alias("count"),
        pl.col("transaction_index").max().alias("last"),
    )
    joined = blocks.join(sums, left_on="number", right_on="block_number", how="left").filter(
        (pl.col("gas_used") != pl.col("spent").fill_null(0)) | (pl.col("last") + 1 != pl.col("count"))
    )
    amsterdam = amsterdam_from(lake.deployment.chain_id, lake.deployment.amsterdam_from)
    findings = []
    for number, timestamp, gas_used, spent, count, last in joined.sort("number").collect().iter_rows():
        if last is not None and last + 1 != count:
            findings.append(
                _of_block(
                    "missing_transaction",
                    number,
                    "transactions",
                    last + 1,
                    count,
                    "the indices of the block's transactions have a gap",
                )
            )
            continue
        bounds = receipts_gas(amsterdam, timestamp, gas_used)
        if not bounds.least <= (spent or 0) <= bounds.most:
            findings.append(
                _of_block(
                    "gas_sum",
                    number,
                    "gas_used",
                    gas_used,
                    spent or 0,
                    "the gas that the header counts does not fit the transactions': one is missing or changed",
                )
            )
    return findings


def _of_block(kind: str, number: int, field: str, expected: int, observed: int, reason: str) -> Finding:
    return Finding(kind, ERROR, number, None, "block", field, str(expected), str(observed), observed - expected, reason)
