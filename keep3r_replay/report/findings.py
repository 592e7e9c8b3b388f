"""The findings on a page: root causes first, each with what was expected, what was observed, and what to type next."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from keep3r_replay.counts import counted
from keep3r_replay.journal import NOTICE
from keep3r_replay.lake.address_book import AddressBook
from keep3r_replay.report.frame import facts_list, titled
from keep3r_replay.report.html import address, folded, place, text
from keep3r_replay.report.places import block_times
from keep3r_replay.report.root_causes import RootCause, Shown, explained_places, next_command, parties_in, root_causes
from keep3r_replay.report.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from keep3r_replay.lake.reader import Lake

CAUSES_SHOWN = 20
"""Root causes that stand on a page as blocks of their own; its table has more."""
_LAKE = "lake=LAKE"
"""How a page's commands name the lake: the same results give the same page, wherever they lie."""


def findings_section(
    tables: Mapping[str, pl.DataFrame], lake: Lake | None, *, party: str = "", none: str = "None."
) -> str:
    """The section of a page.

    Args:
        tables: of the results, `findings` among them; times, places and parties are known by the others.
        lake: what they were made from, where it is at hand: it knows the times of all blocks.
        party: only what is about this address, and the root causes of that; empty: all.
        none: what is said where there is no finding.
    """
    found = tables["findings"]
    causes = root_causes(found)
    if party:
        causes = [
            each for each in causes if any(party in str(row["subject"]) for row in (each.finding, *each.following))
        ]
    if not causes:
        return f'<h2 id="findings">Findings</h2><p>{text("None about it." if party else none)}</p>'
    shown = _shown(tables, lake, causes)
    rows = [row for cause in causes for row in (cause.finding, *cause.following)]
    if party:
        rows = [row for row in rows if party in str(row["subject"]) or row["cause"] is None]
    rows.sort(key=lambda row: row["number"] or 0)
    word = "notice" if all(row["severity"] == NOTICE for row in rows) else "finding"
    told = f"{counted(len(causes), 'root cause')}, {counted(len(rows), word)} in all"
    more = f"<p>The first {CAUSES_SHOWN} of {len(causes):,} root causes.</p>" if len(causes) > CAUSES_SHOWN else ""
    listed = folded(f"all {len(rows):,}, one a line", _table(rows, shown)) if len(rows) > 1 else ""
    blocks = "".join(_block(cause, shown) for cause in causes[:CAUSES_SHOWN])
    return f'<h2 id="findings">Findings</h2><p>{told}.</p>{blocks}{more}{listed}'


def _shown(tables: Mapping[str, pl.DataFrame], lake: Lake | None, causes: list[RootCause]) -> Shown:
    blocks = {row["block_number"] for cause in causes for row in (cause.finding, *cause.following)}
    times = block_times(blocks, tables.values(), lake)
    return Shown(_LAKE, times, explained_places(tables), parties_in(tables), AddressBook(), 0)


def _place(row: Mapping[str, Any], shown: Shown) -> str:
    return place(shown.times.get(row["block_number"]), row["block_number"], row["log_index"])


def _block(cause: RootCause, shown: Shown) -> str:
    """One root cause, with all that is known of it."""
    row, following = cause
    facts = {
        "when, UTC": _place(row, shown),
        "transaction": address(row["transaction_hash"]) if row["transaction_hash"] else "",
        "subject": titled(str(row["subject"])),
        "field": text(row["field"] or ""),
        "expected": titled(row["expected"] or "nothing"),
        "observed": titled(row["observed"] or "nothing"),
        "difference": f"{int(row['difference']):+,}" if row["difference"] else "",
        "why": titled(row["reason"]),
        "follows": _follows(following),
        "next": f"<code>{text(next_command(row, shown))}</code>",
    }
    kind = text(str(row["kind"]).replace("_", " "))
    tone = "" if row["severity"] == NOTICE else " bad"
    told = facts_list({name: value for name, value in facts.items() if value})
    number = "" if row["number"] is None else f"{row['number']:,} "
    return f'<section class="finding{tone}"><h3>{number}{kind}, {text(row["severity"])}</h3>{told}</section>'


def _follows(following: Any) -> str:
    if not following:
        return ""
    kinds = Counter(str(row["kind"]).replace("_", " ") for row in following)
    blocks = [row["block_number"] for row in following]
    told = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
    return text(f"{told}; blocks {min(blocks):,} to {max(blocks):,}")


def _table(rows: list[Mapping[str, Any]], shown: Shown) -> str:
    """Every finding, one a row."""
    cells = [
        (
            "" if row["number"] is None else f"{row['number']:,}",
            _place(row, shown),
            text(str(row["kind"]).replace("_", " ")),
            titled(str(row["subject"])),
            text(row["field"] or ""),
            titled(row["expected"] or "nothing"),
            titled(row["observed"] or "nothing"),
            "" if row["cause"] is None else f"{row['cause']:,}",
        )
        for row in rows
    ]
    headers = ("number", "time, UTC, and place", "kind", "subject", "field", "expected", "observed", "follows from")
    return table(headers, cells, frozenset({0}), stacked=True, file="findings.parquet")
