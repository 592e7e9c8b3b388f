"""Whom a statement is about, and when: addresses by their beginning, times as dates, ratios as people say them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.errors import UsageError
from keep3r_replay.report.amounts import rounded

if TYPE_CHECKING:
    from collections.abc import Iterable

_PLACES = 4
_ONE = 10**18


def party_of(role: str, start: str, known: Iterable[str]) -> str:
    """The one address of `known` that begins with `start`.

    Raises:
        UsageError: none does, or several do.
    """
    found = sorted({each for each in known if each.startswith(start)})
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(f"address={start[:60]}: the history has no {role} whose address begins so")
    raise UsageError(f"address={start[:60]}: {len(found)} begin so: {', '.join(found[:3])}")


def months(times: pl.Expr) -> pl.Expr:
    """The calendar month (UTC) of times in seconds, as `2022-05`."""
    return pl.from_epoch(times, time_unit="s").dt.strftime("%Y-%m")


def amount(name: str) -> pl.Expr:
    """A column of wei to calculate with: exact sums of any length are made of whole numbers."""
    return pl.col(name).cast(pl.Int128)


def whole_tokens(wei: Iterable[int | None]) -> pl.Series:
    """Amounts in whole tokens of 18 decimals, exact."""
    text = [None if each is None else f"{'-' * (each < 0)}{abs(each) // _ONE}.{abs(each) % _ONE:018d}" for each in wei]
    return pl.Series(text, dtype=pl.String).cast(pl.Decimal(38, 18))


def times(part: int, whole: int) -> str | None:
    """How many times the whole the part is, with four decimals, rounded half to even; None of nothing."""
    if whole <= 0:
        return None
    scaled = rounded(part * 10**_PLACES, whole)
    return f"{scaled // 10**_PLACES:,}.{scaled % 10**_PLACES:04d}"
