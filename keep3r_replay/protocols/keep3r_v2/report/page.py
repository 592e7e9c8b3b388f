"""The report: one self-contained page that opens offline; the same results give the same bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.protocols.keep3r_v2.report.charts import job_charts, keeper_chart
from keep3r_replay.protocols.keep3r_v2.report.entries import entry_points
from keep3r_replay.protocols.keep3r_v2.report.results import amounts, wei
from keep3r_replay.report.amounts import share, tokens
from keep3r_replay.report.charts import drawn
from keep3r_replay.report.html import code, folded, name, text
from keep3r_replay.report.inputs import basis
from keep3r_replay.report.page import page
from keep3r_replay.report.tables import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.keep3r_v2.report.results import Results

JOBS_SHOWN = 8
_FINDINGS_SHOWN = 50
_FACTS_SHOWN = 12
_MINTED = ("minted_reset", "minted_topup", "minted_liquidity", "minted_settled")

MEANINGS = {
    "spent_after_expiry": "spent although the documented rule had expired them",
    "forced_expired": "forced by governance and expired unused",
    "expiry_postponed": "kept as an operation moved the job's clock, so that they expire later",
    "denied_on_paper": "held in storage at a period's end, not counted by the view any more",
    "capped": "cut off above one period's credits",
    "payment_above_period": "payments above one period's credits",
}


def make_report(results: Results, jobs: Sequence[str]) -> str:
    """The page for `jobs`, in the order given; the rest of the results is shown in sums."""
    title = f"Keep3r replay: {results.summary['deployment']}"
    parts = [_head(results), _findings(results), _expiry(results)]
    names = " ".join(f'<a href="#{_anchor(job)}">{text(job[:10])}…</a>' for job in jobs)
    parts.append(f"<h2>Jobs</h2><p>{len(jobs)} of {len(results.jobs())} jobs that held credits</p><nav>{names}</nav>")
    parts += [_job(results, job) for job in jobs]
    parts += [entry_points(results.tables["works"]), _keepers(results)]
    return page(title, "\n".join(parts))


def _anchor(job: str) -> str:
    return text(f"job-{job.replace(' ', '-')}")


def _when(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def _head(results: Results) -> str:
    summary = results.summary
    first, last = summary["blocks"]
    periods = results.tables["reward_periods"]
    dates = f", {_when(periods['begins_at'][0])} to {_when(periods['ends_at'][-1])} UTC" if periods.height else ""
    sums = {kind: int(amount) for kind, amount in summary["ledger"]["sums"].items()}
    minted = sum(sums.get(kind, 0) for kind in _MINTED)
    lost = -sums.get("expired", 0) - sums.get("capped", 0)
    works, events, readings = summary["works"], summary["events"], summary["readings"]
    facts = {
        "works": f"{sum(works.values()):,}",
        "exact to the wei": f"{works['exact']:,}",
        "events as predicted": f"{events['matched']:,}",
        "readings compared": f"{readings['compared']:,}",
        "minted, KP3R": tokens(minted),
        "spent, KP3R": tokens(-sums.get("spent", 0)),
        "expired or capped, KP3R": tokens(lost),
        "lost of what left": share(lost, lost - sums.get("spent", 0)),
    }
    shown = "".join(f"<div><dt>{text(fact)}</dt><dd>{text(value)}</dd></div>" for fact, value in facts.items())
    verdict = str(summary["verdict"])
    return (
        f"<header><h1>{text(summary['deployment'])}</h1>"
        f'<p><span class="verdict {"clean" if verdict == "clean" else "findings"}">{text(verdict.upper())}</span> '
        f"Keep3r {text(summary['version'])}, blocks {first:,} to {last:,}{text(dates)}</p></header>"
        f'<dl class="facts">{shown}</dl>'
        f"{basis(summary)}"
    )


def _findings(results: Results) -> str:
    findings = results.tables["findings"]
    if not findings.height:
        return f"<h2>Findings</h2><p>None: {text(_all_is_well(results.summary))}</p>"
    rows = [
        (
            name(row["kind"]),
            text(f"{row['block_number']}" + ("" if row["log_index"] is None else f" / {row['log_index']}")),
            code(row["subject"]),
            text(row["field"]),
            text(row["expected"]),
            text(row["observed"]),
            text(row["reason"]),
        )
        for row in findings.head(_FINDINGS_SHOWN).iter_rows(named=True)
    ]
    more = f"<p>The first {len(rows)} of {findings.height:,}.</p>" if findings.height > len(rows) else ""
    headers = ("kind", "block / log", "subject", "field", "expected", "observed", "why")
    return f"<h2>Findings</h2>{table(headers, rows)}{more}"


def _all_is_well(summary: dict[str, Any]) -> str:
    """What no finding means: of all that could be compared, and of nothing else."""
    compared, undetermined = summary["readings"]["compared"], summary["readings"]["undetermined"]
    open_works = summary["works"]["undetermined"]
    readings = "" if not compared else " and every reading"
    if undetermined:
        readings = f" and {compared - undetermined:,} of {compared:,} readings"
    rest = [
        f"{count:,} {what} logs cannot tell"
        for count, what in ((undetermined, "readings that"), (open_works, "works whose payment"))
        if count
    ]
    none = "; there is no reading to compare" if not compared else ""
    left = f"; undetermined are {' and '.join(rest)}" if rest else ""
    return f"every event{readings} is what the model of the contract predicts, to the wei{none}{left}."


def _expiry(results: Results) -> str:
    facts = results.tables["expiry_findings"]
    rows = []
    for kind, meaning in MEANINGS.items():
        part = facts.filter(pl.col("kind") == kind)
        # What is denied at one period's end may be denied at the next again: a sum would count it twice.
        total = "-" if kind == "denied_on_paper" else tokens(wei(part["amount"]), 4)
        rows.append((name(kind), text(meaning), f"{part.height:,}", text(total)))
    parts = [
        "<h2>Expiry</h2>",
        "<p>Facts of the history, not disagreements: where credits were lost, or outlived their time.</p>",
        table(("kind", "credits that were", "places", "KP3R"), rows, frozenset({2, 3})),
    ]
    for kind in MEANINGS:
        part = facts.filter(pl.col("kind") == kind)
        if part.height:
            largest = part.sort("amount", "block_number", descending=[True, False]).head(_FACTS_SHOWN)
            parts.append(folded(f"{kind}: the largest {largest.height} of {part.height:,}", _fact_table(largest)))
    return "\n".join(parts)


def _fact_table(facts: pl.DataFrame) -> str:
    rows = [
        (
            text(_when(row["timestamp"])),
            text(f"{row['block_number']} / {row['log_index']}"),
            code(row["job"]),
            text(tokens(int(row["amount"]), 6)),
            text(row["reason"]),
        )
        for row in facts.iter_rows(named=True)
    ]
    return table(("time, UTC", "block / log", "job", "KP3R", "why"), rows, frozenset({3}))


def _job(results: Results, job: str) -> str:
    works = results.tables["works"].filter(pl.col("job") == job).height
    rules = [
        (text(rule), *map(text, amounts((spent, lost, unpaid))), text(share(lost, lost + spent)))
        for rule, (spent, lost, unpaid) in results.wasted(job).items()
    ]
    headers = ("rule", "spent, KP3R", "lost, KP3R", "could not have paid, KP3R", "lost of what left")
    return "\n".join(
        [
            f'<section id="{_anchor(job)}"><h2>Job {code(job)}</h2><p>{works:,} works</p>',
            *(drawn(chart) for chart in job_charts(results, job)),
            "<h3>By each rule of expiry</h3>",
            table(headers, rules, frozenset({1, 2, 3, 4})),
            folded("ledger by reward period", _period_table(results.periods(job))),
            "</section>",
        ]
    )


def _period_table(periods: Sequence[dict[str, Any]]) -> str:
    flows = ("minted", "forced", "migrated", "repriced", "adopted", "spent", "expired", "capped", "removed")
    # Only a history with findings has anything taken over from the chain.
    kinds = ["opening", *(kind for kind in flows if kind != "adopted" or any(row[kind] for row in periods)), "closing"]
    rows = [(text(_when(row["begins_at"])), *map(text, amounts([row[kind] for kind in kinds]))) for row in periods]
    return table(("period from, UTC", *kinds), rows, frozenset(range(1, len(kinds) + 1)))


def _keepers(results: Results) -> str:
    keepers = results.tables["keeper_accounts"].sort("reward", "keeper", descending=[True, False])
    columns = ("reward", "boost", "reward_eth", "gas_paid", "profit", "gas_paid_in_token_works")
    frame = keepers.with_columns(pl.col(columns).cast(pl.Int128))
    rows = [
        (
            code(row["keeper"]),
            f"{row['works']:,}",
            f"{row['works_in_tokens']:,}",
            *map(text, amounts([row[column] for column in columns], 5)),
            text(row["disputes"]),
            text(row["slashes"]),
        )
        for row in frame.iter_rows(named=True)
    ]
    sums = ("KP3R", "of it boost", "worth, ETH", "gas, ETH", "profit, ETH", "gas of works in tokens, ETH")
    headers = ("keeper", "works", "of them in tokens", *sums, "disputes", "slashes")
    chart = keeper_chart(results)
    picture = drawn(chart) if chart else ""
    note = "<p>Rounded half to even; a dash is not known. What gas cost for works in tokens lessens no profit.</p>"
    return f"<h2>Keepers</h2>{picture}{table(headers, rows, frozenset(range(1, len(headers))))}{note}"
