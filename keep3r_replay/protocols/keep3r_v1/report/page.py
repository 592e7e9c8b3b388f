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
from keep3r_replay.replay.results import manifest_of
from keep3r_replay.replay.stored import has_table, read_table
from keep3r_replay.report.amounts import tokens
from keep3r_replay.report.charts import drawn
from keep3r_replay.report.cover import cover_section
from keep3r_replay.report.findings import findings_section
from keep3r_replay.report.frame import answers, facts_list, head
from keep3r_replay.report.html import code, lasting, place, text, when
from keep3r_replay.report.inputs import basis
from keep3r_replay.report.page import page
from keep3r_replay.report.tables import table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.rooms import Chart

_SHOWN = 40
WHAT_IF = "what-if"
"""Verdict of a what-if's results."""
_KEEPER = "keeper "
_OF_KEEPER = (
    "keeper=: there is no page of one keeper of Keep3r V1; the page of all has a table of keepers (of results with "
    "ledger=true), and every payment with its keeper, to search; job= makes the page of one job"
)
_OF_WHAT_IF = "job=, keeper=: the page of a what-if of Keep3r V1 compares all jobs and keepers; leave them out"
_VERIFY = ("keep3r verify results=RESULTS lake=LAKE", "keep3r replay lake=LAKE results=AGAIN")
_NEEDED = ("works", "helpers_in_force", "oracle_gaps", "credit_applications", "findings")
_ACCOUNTS = "keeper_accounts"


class Keep3rV1Pages:
    """See `replay.rooms.Pages`."""

    def page(self, results: Path, lake: Lake | None, subject: str = "") -> str:
        """The page of a folder of results, of one job where `subject` names it. Raises `InputError`, `UsageError`."""
        summary = _summary(results)
        if summary["verdict"] == WHAT_IF:
            if subject:
                raise UsageError(_OF_WHAT_IF)
            return what_if_page(results, summary, lake)
        tables = _tables(results)
        job = _job(tables["works"], subject)
        works = _of(tables["works"], job)
        points = entry_points(works.cast({pl.Decimal: pl.Int128}))
        parts = [
            _head(summary, works, job),
            answers(answers_of(_exact(works))),
            _facts(summary, works),
            _classes(works),
            overpaid(_exact(works)),
            each_payment(_exact(works)),
            "<h2>Payments over time</h2>",
            *(drawn(chart) for chart in charts(_exact(works), points)),
            _helpers(tables["helpers_in_force"]),
            _entry_points(points),
            _gaps(tables["oracle_gaps"]),
            _applications(_of(tables["credit_applications"], job)),
            "" if job else _keepers(results),
            findings_section(tables, lake, party=job),
            cover_section("Keep3r V1", summary, manifest_of(results), f"Job {code(job)}" if job else "", _VERIFY),
        ]
        whom = f"Job {job}" if job else f"Keep3r V1 replay: {summary['deployment']}"
        return page(whom, "\n".join(part for part in parts if part))

    def charts(self, results: Path, subject: str = "") -> Sequence[Chart]:
        """The page's charts one by one. Raises as `page` does."""
        if _summary(results)["verdict"] == WHAT_IF:
            return what_if_charts(read_what_if(results)[0])
        tables = _tables(results)
        works = _of(tables["works"], _job(tables["works"], subject))
        return charts(_exact(works), entry_points(works.cast({pl.Decimal: pl.Int128})))


def _summary(results: Path) -> dict[str, Any]:
    try:
        return {"verdict": "", **json.loads((results / "summary.json").read_bytes())}
    except (OSError, ValueError):
        raise _none(results) from None


def _tables(results: Path) -> dict[str, pl.DataFrame]:
    try:
        return {name: read_table(results, name) for name in _NEEDED}
    except InputError:
        raise _none(results) from None


def _none(results: Path) -> InputError:
    return InputError(results, "holds no results of Keep3r V1", remedy="make them with keep3r replay")


def _job(works: pl.DataFrame, subject: str) -> str:
    """The address of the job that the page is about alone; empty: all. Raises `UsageError`."""
    if not subject:
        return ""
    if subject.startswith(_KEEPER):
        raise UsageError(_OF_KEEPER)
    jobs = sorted({job for job in works["job"] if job.startswith(subject.lower())})
    if len(jobs) != 1:
        raise UsageError(
            f"job={subject[:60]}: {len(jobs) or 'no'} job{'s' * (len(jobs) > 1)} of these results begin so"
        )
    return str(jobs[0])


def _of(frame: pl.DataFrame, job: str) -> pl.DataFrame:
    """The rows of one job; all, where none is named."""
    return frame.filter(pl.col("job") == job) if job else frame


def _exact(works: pl.DataFrame) -> pl.DataFrame:
    return works.cast({pl.Decimal: pl.Int128})


