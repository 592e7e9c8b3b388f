"""The report of a what-if of Keep3r V1: one self-contained page, what was paid beside what would have been."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.counts import counted
from keep3r_replay.errors import InputError
from keep3r_replay.protocols.keep3r_v1.what_if.room import ASSUMPTIONS
from keep3r_replay.replay.results import manifest_of
from keep3r_replay.replay.rooms import Chart
from keep3r_replay.replay.stored import read_table
from keep3r_replay.report.amounts import tokens
from keep3r_replay.report.charts import drawn
from keep3r_replay.report.colours import BLUE, GREY
from keep3r_replay.report.cover import what_if_cover
from keep3r_replay.report.frame import Answer, answers, head
from keep3r_replay.report.html import code, folded, text
from keep3r_replay.report.page import page
from keep3r_replay.report.places import Calendar, ends_of
from keep3r_replay.report.plot import amount, coloured, told
from keep3r_replay.report.plot import table as data
from keep3r_replay.report.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from keep3r_replay.lake.reader import Lake

_JOBS_DRAWN = 12
_IN_KP3R = ~pl.col("class").is_in(["token", "eth"])
_FILES = ("works_what_if", "refused_calls", "job_credits")


def what_if_page(results: Path, summary: Mapping[str, Any], lake: Lake | None = None) -> str:
    """The page of a what-if's results: changes, outcome, jobs, keepers, limits, refusals. Raises `InputError`.

    The lake knows when its blocks were.
    """
    works, refused_calls, credits_left = read_what_if(results)
    outcome = summary["outcome"]
    first, last = summary["blocks"]
    calendar = Calendar.of((works, refused_calls), lake, ends_of(lake, first, last))
    changes = [(text(name), text(value)) for name, value in summary["overlay"].items()]
    parts = [
        head(f"What if: {summary['deployment']}", f"Keep3r V1, {calendar.span(first, last)}"),
        answers(_answers(outcome)),
        "<h2>Changes</h2>",
        table(("change", "value"), changes) if changes else "<p>None: the what-if is the history.</p>",
        folded("what is given, and what follows", "".join(f"<p>{text(each)}</p>" for each in ASSUMPTIONS)),
        *(drawn(chart) for chart in what_if_charts(works)),
        _compared(works, "job", _left(credits_left, works)),
        _compared(works, "keeper", {}),
        _limits(works, calendar),
        _refused(works, calendar),
        _refused_calls(refused_calls, calendar),
        what_if_cover("Keep3r V1", summary, manifest_of(results)),
    ]
    return page(f"What if: {summary['deployment']}", "\n".join(parts))


def read_what_if(results: Path) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Payments, other calls that are refused, and credits left, amounts as Int128. Raises `InputError`."""
    try:
        works, calls, left = (
            read_table(results, name).with_columns(pl.col(pl.Decimal).cast(pl.Int128)) for name in _FILES
        )
    except InputError:
        raise InputError(
            results, "holds no tables of a what-if", remedy="a sweep keeps them with tables=true"
        ) from None
    return works, calls, left


def what_if_charts(works: pl.DataFrame) -> list[Chart]:
    """What each job paid, and would have paid."""
    sums = _sums(works, "job").head(_JOBS_DRAWN)
    if sums.is_empty():
        return []
    colours = {"as it was": GREY, "what-if": BLUE}
    rows = [
        (f"{job[:6]}…{job[-4:]}", side, amount(value))
        for job, *values in sums.select("job", "payment", "payment_what_if").rows()
        for side, value in zip(colours, values, strict=True)
    ]
    specification = {
        "data": data(dict(zip(("job", "side", "paid"), map(list, zip(*rows, strict=True)), strict=True))),
        "height": 34 * sums.height,
        "mark": {"type": "bar", "tooltip": told(("job", "job"), ("side", "side"), ("paid", "KP3R"), timed=False)},
        "encoding": {
            "y": {"field": "job", "type": "ordinal", "sort": None, "axis": {"title": None, "minExtent": 90}},
            "yOffset": {"field": "side", "sort": list(colours)},
            "x": {"field": "paid", "type": "quantitative", "axis": {"title": "paid, KP3R"}},
            "color": coloured("side", colours),
        },
    }
    return [Chart("paid by job", "KP3R that each job paid, and would have paid", specification)]


def _answers(outcome: Mapping[str, Any]) -> list[Answer]:
    before, after = int(outcome["paid"]), int(outcome["paid_what_if"])
    said = f"{tokens(before, 6)} KP3R as it was, {tokens(after, 6)} in the what-if"
    return [
        Answer("paid", f"{'+' if after >= before else ''}{tokens(after - before, 6)} KP3R", said),
        Answer("payments", f"{outcome['changed']:,} changed", f"of {outcome['works']:,}"),
        Answer(
            "refused", counted(outcome["refused"], "payment"), f"and {counted(outcome['refused_calls'], 'other call')}"
        ),
        Answer("credits left to jobs", f"{tokens(int(outcome['credits_what_if']), 6)} KP3R", "at the what-if's end"),
    ]


