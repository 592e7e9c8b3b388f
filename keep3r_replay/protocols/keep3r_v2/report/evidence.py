"""The evidence of a page: findings, expiry, jobs, their periods, and keepers, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.counts import counted
from keep3r_replay.protocols.keep3r_v2.report.charts import keeper_chart
from keep3r_replay.protocols.keep3r_v2.report.results import amounts, wei
from keep3r_replay.protocols.keep3r_v2.report.words import LEDGER, STORED, TOTAL
from keep3r_replay.report.amounts import share, tokens
from keep3r_replay.report.charts import drawn
from keep3r_replay.report.findings import findings_section
from keep3r_replay.report.frame import titled
from keep3r_replay.report.html import address, folded, place, text, when
from keep3r_replay.report.tables import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.report.results import Results

_FACTS_SHOWN = 100
MEANINGS = {
    "spent_after_expiry": "spent although the documented rule had expired them",
    "forced_expired": "forced by governance and expired unused",
    "expiry_postponed": "kept as an operation moved the job's clock, so that they expire later",
    "denied_on_paper": "held in storage at a period's end, not counted by the view any more",
    "capped": "cut off above one period's credits",
    "payment_above_period": "payments above one period's credits",
}


def findings(results: Results, lake: Lake | None = None, party: str = "") -> str:
    """The findings by root cause; of one party, where it is named."""
    whom = party.partition(" ")[0]
    return findings_section(results.tables, lake, party=whom, none=f"None: {all_is_well(results.summary)}")


def all_is_well(summary: dict[str, Any]) -> str:
    """What no finding means: of all that could be compared, and of nothing else."""
    compared, undetermined = summary["readings"]["compared"], summary["readings"]["undetermined"]
    open_works = summary["works"]["undetermined"]
    readings = "" if not compared else " and every reading"
    if undetermined:
        readings = f" and {compared - undetermined:,} of {compared:,} readings"
    rest = [
        f"{counted(count, *what)} logs cannot tell"
        for count, what in (
            (undetermined, ("reading that", "readings that")),
            (open_works, ("work whose payment", "works whose payment")),
        )
        if count
    ]
    none = "; there is no reading to compare" if not compared else ""
    left = f"; undetermined: {' and '.join(rest)}" if rest else ""
    return f"every event{readings} is what the model of the contract predicts, to the wei{none}{left}."


def expiry(results: Results, job: str = "") -> str:
    """Facts of expiry by kind, those that there are; of one job, where it is named."""
    facts = results.tables["expiry_findings"]
    if job:
        facts = facts.filter(pl.col("job") == job)
    rows, folds = [], []
    for kind, meaning in MEANINGS.items():
        part = facts.filter(pl.col("kind") == kind)
        if part.is_empty():
            continue
        # What is denied at one period's end may be denied at the next again: a sum would count it twice.
        total = "-" if kind == "denied_on_paper" else tokens(wei(part["amount"]), 4)
        rows.append((text(kind.replace("_", " ")), text(meaning), f"{part.height:,}", text(total)))
        largest = part.sort("amount", "block_number", descending=[True, False])
        folds.append(folded(f"{kind.replace('_', ' ')}: {counted(part.height, 'place')}", _fact_table(largest)))
    if not rows:
        return ""
    return "\n".join(
        [
            '<h2 id="expiry">Expiry</h2>',
            "<p>Facts of the history, not disagreements: where credits were lost, or outlived their time.</p>",
            table(("kind", "credits that were", "places", "KP3R"), rows, frozenset({2, 3})),
            *folds,
        ]
    )


def _fact_table(facts: pl.DataFrame) -> str:
    rows = [
        (
            place(row["timestamp"], row["block_number"], row["log_index"]),
            address(row["job"].partition(" ")[0]),
            text(tokens(int(row["amount"]), 6)),
            titled(row["reason"]),
        )
        for row in facts.head(_FACTS_SHOWN).iter_rows(named=True)
    ]
    rest = facts.height - len(rows)
    more = f"<p>The largest {len(rows):,}; {rest:,} more are in expiry_findings.parquet.</p>" if rest else ""
    return table(("time, UTC, and place", "job", "KP3R", "why"), rows, frozenset({2})) + more


def jobs_table(results: Results) -> str:
    """Every job: credits in storage and by the view, works, and what its credits came to."""
    states = {row["job"]: row for row in results.tables["job_states"].rows(named=True)}
    works = dict(results.tables["works"]["job"].value_counts().iter_rows())
    rows, sums = [], [0, 0, 0]
    for job in results.jobs():
        state = states.get(job)
        spent, lost, _ = results.wasted(job)["contract"]
        sums = [sums[0] + works.get(job, 0), sums[1] + spent, sums[2] + lost]
        held = (None, None) if state is None else (state["credits"], state["total_credits"])
        rows.append(
            (
                titled(job),
                "-" if state is None else "disputed" if state["disputed"] else "yes" if state["listed"] else "no",
                *amounts([None if each is None else int(each) for each in held]),
                f"{works.get(job, 0):,}",
                *amounts((spent, lost)),
                share(lost, lost + spent),
            )
        )
    total = ("all", "", "", "", f"{sums[0]:,}", *amounts(sums[1:]), share(sums[2], sums[1] + sums[2]))
    columns = (f"{STORED}, KP3R", f"{TOTAL}, KP3R")
    headers = ("job", "listed", *columns, "works", "spent, KP3R", "lost, KP3R", "lost of what left")
    return table(headers, rows, frozenset(range(2, 8)), total=total, file="job_states.parquet")


def periods_table(periods: Sequence[dict[str, Any]]) -> str:
    """A job's ledger by period; kinds that it never had are left out."""
    flows = [kind for kind in LEDGER if any(row[kind] for row in periods)]
    kinds = ["opening", *flows, "closing"]
    rows = [(when(row["begins_at"]), *map(text, amounts([row[kind] for kind in kinds]))) for row in periods]
    sums = [sum(row[kind] for row in periods) for kind in flows]
    total = ("all", "", *map(text, amounts(sums)), "") if periods else ()
    headers = ("period from, UTC", "opening", *(LEDGER[kind][0] for kind in flows), "closing")
    return table(headers, rows, frozenset(range(1, len(headers))), total=total, file="periods.parquet")


