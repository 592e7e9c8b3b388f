"""The report of a Keep3r V1 replay: one self-contained page; the same results give the same bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.protocols.keep3r_v1.audit.classes import CLASSES, WORDS
from keep3r_replay.protocols.keep3r_v1.audit.works import entry_points
from keep3r_replay.protocols.keep3r_v1.report.figures import charts
from keep3r_replay.protocols.keep3r_v1.report.purposes import answers_of, each_payment, overpaid
from keep3r_replay.protocols.keep3r_v1.report.what_if_page import read_what_if, what_if_charts, what_if_page
from keep3r_replay.report.amounts import tokens
from keep3r_replay.report.charts import drawn
from keep3r_replay.report.frame import answers
from keep3r_replay.report.html import code, text
from keep3r_replay.report.inputs import basis
from keep3r_replay.report.page import page
from keep3r_replay.report.tables import findings_table, table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.rooms import Chart

_SHOWN = 40
WHAT_IF = "what-if"
"""Verdict of a what-if's results."""
_NEEDED = ("works", "helpers_in_force", "oracle_gaps", "credit_applications", "findings")


class Keep3rV1Pages:
    """See `replay.rooms.Pages`."""

    def page(self, results: Path, lake: Lake | None, subject: str = "") -> str:
        """The page of a folder of results, of one job where `subject` names it. Raises `InputError`, `UsageError`."""
        del lake
        summary = _summary(results)
        if summary["verdict"] == WHAT_IF:
            if subject:
                raise UsageError("the page of a what-if compares all jobs; leave job= out")
            return what_if_page(results, summary)
        tables = _tables(results)
        works = _of_job(tables["works"], subject)
        points = entry_points(works.cast({pl.Decimal: pl.Int128}))
        parts = [
            _head(summary, works, subject),
            answers(answers_of(_exact(works))),
            _classes(works),
            overpaid(_exact(works)),
            each_payment(_exact(works)),
            "<h2>Payments over time</h2>",
            *(drawn(chart) for chart in charts(_exact(works), points)),
            _helpers(tables["helpers_in_force"]),
            _entry_points(points),
            _gaps(tables["oracle_gaps"]),
            _applications(tables["credit_applications"]),
            _keepers(results),
            findings_table(tables["findings"], _SHOWN, code),
        ]
        return page(f"Keep3r V1 replay: {summary['deployment']}", "\n".join(parts))

    def charts(self, results: Path, subject: str = "") -> Sequence[Chart]:
        """The page's charts one by one. Raises as `page` does."""
        if _summary(results)["verdict"] == WHAT_IF:
            return what_if_charts(read_what_if(results)[0])
        tables = _tables(results)
        works = _of_job(tables["works"], subject)
        return charts(_exact(works), entry_points(works.cast({pl.Decimal: pl.Int128})))


def _summary(results: Path) -> dict[str, Any]:
    try:
        return {"verdict": "", **json.loads((results / "summary.json").read_bytes())}
    except (OSError, ValueError):
        raise _none(results) from None


def _tables(results: Path) -> dict[str, pl.DataFrame]:
    try:
        return {name: pl.read_parquet(results / f"{name}.parquet") for name in _NEEDED}
    except (OSError, pl.exceptions.PolarsError):
        raise _none(results) from None


def _none(results: Path) -> InputError:
    return InputError(results, "holds no results of Keep3r V1", remedy="make them with keep3r replay")


def _of_job(works: pl.DataFrame, subject: str) -> pl.DataFrame:
    if not subject:
        return works
    jobs = sorted({job for job in works["job"] if job.startswith(subject.lower())})
    if len(jobs) != 1:
        raise UsageError(f"job={subject}: {'no job' if not jobs else f'{len(jobs)} jobs'} of these results begin so")
    return works.filter(pl.col("job") == jobs[0])


def _exact(works: pl.DataFrame) -> pl.DataFrame:
    return works.cast({pl.Decimal: pl.Int128})


def _head(summary: dict[str, Any], works: pl.DataFrame, subject: str) -> str:
    first, last = summary["blocks"]
    exact = int((works["class"] == "work_exact").sum())
    facts = {
        "payments": f"{works.height:,}",
        "right to the wei": f"{exact:,}",
        "stale or above any limit": f"{int(works['class'].is_in(['work_stale', 'work_excess']).sum()):,}",
        "logs as predicted": f"{summary['events']['matched']:,}",
        "readings compared": f"{summary['readings']['compared']:,}",
        "readings that differ": f"{summary['readings']['mismatched']:,}",
    }
    shown = "".join(f"<div><dt>{text(fact)}</dt><dd>{text(value)}</dd></div>" for fact, value in facts.items())
    verdict = str(summary["verdict"])
    job = f", job {code(works['job'][0])}" if subject and works.height else ""
    return (
        f"<header><h1>{text(summary['deployment'])}</h1>"
        f'<p><span class="verdict {"clean" if verdict == "clean" else "findings"}">{text(verdict.upper())}</span> '
        f"Keep3r V1, blocks {first:,} to {last:,}{job}</p></header>"
        f'<dl class="facts">{shown}</dl>{basis(summary)}'
    )


