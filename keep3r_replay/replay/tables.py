"""Result tables: a row is a named tuple, and its annotations are the table's columns.

A field is named as its column; where that is a word of the language (`class`), an underscore stands behind it.
"""

from __future__ import annotations

from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import polars as pl

from keep3r_replay.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

AMOUNT = pl.Decimal(38, 0)
"""The type of amounts on disk."""
HUNDREDTHS = pl.Decimal(38, 2)
"""The type of ratios with two decimals on disk."""
Amount = Annotated[int, AMOUNT]
"""A field in wei or in gas, as a column of amounts."""
Hundredths = Annotated[int, HUNDREDTHS]
"""A field in hundredths: no float comes near the two decimals of its column."""
UInt32 = Annotated[int, pl.UInt32()]
"""A field of a number that cannot be negative, such as that of a block."""
Int64 = Annotated[int, pl.Int64()]
"""A field of seconds, or of another number that fits."""
Row = TypeVar("Row", bound=tuple[Any, ...])
_LIMIT = 10**38
_PLAIN: dict[Any, Any] = {str: pl.String(), bool: pl.Boolean()}


@cache
def schema_of(row: type[tuple[Any, ...]]) -> pl.Schema:
    """The columns of a table, by the annotations of its rows; what may be None is null there."""
    hints = get_type_hints(row, include_extras=True)
    return pl.Schema({name.rstrip("_"): _type(hint) for name, hint in hints.items()})


def _type(hint: Any) -> Any:
    parts = [each for each in get_args(hint) if each is not NoneType] if NoneType in get_args(hint) else [hint]
    (kind,) = parts
    return kind.__metadata__[0] if get_origin(kind) is Annotated else _PLAIN[kind]


def frame(row: type[Row], rows: Sequence[Row]) -> pl.DataFrame:
    """A table of its rows.

    Raises:
        UsageError: an amount has more than 38 digits, as no history has, but inputs that are changed beyond reason.
    """
    schema = schema_of(row)
    columns: list[Any] = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    return pl.DataFrame(
        [_series(name, kind, list(values)) for (name, kind), values in zip(schema.items(), columns, strict=True)]
    )


def _series(name: str, kind: Any, values: list[Any]) -> pl.Series:
    if kind == AMOUNT:
        return amounts(name, values)
    if kind == HUNDREDTHS:
        return (amounts(name, values).cast(HUNDREDTHS) / 100).cast(HUNDREDTHS).alias(name)
    return pl.Series(name, values, dtype=kind)


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


def values_of(series: pl.Series) -> list[Any]:
    """The values of a column as objects, by the shortest way; amounts come as int."""
    if series.dtype in {AMOUNT, pl.Int128}:
        narrow = series.cast(pl.Int64, strict=False)
        return (series.cast(pl.Int128) if narrow.null_count() > series.null_count() else narrow).to_list()
    if series.dtype != pl.String:
        return series.to_list()
    # One object a text, whose hash is known from its first use on.
    names = series.unique()
    texts = names.to_list()
    return [texts[place] for place in series.cast(pl.Enum(names)).to_physical().to_list()]
