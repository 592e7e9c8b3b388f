"""What a page of Keep3r V1 leads with: what payments were for, and what was overpaid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.counts import counted
from keep3r_replay.report.amounts import share, tokens
from keep3r_replay.report.frame import Answer
from keep3r_replay.report.html import code, place, text
from keep3r_replay.report.tables import table

if TYPE_CHECKING:
    from typing import Any

_OWN = ("work_own", "receipt_own")
_KNOWN = ("work_exact", "receipt_measured")
_OTHER = ("token", "eth")


def with_excess(works: pl.DataFrame) -> pl.DataFrame:
    """Payments in KP3R, with `excess` (wei): how far each is above the limit of the largest plausible gas; 0: not."""
    above = pl.col("payment") - pl.col("limit_at_bound")
    excess = pl.when(pl.col("bound").is_not_null() & (above > 0)).then(above).otherwise(pl.lit(0, dtype=pl.Int128))
    return works.filter(~pl.col("class").is_in(_OTHER)).with_columns(excess.alias("excess"))


def answers_of(works: pl.DataFrame) -> list[Answer]:
    """The page's answers; amounts of `works` are Int128."""
    paid = with_excess(works)
    total = _sum(paid, "payment")
    known = paid.filter(pl.col("class").is_in(_KNOWN))
    own = paid.filter(pl.col("class").is_in(_OWN))
    over = paid.filter(pl.col("excess") > 0)
    receipts = pl.col("class").str.starts_with("receipt")
    in_works, in_receipts = over.filter(~receipts), over.filter(receipts)
    excess = _sum(over, "excess")
    gas = sorted(map(int, known["gas"].drop_nulls()))
    middle = f"; {gas[len(gas) // 2]:,} in the middle one" if gas else ""
    return [
        Answer(
            "overpaid",
            f"{tokens(excess, 6)} KP3R",
            _above(in_works, in_receipts),
            "bad" if excess else "good",
        ),
        Answer(
            "paid for gas, to the wei",
            share(_sum(known, "payment"), total) if total else "-",
            f"of {tokens(total, 6)} KP3R: {known.height:,} of {counted(paid.height, 'payment')} "
            f"{'is' if known.height == 1 else 'are'} the limit of one gas figure",
        ),
        Answer(
            "the jobs' own amounts",
            f"{tokens(_sum(own, 'payment'), 6)} KP3R",
            counted(own.height, "payment is", "payments are") + " the limit of no gas at all"
            if own.height
            else "every payment is the limit of some gas",
        ),
        Answer("gas paid for", f"{sum(gas):,}", f"in {counted(len(gas), 'payment')}{middle}"),
    ]


def _above(in_works: pl.DataFrame, in_receipts: pl.DataFrame) -> str:
    """Which payments are above the limit, and by how much."""
    limit = "the limit of the most gas that a transaction can have measured"
    parts = [
        f"{counted(found.height, one)}{aside} by {tokens(_sum(found, 'excess'), 6)} KP3R"
        for found, one, aside in ((in_works, "work", ""), (in_receipts, "receipt", ", which nothing limits,"))
        if found.height
    ]
    return f"above {limit}: {', and '.join(parts)}" if parts else f"no payment is above {limit}"


def overpaid(works: pl.DataFrame) -> str:
    """Payments above the limit of the largest plausible gas, the largest excess first, and the sum by job."""
    over = with_excess(works).filter(pl.col("excess") > 0)
    if over.is_empty():
        none = "No payment is above the limit of the most gas that its transaction can have measured."
        return f"<h2>Overpaid</h2><p>{none}</p>"
    ordered = over.sort("excess", "block_number", "log_index", descending=[True, False, False])
    rows = [
        (*_about(row), *(tokens(row[name], 6) for name in ("limit_at_bound", "payment", "excess")))
        for row in ordered.iter_rows(named=True)
    ]
    headers = (*_ABOUT, "limit, KP3R", "paid, KP3R", "overpaid, KP3R")
    total = (*("",) * (len(_ABOUT) + 1), tokens(_sum(over, "payment"), 6), tokens(_sum(over, "excess"), 6))
    return "<h2>Overpaid</h2>" + table(headers, rows, _NUMBERS, total=("all", *total[1:]), file="works.parquet")


def each_payment(works: pl.DataFrame) -> str:
    """Every payment: the class, the gas, the helper that made KP3R of it."""
    paid = works.sort("block_number", "log_index")
    rows = [
        (*_about(row), tokens(row["payment"], 6) if row["class"] != "token" else str(row["payment"]))
        for row in paid.iter_rows(named=True)
    ]
    headers = (*_ABOUT, "paid (a token: its smallest unit)")
    return "<h2>Every payment, and what it was for</h2>" + table(headers, rows, _NUMBERS, file="works.parquet")


_ABOUT = ("when, UTC", "job", "keeper", "class", "helper", "gas", "gas used")
_NUMBERS = frozenset({5, 6, 7, 8, 9})


def _about(row: dict[str, Any]) -> tuple[str, ...]:
    image = row["gas"] is not None and row["payment"] == row["limit"]
    return (
        place(row["timestamp"], row["block_number"], row["log_index"]),
        code(row["job"]),
        code(row["keeper"]),
        text(row["class"].replace("_", " ")),
        text(row["helper_version"] or ""),
        f"{row['gas']:,}" if image else "",
        "" if row["gas_used"] is None else f"{row['gas_used']:,}",
    )


def _sum(works: pl.DataFrame, column: str) -> int:
    return sum(works[column].to_list())
