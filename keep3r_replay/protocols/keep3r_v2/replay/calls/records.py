"""The works of a replay in chain order: those that went one by one as rows, plain ones as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import polars as pl

from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import (
    EXPLAINED_SCHEMA,
    RECORD_SCHEMA,
    Explained,
    WorkRecord,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_AMOUNT = pl.Decimal(38, 0)
SCHEMA = pl.Schema({**EXPLAINED_SCHEMA, **RECORD_SCHEMA})
"""Columns of a work's record."""
SINGLES_BEFORE = "singles_before"
"""Column of plain works: how many works went one by one before it."""


class Plain(Protocol):
    """Works that were taken from columns."""

    def frame(self) -> pl.DataFrame:
        """Their records so far, in chain order: `SCHEMA`, and `SINGLES_BEFORE`."""


class WorkRecords:
    """What a replay remembers of its works, in chain order."""

    def __init__(self) -> None:
        self.singles: list[WorkRecord] = []
        """The works that went one by one."""
        self._plain: list[pl.DataFrame] = []
        self._present: Plain | None = None

    def append(self, record: WorkRecord) -> None:
        """A work that went by itself."""
        self.singles.append(record)

    def begin(self, plain: Plain) -> None:
        """Works of these columns follow; those of former ones are complete."""
        self._settle()
        self._present = plain

    def frame(self) -> pl.DataFrame:
        """All records, with `SCHEMA`."""
        self._settle()
        singles = _frame(self.singles)
        if not self._plain:
            return singles
        plain = pl.concat(self._plain)
        self._plain = [plain]
        count = plain.height + singles.height
        # Plain works stand behind the singles and the plain ones before them; singles take the places that are left.
        places = plain[SINGLES_BEFORE] + pl.int_range(plain.height, dtype=pl.UInt32, eager=True)
        is_plain = pl.int_range(count, dtype=pl.UInt32, eager=True).is_in(places.implode())
        rank = pl.when("p").then(pl.col("p").cum_sum() - 1).otherwise((~pl.col("p")).cum_sum() - 1 + plain.height)
        order = pl.DataFrame({"p": is_plain}).select(rank).to_series()
        return pl.concat([plain.drop(SINGLES_BEFORE), singles])[order]

    def _settle(self) -> None:
        if self._present is not None:
            self._plain.append(self._present.frame())
            self._present = None


def _frame(records: Sequence[WorkRecord]) -> pl.DataFrame:
    explained, *around = list(zip(*records, strict=True)) or [()] * (1 + len(RECORD_SCHEMA))
    columns = list(zip(*explained, strict=True)) or [()] * len(Explained._fields)
    return pl.DataFrame(
        [_column(name, kind, values) for (name, kind), values in zip(SCHEMA.items(), [*columns, *around], strict=True)]
    )


def _column(name: str, kind: pl.DataType, values: Sequence[object]) -> pl.Series:
    first = values[0] if values else None
    if values.count(first) == len(values):
        # Most histories leave many columns at one value.
        return pl.Series(name, [first], kind).new_from_index(0, len(values)) if values else pl.Series(name, [], kind)
    return pl.Series(name, values, pl.Int128).cast(_AMOUNT) if kind == _AMOUNT else pl.Series(name, values, kind)
