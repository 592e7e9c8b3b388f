"""The page of one keeper: what it earned, what gas cost, month by month and work by work; nobody else's numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.counts import counted
from keep3r_replay.protocols.keep3r_v2.auditing import AUDITS
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import TOKEN_PAYMENT
from keep3r_replay.protocols.keep3r_v2.report import evidence
from keep3r_replay.protocols.keep3r_v2.report.cards import NEEDS_LAKE, verdict
from keep3r_replay.protocols.keep3r_v2.report.keeper_figures import earned_chart
from keep3r_replay.protocols.keep3r_v2.report.results import amounts, wei
from keep3r_replay.protocols.keep3r_v2.statements.keeper import by_month
from keep3r_replay.protocols.keep3r_v2.statements.overpaid import own_amounts
from keep3r_replay.protocols.keep3r_v2.statements.parties import times
from keep3r_replay.replay.rooms import Chart
from keep3r_replay.report.amounts import tokens
from keep3r_replay.report.charts import drawn
from keep3r_replay.report.cover import cover_section
from keep3r_replay.report.frame import Answer, answers, card, cards, head
from keep3r_replay.report.html import address, place, text, when
from keep3r_replay.report.page import page
from keep3r_replay.report.tables import table

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.report.results import Results

_SUMS = ("reward", "reward_eth", "gas_paid", "profit")
_HEADS = ("KP3R", "worth, ETH", "gas, ETH", "profit, ETH")
_OTHER_GAS = {"gas_paid_without_worth": "gas, worth unknown", "gas_paid_in_token_works": "gas, in tokens"}
"""Columns of months that stand there where the keeper has such works."""
_HOW = AUDITS.words["works"]


def make_keeper_report(results: Results, keeper: str, compared: pl.DataFrame | None, lake: Lake | None = None) -> str:
    """The page.

    Args:
        results: where the keeper is known.
        keeper: its address.
        compared: its works beside the formula (`statements.overpaid.compared_works`); None without the lake.
        lake: what the results were made from, where it is at hand: it knows the time of each finding.
    """
    summary = results.summary
    first, last = summary["blocks"]
    works = results.tables["work_accounts"].filter(pl.col("keeper") == keeper).sort("block_number", "log_index")
    worked = works["timestamp"].to_list()
    span = f", at work {when(min(worked))} to {when(max(worked))} UTC" if worked else ""
    below = f"Keep3r {text(summary['version'])}, blocks {first:,} to {last:,}{span}"
    chart = keeper_work_chart(results, keeper)
    parts = [
        head(f"Keeper {keeper}", below, str(summary["verdict"])),
        answers([verdict(results), *_answers(works), _overpaid(compared)]),
        cards([_card(results, keeper, works)]),
        drawn(chart) if chart else "",
        _months(works),
        _works(works),
        evidence.findings(results, lake, keeper),
        cover_section("Keep3r", summary, results.manifest, f"Keeper {address(keeper)}"),
    ]
    return page(f"Keeper {keeper}", "\n".join(part for part in parts if part))


def keeper_work_chart(results: Results, keeper: str) -> Chart | None:
    """What the keeper's works were worth so far, and what gas cost; None where no work can be valued."""
    works = results.tables["work_accounts"].filter((pl.col("keeper") == keeper) & pl.col("profit").is_not_null())
    rows = (
        works.sort("block_number", "log_index")
        .select("timestamp", pl.col("reward_eth", "gas_paid").cast(pl.Int128))
        .rows()
    )
    caption = (
        "Worth of what was earned so far, at the contract's own quote, and gas paid so far, in ETH, over time (UTC)."
    )
    return Chart(f"earned-{keeper}", caption, earned_chart(rows)) if rows else None


def _answers(works: pl.DataFrame) -> list[Answer]:
    in_kp3r = works.filter(pl.col("class") != TOKEN_PAYMENT)
    known = in_kp3r.filter(pl.col("profit").is_not_null())
    earned = f"in {counted(in_kp3r.height, 'work')}{_in_tokens(works.height - in_kp3r.height)}"
    worth, gas, profit = (wei(known[name]) for name in ("reward_eth", "gas_paid", "profit"))
    unknown = in_kp3r.height - known.height
    rest = f"; {counted(unknown, 'work')} of unknown worth kept apart" if unknown else ""
    said = f"worth {tokens(worth, 6)} ETH, gas {tokens(gas, 6)} ETH{rest}"
    told = Answer("earned", f"{tokens(wei(in_kp3r['reward']), 6)} KP3R", earned)
    if unknown and not known.height:
        spent = tokens(wei(in_kp3r["gas_paid"]), 6)
        said = f"{counted(unknown, 'work')} without a quote of ETH, or without a transaction; {spent} ETH of gas"
        return [told, Answer("profit", "cannot be told", said)]
    return [
        told,
        Answer("profit", f"{tokens(profit, 6)} ETH", said, "good" if profit > 0 else "bad" if profit < 0 else ""),
    ]


