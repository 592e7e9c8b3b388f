"""Transactions held against what every chain guarantees: failed ones leave no logs, gas adds up, none is missing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.chain.forks import FORKS, amsterdam_from, receipts_gas
from keep3r_replay.journal import ERROR, Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.history import Span

_PLACE = ("block_number", "transaction_index")


def check_transactions(lake: Lake, span: Span) -> list[Finding]:
    """Findings about the lake's transactions, in no order.

    Kinds: `failed_with_logs` at the first log of a transaction of status 0; `gas_sum` where a block's gas used does
    not fit its transactions' (`chain.forks`); `missing_transaction` where their indices have a gap. The last two
    only where the lake holds all transactions.
    """
    asked = [_times(lake, span)]
    if lake.has("transactions"):
        transactions = lake.scan("transactions", from_block=span.first, until_block=span.until)
        asked += [_failed_with_logs(lake, transactions, span), _impossible_gas(lake, transactions, span)]
        if lake.deployment.transactions == "all":
            asked.append(_sums(lake, transactions, span))
    # Asked together, they cost little more than half of what they cost one by one.
    frames = pl.collect_all([each.rows for each in asked])
    return [finding for each, frame in zip(asked, frames, strict=True) for finding in each.tell(frame)]


class _Asked(NamedTuple):
    """A question about transactions or blocks: the rows that answer it, and the findings that they are."""

    rows: pl.LazyFrame
    tell: Callable[[pl.DataFrame], Iterable[Finding]]


def _failed_with_logs(lake: Lake, transactions: pl.LazyFrame, span: Span) -> _Asked:
    failed = transactions.filter(pl.col("status") == 0).select(*_PLACE, "hash", "to")
    logs = lake.scan("logs", columns=[*_PLACE, "log_index"], from_block=span.first, until_block=span.until)
    found = failed.join(logs, on=list(_PLACE)).group_by(*_PLACE, "hash", "to").agg(pl.col("log_index").min())
    return _Asked(found.sort(*_PLACE), _failures)


def _failures(found: pl.DataFrame) -> list[Finding]:
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
        for block, _, digest, to, log_index in found.iter_rows()
    ]


def _times(lake: Lake, span: Span) -> _Asked:
    blocks = lake.scan("blocks", ["number", "timestamp"], span.until, span.first)
    if span.first is not None:
        blocks = pl.concat([_last_before(lake, span.first), blocks])
    # A script may have several calls in one second, each in a block of its own; a local chain several blocks.
    known = lake.deployment.origin != "simulation" and lake.deployment.chain_id in FORKS
    step = 1 if known else 0
    early = (
        blocks.filter(pl.col("timestamp").is_not_null())
        .sort("number")
        .with_columns(pl.col("timestamp").shift().alias("before"))
        .filter(pl.col("timestamp") < pl.col("before") + step)
    )
    return _Asked(early, partial(_early_blocks, step))


def _last_before(lake: Lake, first: int) -> pl.LazyFrame:
    """Number and time of the last block before `first` whose time is known; looked for in one file after the other."""
    entries = [entry for entry in lake.manifest.of_table("blocks") if entry.from_block < first]
    for entry in reversed(entries):
        known = lake.scan("blocks", ["number", "timestamp"], min(entry.to_block, first - 1), entry.from_block)
        last = known.filter(pl.col("timestamp").is_not_null()).last().collect()
        if last.height:
            return last.lazy()
    return lake.scan("blocks", ["number", "timestamp"], first - 1, first).head(0)


def _early_blocks(step: int, early: pl.DataFrame) -> list[Finding]:
    return [
        _of_block(
            "block_time",
            number,
            "timestamp",
            before + step,
            timestamp,
            "a block is never earlier than the one before it",
        )
        for number, timestamp, before in early.iter_rows()
    ]


def _impossible_gas(lake: Lake, transactions: pl.LazyFrame, span: Span) -> _Asked:
    blocks = lake.scan(
        "blocks",
        columns=["number", "base_fee_per_gas", "gas_limit"],
        from_block=span.first,
        until_block=span.until,
    )
    amounts = [pl.col(name).cast(pl.Int128) for name in ("gas", "gas_used", "gas_limit", "price", "base_fee")]
    rows = (
        transactions.select(*_PLACE, "hash", "to", "gas", "gas_used", pl.col("effective_gas_price").alias("price"))
        .join(blocks.rename({"base_fee_per_gas": "base_fee"}), left_on="block_number", right_on="number")
        .with_columns(amounts)
        .filter(
            (pl.col("gas_used") > pl.col("gas"))
            | (pl.col("gas_used") > pl.col("gas_limit"))
            # A chain's own transactions pay nothing at all.
            | ((pl.col("price") < pl.col("base_fee")) & (pl.col("price") > 0))
        )
        .sort(*_PLACE)
    )
    return _Asked(rows, lambda found: map(_gas_finding, found.iter_rows(named=True)))


def _gas_finding(row: dict[str, Any]) -> Finding:
    """What is impossible about the gas of one transaction: the first of three that does not hold."""
    if row["gas_used"] > row["gas"]:
        field, least, found, why = "gas_used", row["gas"], row["gas_used"], "more than the transaction allowed for"
    elif row["gas_limit"] is not None and row["gas_used"] > row["gas_limit"]:
        field, least, found, why = "gas_used", row["gas_limit"], row["gas_used"], "more than the whole block may use"
    else:
        field, least, found = "effective_gas_price", row["base_fee"], row["price"]
        why = "less than the base fee, which everybody pays"
    return Finding(
        "impossible_gas",
        ERROR,
        row["block_number"],
        None,
        row["to"] or row["hash"],
        field,
        str(least),
        str(found),
        found - least,
        why,
        row["hash"],
    )


def _sums(lake: Lake, transactions: pl.LazyFrame, span: Span) -> _Asked:
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
    return _Asked(joined.sort("number"), partial(_wrong_sums, amsterdam))


def _wrong_sums(amsterdam: int | None, sums: pl.DataFrame) -> list[Finding]:
    findings = []
    for number, timestamp, gas_used, spent, count, last in sums.iter_rows():
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
