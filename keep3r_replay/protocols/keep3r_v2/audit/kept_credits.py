"""Changes of credits as tables, and back: what a later run with a ledger needs beside the tables of results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import CreditChange
from keep3r_replay.protocols.keep3r_v2.tables import amounts_table

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


def changes_table(changes: Sequence[CreditChange], addresses: Mapping[int, str]) -> pl.DataFrame:
    """Changes of credits, in their order; `addresses` tells those of jobs by the identity of their record."""
    columns = dict(zip(CreditChange._fields, list(zip(*changes, strict=True)) or [()] * len(_CHANGES), strict=True))
    # As texts: a ratio may have more digits than an amount, and a record in memory is known by its identity alone.
    texts = {name: _texts(columns[name]) for name in ("numerator", "denominator")}
    return amounts_table({**columns, **texts, "job": [addresses[each] for each in columns["job"]]}, _CHANGES)


def _texts(numbers: Sequence[int]) -> list[str]:
    """Whole numbers as texts; nearly all are 0."""
    return [str(each) if each else "0" for each in numbers]


def credit_tables(
    changes: pl.DataFrame, changes_by: Sequence[int], plain_boosts: Sequence[int | None]
) -> dict[str, pl.DataFrame]:
    """What an observer has seen; `changes` as `changes_table` makes them."""
    return {
        "credit_changes": changes,
        "credit_marks": pl.DataFrame({"changes": list(changes_by)}, schema={"changes": pl.UInt32}),
        "plain_boosts": amounts_table({"boost": plain_boosts}, {"boost": _AMOUNT}),
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