def keepers(results: Results, job: str = "") -> str:
    """Keepers and what they earned; those of one job's works, where it is named."""
    if job:
        return _keepers_of(results, job)
    accounts = results.tables["keeper_accounts"].sort("reward", "keeper", descending=[True, False])
    columns = ("reward", "boost", "reward_eth", "gas_paid", "profit", "gas_paid_in_token_works")
    frame = accounts.with_columns(pl.col(columns).cast(pl.Int128))
    if frame.is_empty():
        return ""
    rows = [
        (
            address(row["keeper"]),
            f"{row['works']:,}",
            f"{row['works_in_tokens']:,}",
            *map(text, amounts([row[column] for column in columns], 5)),
            text(row["disputes"]),
            text(row["slashes"]),
        )
        for row in frame.iter_rows(named=True)
    ]
    counts = [f"{frame[name].sum():,}" for name in ("works", "works_in_tokens")]
    sums = amounts([wei(frame[name]) for name in columns], 5)
    total = ("all", *counts, *sums, str(frame["disputes"].sum()), str(frame["slashes"].sum()))
    told = ("KP3R", "of it boost", "worth, ETH", "gas, ETH", "profit, ETH", "gas of works in tokens, ETH")
    headers = ("keeper", "works", "of them in tokens", *told, "disputes", "slashes")
    chart = keeper_chart(results)
    picture = drawn(chart) if chart else ""
    note = "<p>Rounded half to even; a dash is not known. What gas cost for works in tokens lessens no profit.</p>"
    numbers = frozenset(range(1, len(headers)))
    listed = table(headers, rows, numbers, total=total, file="keeper_accounts.parquet")
    return f'<h2 id="keepers">Keepers</h2>{picture}{listed}{note}'


def _keepers_of(results: Results, job: str) -> str:
    accounts = results.tables["work_accounts"].filter(pl.col("job") == job)
    parts = [(str(key), part) for (key,), part in accounts.group_by("keeper", maintain_order=True)]
    parts.sort(key=lambda each: (-wei(each[1]["reward"]), each[0]))
    rows = [
        (
            address(keeper),
            f"{part.height:,}",
            *amounts([wei(part[name]) for name in ("reward", "reward_eth", "gas_paid")], 5),
        )
        for keeper, part in parts
    ]
    if not rows:
        return ""
    sums = amounts([wei(accounts[name]) for name in ("reward", "reward_eth", "gas_paid")], 5)
    headers = ("keeper", "works for it", "KP3R", "worth, ETH", "gas, ETH")
    listed = table(headers, rows, frozenset(range(1, 5)), total=("all", f"{accounts.height:,}", *sums))
    return f'<h2 id="keepers">Its keepers</h2>{listed}'
