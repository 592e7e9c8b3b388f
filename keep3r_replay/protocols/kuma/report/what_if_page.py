"""The page about a what-if: both worlds beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.counts import counted
from keep3r_replay.protocols.kuma.audit.keepers import NOT_VERIFIED
from keep3r_replay.protocols.kuma.report.late import SHOWN, short, whole
from keep3r_replay.protocols.kuma.report.what_if_answers import what_if_answers
from keep3r_replay.protocols.kuma.what_if.room import ASSUMPTIONS
from keep3r_replay.protocols.kuma.what_if.rows import REIMBURSED
from keep3r_replay.replay.results import manifest_of
from keep3r_replay.replay.stored import has_table, read_table
from keep3r_replay.report.cover import what_if_cover
from keep3r_replay.report.frame import answers, head
from keep3r_replay.report.html import folded, lasting, text
from keep3r_replay.report.page import page
from keep3r_replay.report.places import Calendar, ends_of
from keep3r_replay.report.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from keep3r_replay.lake.reader import Lake

_PAIRS = {
    "purchases": "purchases",
    "burned": "KIBT burned",
    "supply": "KIBT at the end",
    "late": "late bonds",
    REIMBURSED: f"ETH paid back to keepers, {NOT_VERIFIED}",
}
"""Numbers that both worlds have, in words."""


def what_if_page(results: Path, summary: Mapping[str, Any], lake: Lake | None = None) -> str:
    """The page of a what-if's folder; the lake knows when its blocks were.

    Raises `OSError`, `KeyError` and polars' errors where that is none of KUMA.
    """
    names = ("purchases_what_if", "bonds_what_if", "categories_what_if", "keepers_what_if", "changed_transactions")
    # Tables are there unless a sweep kept the sums only.
    tables = {name: read_table(results, name) for name in names if has_table(results, name)}
    first, last = summary["blocks"]
    calendar = Calendar.of(tables.values(), lake, ends_of(lake, first, last))
    parts = [
        head(f"What if: {summary['deployment']}", f"KUMA, {calendar.span(first, last)}"),
        answers(what_if_answers(summary["outcome"], tables)),
        _changes(summary["overlay"]),
    ]
    for name, part in (
        ("purchases_what_if", _purchases),
        ("bonds_what_if", _bonds),
        ("keepers_what_if", _keepers),
        ("categories_what_if", _categories),
        ("changed_transactions", _changed),
    ):
        if name in tables:
            parts.append(part(tables[name], calendar))
    given = "".join(f"<p>{text(each)}</p>" for each in ASSUMPTIONS)
    parts += [
        _sums(summary["outcome"]),
        folded("what is given, and what follows", given),
        what_if_cover("KUMA", summary, manifest_of(results)),
    ]
    return page(f"KUMA what-if: {summary['deployment']}", "\n".join(parts))


def _changes(overlay: Mapping[str, Any]) -> str:
    rows = [(text(name), text(value)) for name, value in overlay.items()]
    told = table(("change", "value"), rows) if rows else "<p>None: the what-if is the history.</p>"
    return f"<h2>Changes</h2>{told}"


def _sums(outcome: Mapping[str, Any]) -> str:
    def shown(name: str) -> str:
        value = outcome[name]
        return f"{value:,}" if isinstance(value, int) else whole(value)

    rows = [(text(words), shown(name), shown(f"{name}_what_if")) for name, words in _PAIRS.items()]
    added = outcome["added_calls"]
    words = counted(added, "call was added", "calls were added")
    calls = f"<p>{words}, {outcome['added_calls_failed'] or 'none'} of which would revert.</p>" if added else ""
    return f"<h2>All sums</h2>{table(('', 'as it was', 'what-if'), rows, frozenset({1, 2}))}{calls}"


def _part(title: str, headers: Sequence[str], rows: Iterable[Sequence[str]], numbers: frozenset[int]) -> str:
    listed = list(rows)
    if not listed:
        return f"<h2>{title}</h2><p>None.</p>"
    more = f"<p>and {len(listed) - SHOWN:,} more in its table</p>" if len(listed) > SHOWN else ""
    return f"<h2>{title}</h2>" + table(headers, listed[:SHOWN], numbers) + more


def _purchases(frame: pl.DataFrame, calendar: Calendar) -> str:
    differing = frame.filter(pl.col("realized").ne_missing(pl.col("realized_what_if")))
    rows = (
        (
            calendar.at(row["block_number"]),
            text(row["category"]),
            str(row["bond_id"]),
            whole(row["realized"]) or "fails",
            whole(row["realized_what_if"]) or "fails",
            whole(row["difference"]),
            short(row["buyer"]),
        )
        for row in differing.iter_rows(named=True)
    )
    headers = ("when, UTC", "category", "bond", "price", "price, what-if", "burned too much", "buyer")
    return _part("Purchases at another price", headers, rows, frozenset({2, 3, 4, 5}))


def _bonds(frame: pl.DataFrame, _: Calendar) -> str:
    differing = frame.filter(pl.col("status").ne_missing(pl.col("status_what_if")))
    rows = (
        (
            text(row["category"]),
            str(row["bond_id"]),
            text(row["status"] or "not sold"),
            text(row["status_what_if"] or "not sold"),
            *(lasting(row[each]) for each in ("seconds_late", "seconds_late_what_if")),
        )
        for row in differing.iter_rows(named=True)
    )
    headers = ("category", "bond", "was", "would be", "late by", "late by, what-if")
    return _part("Bonds of another fate", headers, rows, frozenset({1}))


def _categories(frame: pl.DataFrame, _: Calendar) -> str:
    rows = (
        (text(row["category"]), whole(row["supply"]), whole(row["supply_what_if"]))
        for row in frame.iter_rows(named=True)
    )
    return _part("Supply at the end, KIBT", ("category", "as it was", "what-if"), rows, frozenset({1, 2}))


def _keepers(frame: pl.DataFrame, _: Calendar) -> str:
    rows = (
        (
            short(row["sender"]),
            f"{row['calls']:,}",
            f"{row['calls_what_if']:,}",
            *(whole(row[name]) for name in ("outlay", "outlay_what_if", REIMBURSED, f"{REIMBURSED}_what_if")),
        )
        for row in frame.iter_rows(named=True)
    )
    headers = ("keeper", "calls", "what-if", "outlay, ETH", "what-if", f"paid back, {NOT_VERIFIED}", "what-if")
    return _part("Keepers", headers, rows, frozenset(range(1, 7)))


def _changed(frame: pl.DataFrame, calendar: Calendar) -> str:
    rows = (
        (
            calendar.at(row["block_number"]),
            str(row["transaction_index"]),
            text(row["function"]),
            "went through" if row["succeeded"] else "reverted",
            text(row["reason_what_if"] or "goes through"),
        )
        for row in frame.iter_rows(named=True)
    )
    headers = ("when, UTC", "transaction", "call", "was", "would be")
    return _part("Transactions that succeed in one world only", headers, rows, frozenset({1}))