def _overpaid(compared: pl.DataFrame | None) -> Answer:
    question = "paid above the formula"
    if compared is None:
        return Answer(question, "not known", NEEDS_LAKE)
    own = own_amounts(compared)
    if not own.works:
        return Answer(question, "nothing", "no payment in KP3R is the job's own amount", "good")
    if not own.compared:
        return Answer(
            question, "cannot be told", f"{counted(own.works, 'own amount')}, with no formula to compare with"
        )
    ratio = times(own.paid, own.formula)
    payments, rest = counted(own.compared, "payment"), own.works - own.compared
    said = (
        f"{tokens(own.paid, 6)} KP3R in {payments} where the formula gives {tokens(own.formula, 6)}"
        f"{f', {ratio} times as much' if ratio else ''}"
        f"{f'; {rest:,} more with nothing to compare with' if rest else ''}"
    )
    return Answer(question, f"{tokens(own.excess, 6)} KP3R", said, "bad" if own.excess > 0 else "")


def _card(results: Results, keeper: str, works: pl.DataFrame) -> str:
    tables = results.tables
    states = tables["keeper_states"].filter(pl.col("keeper") == keeper).rows(named=True)
    bonds = tables["keeper_bonds"].filter(pl.col("keeper") == keeper).sort("token").rows(named=True)
    accounts = tables["keeper_accounts"].filter(pl.col("keeper") == keeper).rows(named=True)
    facts: dict[str, str] = {}
    for row in states:
        facts["state"] = f"{'listed' if row['listed'] else 'not listed'}{', disputed' if row['disputed'] else ''}"
    if bonds:
        facts["bonded"] = "<br>".join(f"{tokens(int(row['bonded']), 6)} of {address(row['token'])}" for row in bonds)
    facts["works"] = f"{works.height:,} for {counted(works['job'].n_unique(), 'job')}"
    for row in accounts:
        facts["disputes"] = f"{row['disputes']:,}, {_slashed(row['slashes'])}"
    return card(f"keeper {address(keeper)}", facts)


def _months(works: pl.DataFrame) -> str:
    if works.is_empty():
        return ""
    months = by_month(works)
    other = {name: head for name, head in _OTHER_GAS.items() if months[name].is_not_null().any()}
    shown = [*_SUMS, *other]
    rows = [
        (
            text(row["month"]),
            address(row["job"]),
            f"{row['works']:,}",
            f"{row['works_in_tokens']:,}",
            *amounts([_int(row[name]) for name in shown], 6),
        )
        for row in months.iter_rows(named=True)
    ]
    counts = (f"{months[name].sum():,}" for name in ("works", "works_in_tokens"))
    sums = [wei(months[name]) if months[name].is_not_null().any() else None for name in shown]
    total = ("all", "", *counts, *amounts(sums, 6))
    headers = ("month", "job", "works", "in tokens", *_HEADS, *other.values())
    return f"<h2>Months</h2>{table(headers, rows, frozenset(range(2, len(headers))), total=total)}"


def _works(works: pl.DataFrame) -> str:
    if works.is_empty():
        return ""
    rows = [
        (
            place(row["timestamp"], row["block_number"], row["log_index"]),
            address(row["job"]),
            text(_HOW[row["class"]]),
            *(
                "-" if row["class"] == TOKEN_PAYMENT and name != "gas_paid" else amounts([_int(row[name])], 6)[0]
                for name in _SUMS
            ),
        )
        for row in works.iter_rows(named=True)
    ]
    headers = ("time, UTC, and place", "job", "how", *_HEADS)
    return f"<h2>Works</h2>{table(headers, rows, frozenset(range(3, 7)), file='work_accounts.parquet')}"


def _int(value: object) -> int | None:
    return None if value is None else int(str(value))


def _in_tokens(works: int) -> str:
    return f"; {works:,} more {'was' if works == 1 else 'were'} paid in tokens" if works else ""


def _slashed(times: int) -> str:
    return f"slashed {counted(times, 'time')}" if times else "never slashed"