def _classes(works: pl.DataFrame) -> str:
    """What each payment was for, in numbers and amounts."""
    rows = []
    for name in CLASSES:
        own = works.filter(pl.col("class") == name)
        if own.height:
            paid = "" if name == "token" else tokens(sum(map(int, own["payment"])), 6)
            rows.append((text(name), text(WORDS[name]), f"{own.height:,}", paid))
    headers = ("class", "what it means", "payments", "KP3R (ETH where paid in ETH)")
    return "<h2>What each payment was for</h2>" + table(headers, rows, frozenset({2, 3}))


def _helpers(helpers: pl.DataFrame) -> str:
    rows = [
        (f"{row['from_block']:,}", text(row["version"] or "unknown"), code(row["helper"]), text(row["known_by"]))
        for row in helpers.head(_SHOWN).iter_rows(named=True)
    ]
    return "<h2>Helpers in force</h2>" + table(("from block", "version", "address", "known by"), rows, frozenset({0}))


def _entry_points(points: pl.DataFrame) -> str:
    rows = [
        (
            code(row["transaction_to"] or ""),
            code(row["selector"] or ""),
            f"{row['works']:,}",
            *(f"{int(row[name]):,}" for name in ("least_gas", "median_gas", "most_gas")),
        )
        for row in points.sort("works", descending=True, maintain_order=True).head(_SHOWN).iter_rows(named=True)
    ]
    headers = ("contract", "function", "exact works", "least gas", "median gas", "most gas")
    return "<h2>Gas by entry point</h2>" + table(headers, rows, frozenset(range(2, 6)))


def _gaps(gaps: pl.DataFrame) -> str:
    """Stretches in which no work could be paid, the longest first."""
    felt = gaps.filter(pl.col("seconds_in_force") > 0).sort("seconds_in_force", descending=True, maintain_order=True)
    rows = [
        (code(row["oracle"]), f"{row['missed_slots']:,}", f"{row['seconds']:,}", f"{row['seconds_in_force']:,}")
        for row in felt.head(_SHOWN).iter_rows(named=True)
    ]
    said = "<p>Stretches in which the oracle of the helper in force could price no work.</p>"
    headers = ("oracle", "updates missed", "seconds", "seconds while it was needed")
    return "<h2>Oracle gaps</h2>" + said + table(headers, rows, frozenset({1, 2, 3}))


def _applications(applications: pl.DataFrame) -> str:
    """Credits that liquidity gave, the most deviating first."""
    ordered = applications.filter(pl.col("credit") > 0).sort(
        pl.col("deviation_per_mille").cast(pl.Float64).abs(), descending=True, maintain_order=True
    )
    rows = [
        (
            f"{row['block_number']:,}",
            code(row["job"]),
            tokens(int(row["credit"]), 6),
            tokens(int(row["credit_at_previous_block"]), 6),
            str(row["deviation_per_mille"]),
            "" if row["deviation_time_weighted_per_mille"] is None else str(row["deviation_time_weighted_per_mille"]),
            text(row["class"].replace("_", " ")),
        )
        for row in ordered.head(_SHOWN).iter_rows(named=True)
    ]
    headers = ("block", "job", "KP3R", "by the block before", "per mille", "per mille of half an hour", "class")
    return "<h2>Credits for liquidity</h2>" + table(headers, rows, frozenset({0, 2, 3, 4, 5}))


def _keepers(results: Path) -> str:
    """Keepers' accounts, where the ledger was kept."""
    file = results / "keeper_accounts.parquet"
    if not file.is_file():
        return ""
    columns = ("kp3r_bonded", "kp3r_received", "eth_worth", "eth_received", "gas_paid", "profit")
    accounts = pl.read_parquet(file).sort("profit", descending=True, maintain_order=True)
    rows = [
        (code(row["keeper"]), f"{row['payments']:,}", *(tokens(int(row[name]), 6) for name in columns))
        for row in accounts.head(_SHOWN).iter_rows(named=True)
    ]
    headers = (
        "account",
        "payments",
        "KP3R bonded",
        "KP3R received",
        "worth, ETH",
        "ETH received",
        "gas, ETH",
        "profit",
    )
    return "<h2>Keepers</h2>" + table(headers, rows, frozenset(range(1, 8)))
