"""The table of works: every KeeperWork with its transaction, and what explains its payment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.evm.relays import RELAYS, entry_call
from keep3r_replay.protocols.keep3r_v2.audit.work_gas import beyond_gas
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import (
    EXPLAINED_SCHEMA,
    RECORD_SCHEMA,
    SOLVED_GAS,
    Explained,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import WorkRecord
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
_ENTRY_SCHEMA = pl.Schema({"transaction_to": pl.String(), "selector": pl.String()})
EVIDENCE_SCHEMA = pl.Schema(
    {
        **{name: EXPLAINED_SCHEMA[name] for name in ("suspicious", "told_here", "choices", "off_by", "price_is_told")},
        "told_later": pl.Boolean(),
        "beyond_gas": pl.Boolean(),
    }
)
"""Columns that only the classes are made of. `told_later`: the meter that explains the payment is told by a validation
after it. `beyond_gas`: more gas passed between validation and work than the transaction can have used."""

WORKS_SCHEMA = pl.Schema(
    {
        name: kind
        for name, kind in {
            **_EVENT_SCHEMA,
            **EXPLAINED_SCHEMA,
            **RECORD_SCHEMA,
            **_ENTRY_SCHEMA,
            "class": pl.String(),
            "reason": pl.String(),
        }.items()
        if name not in EVIDENCE_SCHEMA and name != "transaction_index"
    }
)
"""Table `works`: the event, what explains its payment, the job's credits around it, its entry point, its class."""


def works_table(lake: Lake, records: Sequence[WorkRecord], span: Span, keep3r: str) -> pl.DataFrame:
    """The works that a replay went through, in chain order: event, explanation, entry point, and `EVIDENCE_SCHEMA`.

    Args:
        lake: the history.
        records: one per work, in chain order.
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
    works = events.hstack(_record_columns(records))
    # Only the keys are joined: the other columns need not move.
    entries = works.select(_TRANSACTION).join(
        _transactions(lake, span), on=_TRANSACTION, how="left", maintain_order="left"
    )
    entries = _through_relays(lake, span, works, entries)
    told = works.select(_LOG).join(_told_later(lake, works), on=_LOG, how="left", maintain_order="left")
    return works.drop("transaction_index").hstack(
        [
            *entries.select(*_ENTRY_SCHEMA),
            told["told_later"],
            beyond_gas(works.hstack(entries.select("gas_used"))),
        ]
    )


def _record_columns(records: Sequence[WorkRecord]) -> list[pl.Series]:
    explained, *around = list(zip(*records, strict=True)) or [()] * (1 + len(RECORD_SCHEMA))
    columns = list(zip(*explained, strict=True)) or [()] * len(Explained._fields)
    schema = {**EXPLAINED_SCHEMA, **RECORD_SCHEMA}
    return [
        _column(name, kind, values) for (name, kind), values in zip(schema.items(), [*columns, *around], strict=True)
    ]


def _column(name: str, kind: pl.DataType, values: Sequence[object]) -> pl.Series:
    first = values[0] if values else None
    if values.count(first) == len(values):
        # Most histories leave many columns at one value.
        return pl.Series(name, [first], kind).new_from_index(0, len(values)) if values else pl.Series(name, [], kind)
    return pl.Series(name, values, pl.Int128).cast(_AMOUNT) if kind == _AMOUNT else pl.Series(name, values, kind)


def _told_later(lake: Lake, works: pl.DataFrame) -> pl.DataFrame:
    """Works whose meter no event told before them, but a validation after them in the same transaction does."""
    solved = works.filter(pl.col("explanation") == SOLVED_GAS).select(*_TRANSACTION, "log_index", "initial_gas")
    if solved.is_empty() or not lake.has("events/keep3r.KeeperValidation"):
        return pl.DataFrame(schema={"block_number": pl.UInt32, "log_index": pl.UInt32, "told_later": pl.Boolean})
    validations = lake.scan("events/keep3r.KeeperValidation").select(
        *_TRANSACTION, pl.col("log_index").alias("validated_at"), pl.col("gas_left").alias("initial_gas")
    )
    return (
        validations.join(solved.lazy(), on=[*_TRANSACTION, "initial_gas"])
        .filter(pl.col("validated_at") > pl.col("log_index"))
        .select("block_number", "log_index", pl.lit(value=True).alias("told_later"))
        .unique()
        .collect()
    )


def _transactions(lake: Lake, span: Span) -> pl.DataFrame:
    return (
        lake.scan("transactions", from_block=span.first, until_block=span.until)
        .select(
            "block_number",
            "transaction_index",
            pl.col("to").alias("transaction_to"),
            pl.col("input").bin.slice(0, 4).bin.encode("hex").alias("selector"),
            "gas_used",
        )
        .collect()
    )


def _through_relays(lake: Lake, span: Span, works: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """Entry points with what a relay calls in the place of the relay; rows as they are given."""
    selectors = [selector.hex() for selector in RELAYS]
    rows = entries["selector"].is_in(selectors).arg_true()
    if not len(rows):
        return entries
    relayed = entries[rows].select(_TRANSACTION).with_columns(works["job"][rows], pl.Series("row", rows, pl.UInt32))
    inputs = (
        lake.scan("transactions", from_block=span.first, until_block=span.until)
        .filter(pl.col("input").bin.slice(0, 4).bin.encode("hex").is_in(selectors))
        .select(*_TRANSACTION, "to", "input")
        .collect()
    )
    joined = relayed.join(inputs, on=_TRANSACTION, how="inner", maintain_order="left")
    called = [
        entry_call(to, data, job) for to, data, job in joined.select("to", "input", "job").iter_rows() if to is not None
    ]
    inner = (
        joined.filter(pl.col("to").is_not_null())
        .select("row")
        .with_columns(
            pl.Series("inner_to", [each.to for each in called], pl.String),
            pl.Series("inner_selector", [each.data[:4].hex() for each in called], pl.String),
        )
    )
    return (
        entries.with_row_index("row")
        .join(inner, on="row", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("inner_to", "transaction_to").alias("transaction_to"),
            pl.coalesce("inner_selector", "selector").alias("selector"),
        )
        .select(entries.columns)
    )


def total_tables(works: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """What every keeper earned and every job paid over all contracts, by token: number of works, and the sum in wei."""
    return {
        f"{role}_totals": works.group_by(role, "credit")
        .agg(pl.len().alias("works"), pl.col("payment").sum().alias("paid"))
        .sort(role, "credit")
        for role in ("keeper", "job")
    }
