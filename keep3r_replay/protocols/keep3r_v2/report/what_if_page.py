"""The report of a what-if: one self-contained page, baseline beside what-if."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.counts import counted
from keep3r_replay.protocols.keep3r_v2.report.results import amounts
from keep3r_replay.protocols.keep3r_v2.report.what_if import SUMS
from keep3r_replay.protocols.keep3r_v2.report.what_if_answers import for_whom, what_if_answers
from keep3r_replay.protocols.keep3r_v2.report.what_if_charts import job_charts, keeper_chart, paid_chart
from keep3r_replay.protocols.keep3r_v2.report.what_if_results import MARKED, SIDES, WhatIfResults
from keep3r_replay.protocols.keep3r_v2.what_if.assumptions import FOLLOWS, GIVEN
from keep3r_replay.report.charts import drawn
from keep3r_replay.report.cover import what_if_cover
from keep3r_replay.report.frame import answers, head, titled
from keep3r_replay.report.html import code, folded, text
from keep3r_replay.report.page import page
from keep3r_replay.report.places import Calendar, ends_of
from keep3r_replay.report.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.rooms import Chart

_SHOWN = 50
_STATUSES = ("paid", *MARKED)
_NO_WORKS = "Charts over time need the works of each what-if: a sweep keeps them with tables=true."


def make_what_if_report(results: WhatIfResults, jobs: Sequence[str], lake: Lake | None = None) -> str:
    """The page: what is changed, sums of both sides, charts of `jobs`, keepers, the works that would have reverted.

    The lake knows when its blocks were; without it only those of works have a date.
    """
    summary = results.summary
    outcome = summary["outcome"]
    changes = [(text(name), text(value)) for name, value in summary["overlay"].items()]
    first, last = summary["blocks"]
    first = summary.get("started_after", first - 1) + 1
    parts_at = outcome["parts_at_block"]
    parted = [row["parts_at_block"] for row in (*results.jobs, *results.keepers)]
    works = [] if results.works is None else [results.works]
    calendar = Calendar.of(works, lake, (*parted, parts_at, *ends_of(lake, first, last)))
    place = "The two part nowhere." if parts_at is None else f"The two part first at {calendar.at(parts_at)}."
    drawn_jobs = {job: _anchor(job) for job in jobs} if results.works is not None else {}
    parts = [
        head(f"What if: {summary['deployment']}", f"Keep3r {text(summary['version'])}, {calendar.span(first, last)}"),
        answers(what_if_answers(results)),
        "<h2>Changes</h2>",
        table(("change", "value"), changes) if changes else "<p>None: the what-if is the audit.</p>",
        "<h2>What changes for whom</h2>",
        for_whom(results.jobs, "job", drawn_jobs, calendar),
        for_whom(results.keepers, "keeper", {}, calendar),
        "<h2>Over time</h2>",
        *_drawn(paid_chart(results)),
        *_drawn(keeper_chart(results)),
        *([] if results.works is not None else [f"<p>{_NO_WORKS}</p>"]),
        *(_job(results, job, calendar) for job in drawn_jobs),
        *_reverted(results, calendar),
        "<h2>All sums</h2>",
        f"<p>{_counts(outcome)}; {outcome['reverted_calls'] or 'no'} other calls would revert. {place}</p>",
        _sums({name: [int(outcome[f"{name}_{side}"]) for side in SIDES] for name in SUMS}),
        folded("what is given, and what follows", _given()),
        what_if_cover("Keep3r", summary, results.manifest),
    ]
    return page(f"What if: {summary['deployment']}", "\n".join(parts))


def _given() -> str:
    given = table(("given, unless the overlay says otherwise", "changed by"), [tuple(map(text, row)) for row in GIVEN])
    return given + table(("follows", "how"), [tuple(map(text, row)) for row in FOLLOWS])


def _sums(sums: dict[str, list[int]]) -> str:
    rows = [
        (text(name), *map(text, amounts((before, after, after - before)))) for name, (before, after) in sums.items()
    ]
    return table(("KP3R", "baseline", "what-if", "difference"), rows, frozenset({1, 2, 3}))


def _drawn(chart: Chart | None) -> list[str]:
    return [] if chart is None else [drawn(chart)]


def _counts(row: Mapping[str, Any]) -> str:
    """What becomes of works, as far as anything does: `36 works paid, 10 reverted`."""
    first, *rest = [status for status in _STATUSES if row[status] or status == "paid"]
    return ", ".join(
        [counted(row[first], f"work {first}", f"works {first}"), *(f"{row[each]:,} {each}" for each in rest)]
    )


def _job(results: WhatIfResults, job: str, calendar: Calendar) -> str:
    row = results.sums_of(job)
    part = row["parts_at_block"]
    return "\n".join(
        [
            f'<section id="{_anchor(job)}"><h2>Job {titled(job)}</h2>',
            f"<p>{_counts(row)}. {'Nothing differs.' if part is None else f'Parts at {calendar.at(part)}.'}</p>",
            _sums({name: [row[f"{name}_{side}"] for side in SIDES] for name in SUMS}),
            *(drawn(chart) for chart in job_charts(results, job)),
            "</section>",
        ]
    )


def _anchor(job: str) -> str:
    return text(f"job-{job.replace(' ', '-')}")


def _reverted(results: WhatIfResults, calendar: Calendar) -> list[str]:
    if results.works is None:
        return []
    frame = results.works.filter(pl.col("status") == "reverted")
    rows = [
        (
            calendar.at(row["block_number"], row["log_index"]),
            *(code(row[each]) for each in ("job", "keeper")),
            text(row["error"]),
        )
        for row in frame.head(_SHOWN).iter_rows(named=True)
    ]
    more = f"<p>The first {len(rows)} of {frame.height:,}.</p>" if frame.height > len(rows) else ""
    if not rows:
        return ["<h2>Works that would have reverted</h2><p>None.</p>"]
    return ["<h2>Works that would have reverted</h2>", table(("when, UTC", "job", "keeper", "error"), rows), more]
