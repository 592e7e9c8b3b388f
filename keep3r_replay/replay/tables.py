"""Columns of amounts in result tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

AMOUNT = pl.Decimal(38, 0)
"""The type of amounts on disk."""
_LIMIT = 10**38


def amounts(name: str, values: Sequence[int | None]) -> pl.Series:
    """Whole numbers as a column of amounts, exactly, by way of Int128: straight from Python they are slow.

    Raises:
        UsageError: an amount has more than 38 digits, as no history has, but inputs that are changed beyond reason.
    """
    try:
        return pl.Series(name, values, dtype=pl.Int128).cast(AMOUNT)
    except (OverflowError, TypeError, pl.exceptions.PolarsError):
        # What fits into 128 bits without a sign only is a TypeError.
        if all(value is None or abs(value) < _LIMIT for value in values):
            raise
        raise UsageError(f"{name}: an amount has more than 38 digits, which no table holds") from None
