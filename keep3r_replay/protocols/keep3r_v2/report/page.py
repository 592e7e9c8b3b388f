"""The report: one self-contained page that opens offline; the same results give the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.counts import counted
from keep3r_replay.protocols.keep3r_v2.report import evidence
from keep3r_replay.protocols.keep3r_v2.report.cards import anchor, job_answers, job_card
from keep3r_replay.protocols.keep3r_v2.report.charts import job_charts
from keep3r_replay.protocols.keep3r_v2.report.entries import entry_points
from keep3r_replay.protocols.keep3r_v2.report.results import amounts
from keep3r_replay.report.amounts import share, tokens
from keep3r_replay.report.charts import drawn
from keep3r_replay.report.cover import cover_section
from keep3r_replay.report.frame import answers, cards, facts_list, head, sections, titled
from keep3r_replay.report.html import folded, text, when
from keep3r_replay.report.page import page
from keep3r_replay.report.tables import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.report.results import Results
    from keep3r_replay.protocols.keep3r_v2.statements.job import JobCard

JOBS_SHOWN = 8
_MINTED = ("minted_reset", "minted_topup", "minted_liquidity", "minted_settled")


def make_report(
    results: Results,
    jobs: Sequence[str],
    told: Sequence[JobCard] = (),
    *,
    alone: bool = False,
    lake: Lake | None = None,
) -> str:
    """The page for `jobs`, in the order given; the rest of the results is shown in sums.

    Args:
        results: what is shown.
        jobs: names of jobs, as `Results.jobs` has them.
        told: their cards, in the same order; empty where the lake is not at hand.
        alone: the page is about the one job, from its title to its last table.
        lake: what they were made from, where it is at hand: it knows the time of each finding.
    """
    every = results.jobs()
    whom = f"Job {jobs[0]}" if alone else f"Keep3r replay: {results.summary['deployment']}"
    links = {
        "jobs": "jobs",
        "findings": "findings",
        "expiry": "expiry",
        "keepers": "keepers",
        "what was audited": "cover",
    }
    parts = [
        _head(results, whom if alone else str(results.summary["deployment"])),
        answers(job_answers(results, told, jobs if alone else every, alone=alone)),
        sections({} if alone else links),
        cards(job_card(each, job) for each, job in zip(told, jobs, strict=True)) if told else "",
        '<h2 id="jobs">Jobs</h2>' if not alone else "",
        "" if alone else evidence.jobs_table(results),
        f"<p>Charts of {len(jobs):,} of {len(every):,} jobs; job=ADDRESS shows another.</p>"
        if not alone and len(jobs) < len(every)
        else "",
        *(_job(results, job, alone=alone) for job in jobs),
        evidence.findings(results, lake, jobs[0] if alone else ""),
        evidence.expiry(results, jobs[0] if alone else ""),
        entry_points(_works(results, jobs[0] if alone else "")),
        evidence.keepers(results, jobs[0] if alone else ""),
        "" if alone else _sums(results),
        cover_section("Keep3r", results.summary, results.manifest, titled(whom) if alone else ""),
    ]
    return page(whom, "\n".join(part for part in parts if part))


def _works(results: Results, job: str) -> pl.DataFrame:
    works = results.tables["works"]
    return works.filter(pl.col("job") == job) if job else works


def _head(results: Results, title: str) -> str:
    summary = results.summary
    first, last = summary["blocks"]
    periods = results.tables["reward_periods"]
    dates = f", {when(periods['begins_at'][0])} to {when(periods['ends_at'][-1])} UTC" if periods.height else ""
    below = f"Keep3r {text(summary['version'])}, blocks {first:,} to {last:,}{dates}"
    return head(title, below, str(summary["verdict"]))


def _sums(results: Results) -> str:
    """What the whole history came to, in the units of its ledger."""
    summary = results.summary
    sums = {kind: int(amount) for kind, amount in summary["ledger"]["sums"].items()}
    lost = -sums.get("expired", 0) - sums.get("capped", 0)
    works, events, readings = summary["works"], summary["events"], summary["readings"]
    views = results.tables["job_states"].select("credits", "total_credits").with_columns(pl.all().cast(pl.Int128))
    stored, answered = (sum(each or 0 for each in views[name].to_list()) for name in views.columns)
    facts = {
        "works": f"{sum(works.values()):,}",
        "exact to the wei": f"{works['exact']:,}",
        "events as predicted": f"{events['matched']:,}",
        "readings compared": f"{readings['compared']:,}",
        "mined and written to storage, KP3R": tokens(sum(sums.get(kind, 0) for kind in _MINTED)),
        "spent, KP3R": tokens(-sums.get("spent", 0)),
        "expired or cut off, KP3R": tokens(lost),
        "lost of what left": share(lost, lost - sums.get("spent", 0)),
        "in storage at the end, KP3R": tokens(stored),
        "with what has been mined since, by the views, KP3R": tokens(answered),
    }
    return f"<h2>Sums</h2>{facts_list({fact: text(value) for fact, value in facts.items()})}"


def _job(results: Results, job: str, *, alone: bool) -> str:
    works = results.tables["works"].filter(pl.col("job") == job).height
    periods = results.periods(job)
    rules = [
        (text(rule), *map(text, amounts((spent, lost, unpaid))), text(share(lost, lost + spent)))
        for rule, (spent, lost, unpaid) in results.wasted(job).items()
        if spent or lost or unpaid
    ]
    headers = ("rule", "spent, KP3R", "lost, KP3R", "could not have paid, KP3R", "lost of what left")
    level = 2 if alone else 3
    by_rule = (
        f"<h{level}>By each rule of expiry</h{level}>{table(headers, rules, frozenset({1, 2, 3, 4}))}" if rules else ""
    )
    listed = evidence.periods_table(periods) if periods else ""
    title = "" if alone else f"<h2>Job {titled(job)}</h2><p>{counted(works, 'work')}</p>"
    return "\n".join(
        [
            f'<section id="{text(anchor(job))}">{title}',
            *(drawn(chart) for chart in job_charts(results, job)),
            by_rule,
            (listed if alone else folded("ledger by reward period", listed)) if listed else "",
            "</section>",
        ]
    )