def _sums(works: pl.DataFrame, by: str) -> pl.DataFrame:
    """Payments in KP3R by job or keeper, those who were paid most first."""
    return (
        works.filter(_IN_KP3R)
        .group_by(by)
        .agg(
            pl.len().alias("payments"),
            (pl.col("payment") != pl.col("payment_what_if")).sum().alias("changed"),
            pl.col("refused").is_not_null().sum().alias("refused"),
            pl.col("payment").sum(),
            pl.col("payment_what_if").sum(),
        )
        .sort(["payment", by], descending=[True, False])
    )


def _left(credits_left: pl.DataFrame, works: pl.DataFrame) -> dict[str, int]:
    """KP3R left to jobs; the token is the one that its payments are in."""
    kp3r = works.filter(_IN_KP3R)["credit"].unique()
    return dict(credits_left.filter(pl.col("token").is_in(kp3r.to_list())).select("job", "credits").iter_rows())


def _compared(works: pl.DataFrame, by: str, left: Mapping[str, int]) -> str:
    rows: list[Sequence[str]] = []
    totals = [0, 0, 0, 0, 0]
    for who, *counts in _sums(works, by).iter_rows():
        totals = [total + each for total, each in zip(totals, counts, strict=True)]
        rest = [tokens(left.get(who, 0), 6)] if left else []
        rows.append((code(who), *_cells(counts), *rest))
    headers = [by, "payments", "changed", "refused", "paid, KP3R", "what-if, KP3R", "difference, KP3R"]
    headers += ["credits left, KP3R"] if left else []
    total = ("all", *_cells(totals), *([tokens(sum(left.values()), 6)] if left else []))
    return f"<h2>{by.capitalize()}s</h2>" + table(headers, rows, frozenset(range(1, len(headers))), total=total)


def _cells(counts: Sequence[int]) -> list[str]:
    *numbers, before, after = counts
    return [*(f"{each:,}" for each in numbers), *(tokens(each, 6) for each in (before, after, after - before))]


def _limits(works: pl.DataFrame, calendar: Calendar) -> str:
    """Payments whose limit is another one, the largest difference first."""
    changed = works.filter(
        pl.col("limit_what_if").is_not_null()
        & pl.col("limit").is_not_null()
        & (pl.col("payment") != pl.col("payment_what_if"))
    ).with_columns((pl.col("limit_what_if") - pl.col("limit")).alias("difference"))
    ordered = changed.sort(pl.col("difference").abs(), "block_number", "log_index", descending=[True, False, False])
    rows = [
        (
            calendar.at(row["block_number"], row["log_index"]),
            code(row["job"]),
            code(row["keeper"]),
            text(row["class"].replace("_", " ")),
            "" if row["gas"] is None else f"{row['gas']:,}",
            *(tokens(row[name], 6) for name in ("limit", "limit_what_if", "payment", "payment_what_if")),
        )
        for row in ordered.iter_rows(named=True)
    ]
    title = "<h2>Limits and payments that change</h2>"
    if not rows:
        return f"{title}<p>None.</p>"
    headers = ("when, UTC", "job", "keeper", "class", "gas", "limit", "limit, what-if", "paid", "paid, what-if")
    return title + table(headers, rows, frozenset(range(4, 9)), file="works_what_if.parquet")


def _refused(works: pl.DataFrame, calendar: Calendar) -> str:
    rows = [
        (
            calendar.at(row["block_number"], row["log_index"]),
            code(row["job"]),
            code(row["keeper"]),
            tokens(row["payment"], 6),
            text(row["refused"]),
        )
        for row in works.filter(pl.col("refused").is_not_null()).iter_rows(named=True)
    ]
    if not rows:
        return "<h2>Payments refused</h2><p>None.</p>"
    headers = ("when, UTC", "job", "keeper", "paid as it was", "reason")
    return "<h2>Payments refused</h2>" + table(headers, rows, frozenset({3}), file="works_what_if.parquet")


def _refused_calls(calls: pl.DataFrame, calendar: Calendar) -> str:
    if calls.is_empty():
        return ""
    rows = [
        (
            calendar.at(row["block_number"], row["log_index"]),
            text(row["function"]),
            text(row["reason"]),
        )
        for row in calls.iter_rows(named=True)
    ]
    headers = ("when, UTC", "function", "reason")
    return "<h2>Other calls refused</h2>" + table(headers, rows, file="refused_calls.parquet")
