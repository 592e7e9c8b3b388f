"""Changes of credits as tables, and back: what a later run with a ledger needs beside the tables of results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import CreditChange
from keep3r_replay.protocols.keep3r_v2.tables import rows_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_AMOUNT, _NUMBER, _TEXT, _TIME = pl.Decimal(38, 0), pl.UInt32(), pl.String(), pl.Int64()
_CHANGES: dict[str, Any] = {
    "block_number": _NUMBER,
    "log_index": _NUMBER,
    "timestamp": _TIME,
    "regime": _NUMBER,
    "operation": _TEXT,
    "kind": _TEXT,
    "job": _TEXT,
    "amount": _AMOUNT,
    "rewarded_before": _AMOUNT,
    "rewarded_at": _AMOUNT,
    "period_credits": _AMOUNT,
    "counterpart": _TEXT,
    "numerator": _TEXT,
    "denominator": _TEXT,
}
"""Columns of `CreditChange`, the job by its address; the ratio may have more digits than an amount."""


def credit_tables(
    changes: Sequence[CreditChange],
    addresses: Mapping[int, str],
    changes_by: Sequence[int],
    plain_boosts: Sequence[int | None],
) -> dict[str, pl.DataFrame]:
    """What an observer has seen; `addresses` tells those of jobs by the identity of their record."""
    # As texts: a ratio may have more digits than an amount, and a record in memory is known by its identity alone.
    told = [
        {"job": addresses[each.job], "numerator": str(each.numerator), "denominator": str(each.denominator)}
        for each in changes
    ]
    rows = [tuple((each._asdict() | texts).values()) for each, texts in zip(changes, told, strict=True)]
    return {
        "credit_changes": rows_table(rows, _CHANGES),
        "credit_marks": pl.DataFrame({"changes": list(changes_by)}, schema={"changes": pl.UInt32}),
        "plain_boosts": rows_table([(each,) for each in plain_boosts], {"boost": _AMOUNT}),
    }


def recalled_changes(table: pl.LazyFrame, records: Mapping[str, int]) -> Iterator[CreditChange]:
    """The changes of a table; `records` tells the identity of a job's record by its address."""
    for row in plain_rows(table, CreditChange._fields):
        *head, job, amount, before, at, credits_, counterpart, numerator, denominator = row
        rest = (records[job], amount, before, at, credits_, counterpart, int(numerator), int(denominator))
        yield CreditChange._make((*head, *rest))


def plain_rows(table: pl.LazyFrame, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Rows of a table as Python has them: amounts are int."""
    frame = table.select(columns).with_columns(pl.col(pl.Decimal).cast(pl.Int128)).collect()
    return zip(*(frame[name].to_list() for name in columns), strict=True)


def plain_column(table: pl.LazyFrame, name: str) -> list[Any]:
    """A column of amounts as Python has it."""
    return table.select(pl.col(name).cast(pl.Int128)).collect()[name].to_list()