def _head(summary: dict[str, Any], works: pl.DataFrame, job: str) -> str:
    first, last = summary["blocks"]
    times = works["timestamp"].to_list()
    dates = f", {when(min(times))} to {when(max(times))} UTC" if times else ""
    below = f"Keep3r V1, {text(summary['deployment'])}, blocks {first:,} to {last:,}{dates}"
    return head(f"Job {job}" if job else str(summary["deployment"]), below, str(summary["verdict"]))


def _facts(summary: dict[str, Any], works: pl.DataFrame) -> str:
    """What was compared, in numbers."""
    exact = int((works["class"] == "work_exact").sum())
    facts = {
        "payments": f"{works.height:,}",
        "right to the wei": f"{exact:,}",
        "stale or above any limit": f"{int(works['class'].is_in(['work_stale', 'work_excess']).sum()):,}",
        "logs as predicted": f"{summary['events']['matched']:,}",
        "readings compared": f"{summary['readings']['compared']:,}",
        "readings that differ": f"{summary['readings']['mismatched']:,}",
    }
    return f"{facts_list(facts)}{basis(summary)}"


def _classes(works: pl.DataFrame) -> str:
    """What each payment was for, in numbers and amounts."""
    rows = []
    for name in CLASSES:
        own = works.filter(pl.col("class") == name)
        if own.height:
            paid = "" if name == "token" else tokens(sum(map(int, own["payment"])), 6)
            rows.append((text(name.replace("_", " ")), text(WORDS[name]), f"{own.height:,}", paid))
    headers = ("class", "what it means", "payments", "KP3R (ETH where paid in ETH)")
    return "<h2>What each payment was for</h2>" + table(headers, rows, frozenset({2, 3}), stacked=True)


def _helpers(helpers: pl.DataFrame) -> str:
    rows = [
        (
            place(row["timestamp"] or None, row["from_block"]),
            text(row["version"] or "unknown"),
            code(row["helper"]),
            text(row["known_by"]),
        )
        for row in helpers.head(_SHOWN).iter_rows(named=True)
    ]
    return "<h2>Helpers in force</h2>" + table(("from, UTC", "version", "address", "known by"), rows)


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
    if not rows:
        return ""
    headers = ("contract", "function", "exact works", "least gas", "median gas", "most gas")
    return "<h2>Gas by entry point</h2>" + table(headers, rows, frozenset(range(2, 6)))


def _gaps(gaps: pl.DataFrame) -> str:
    """Stretches in which no work could be paid, the longest first; nothing where there are none."""
    felt = gaps.filter(pl.col("seconds_in_force") > 0).sort("seconds_in_force", descending=True, maintain_order=True)
    rows = [
        (
            when(row["from_timestamp"]),
            code(row["oracle"]),
            f"{row['missed_slots']:,}",
            *(lasting(row[each]) for each in ("seconds", "seconds_in_force")),
        )
        for row in felt.head(_SHOWN).iter_rows(named=True)
    ]
    if not rows:
        return ""
    said = "<p>Stretches in which the oracle of the helper in force could price no work.</p>"
    headers = ("from, UTC", "oracle", "updates missed", "lasted", "while it was needed")
    return "<h2>Oracle gaps</h2>" + said + table(headers, rows, frozenset({2, 3, 4}))


def _applications(applications: pl.DataFrame) -> str:
    """Credits that liquidity gave, the most deviating first; nothing where there are none."""
    ordered = applications.filter(pl.col("credit") > 0).sort(
        pl.col("deviation_per_mille").cast(pl.Float64).abs(), descending=True, maintain_order=True
    )
    rows = [
        (
            place(row["timestamp"], row["block_number"], row["log_index"]),
            code(row["job"]),
            tokens(int(row["credit"]), 6),
            tokens(int(row["credit_at_previous_block"]), 6),
            str(row["deviation_per_mille"]),
            "" if row["deviation_time_weighted_per_mille"] is None else str(row["deviation_time_weighted_per_mille"]),
            text(row["class"].replace("_", " ")),
        )
        for row in ordered.head(_SHOWN).iter_rows(named=True)
    ]
    if not rows:
        return ""
    headers = ("when, UTC", "job", "KP3R", "by the block before", "per mille", "per mille of half an hour", "class")
    return "<h2>Credits for liquidity</h2>" + table(headers, rows, frozenset({2, 3, 4, 5}))


def _keepers(results: Path) -> str:
    """Keepers' accounts, where the ledger was kept."""
    if not has_table(results, _ACCOUNTS):
        return ""
    columns = ("kp3r_bonded", "kp3r_received", "eth_worth", "eth_received", "gas_paid", "profit")
    accounts = read_table(results, _ACCOUNTS).sort("profit", descending=True, maintain_order=True)
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
