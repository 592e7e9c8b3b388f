"""The table of works: every KeeperWork with its transaction, and what explains its payment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.protocols.keep3r_v2.audit.work_gas import beyond_gas
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import (
    EXPLAINED_SCHEMA,
    RECORD_SCHEMA,
    SOLVED_GAS,
)
from keep3r_replay.replay.entries import ENTRY_SCHEMA, entry_points

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.replay.calls.records import WorkRecords
    from keep3r_replay.replay.timeline import Span

_AMOUNT = pl.Decimal(38, 0)
_TRANSACTION = ("block_number", "transaction_index")
_LOG = ("block_number", "log_index")

_EVENT_SCHEMA = pl.Schema(
    {
        "block_number": pl.UInt32(),
        "log_index": pl.UInt32(),
        "transaction_index": pl.UInt32(),
        "timestamp": pl.Int64(),
        "transaction_hash": pl.String(),
        "job": pl.String(),
        "keeper": pl.String(),
        "credit": pl.String(),
        "payment": _AMOUNT,
        "gas_left": _AMOUNT,
    }
)
_OF_EXPLAINED = ("suspicious", "told_here", "choices", "off_by", "price_is_told", "code")
EVIDENCE_SCHEMA = pl.Schema(
    {
        **{name: EXPLAINED_SCHEMA[name] for name in _OF_EXPLAINED},
        "told_later": pl.Boolean(),
        "beyond_gas": pl.Boolean(),
    }
)
"""Columns that only the classes are made of. `told_later`: a validation after the payment logged the meter that makes
it right. `beyond_gas`: more gas passed between validation and work than the transaction can have used. `code`: how
the code that priced it is known."""

WORKS_SCHEMA = pl.Schema(
    {
        name: kind
        for name, kind in {
            **_EVENT_SCHEMA,
            **EXPLAINED_SCHEMA,
            **RECORD_SCHEMA,
            **ENTRY_SCHEMA,
            "class": pl.String(),
            "reason": pl.String(),
        }.items()
        if name not in EVIDENCE_SCHEMA and name != "transaction_index"
    }
)
"""Table `works`: the event, what explains its payment, the job's credits around it, its entry point, its class."""


def works_table(lake: Lake, records: WorkRecords, span: Span, keep3r: str) -> pl.DataFrame:
    """The works that a replay went through, in chain order: event, explanation, entry point, and `EVIDENCE_SCHEMA`.

    Args:
        lake: the history.
        records: of the same works.
        span: the part of the history that was replayed.
        keep3r: the contract that was replayed.
    """
    if not lake.has("events/keep3r.KeeperWork"):
        events = pl.DataFrame(schema=_EVENT_SCHEMA)
    else:
        scan = lake.scan("events/keep3r.KeeperWork", from_block=span.first, until_block=span.until).filter(
            pl.col("address") == keep3r
        )
        events = scan.select(_EVENT_SCHEMA.names()).collect()
    works = events.hstack(records.frame())
    entries = entry_points(lake, span, works)
    told = works.select(_LOG).join(_told_later(lake, works, span), on=_LOG, how="left", maintain_order="left")
    return works.drop("transaction_index").hstack(
        [
            *entries.select(*ENTRY_SCHEMA),
            told["told_later"],
            beyond_gas(works.hstack(entries.select("gas_used"))),
        ]
    )


def _told_later(lake: Lake, works: pl.DataFrame, span: Span) -> pl.DataFrame:
    """Works whose meter no event before them logged, but a validation after them in the same transaction did."""
    solved = works.filter(pl.col("explanation") == SOLVED_GAS).select(*_TRANSACTION, "log_index", "initial_gas")
    if solved.is_empty() or not lake.has("events/keep3r.KeeperValidation"):
        return pl.DataFrame(schema={"block_number": pl.UInt32, "log_index": pl.UInt32, "told_later": pl.Boolean})
    validations = lake.scan("events/keep3r.KeeperValidation", from_block=span.first).select(
        *_TRANSACTION, pl.col("log_index").alias("validated_at"), pl.col("gas_left").alias("initial_gas")
    )
    return (
        validations.join(solved.lazy(), on=[*_TRANSACTION, "initial_gas"])
        .filter(pl.col("validated_at") > pl.col("log_index"))
        .select("block_number", "log_index", pl.lit(value=True).alias("told_later"))
        .unique()
        .collect()
    )


def total_tables(works: pl.LazyFrame) -> dict[str, pl.DataFrame]:
    """What every keeper earned and every job paid over all contracts, by token: number of works, and the sum in wei."""
    both = works.group_by("keeper", "job", "credit").agg(pl.len().alias("works"), pl.col("payment").sum().alias("paid"))
    pairs = both.collect()
    return {
        f"{role}_totals": pairs.group_by(role, "credit")
        .agg(pl.col("works").sum(), pl.col("paid").sum())
        .sort(role, "credit")
        for role in ("keeper", "job")
    }
