"""Findings by root cause: what was expected, what was observed, where, what follows, and what to type next."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.report.times import moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.lake.address_book import AddressBook

_BLOCK_WIDE = frozenset({"gas_sum", "impossible_gas", "block_time", "missing_transaction", "failed_with_logs"})
"""Kinds that are about what a node told, not about a contract."""
_PARTIES = {"job_states": "job", "keeper_states": "keeper"}
"""Tables of states, with the setting of `keep3r state` that names one."""


class RootCause(NamedTuple):
    """A finding that follows from no other, as the row of `findings`, and the rows that follow from it, in order."""

    finding: Mapping[str, Any]
    following: Sequence[Mapping[str, Any]]


class Shown(NamedTuple):
    """What is known beside the findings.

    Attributes:
        lake: the setting that names the lake, as it is typed; empty for the sample.
        times: of blocks, in seconds, as far as they are known.
        explained: places of logs that `keep3r explain` explains.
        parties: the setting of `keep3r state` that names a subject, by its address.
        book: names of addresses.
        chain: number of the chain.
    """

    lake: str
    times: Mapping[int, int]
    explained: frozenset[tuple[int, int | None]]
    parties: Mapping[str, str]
    book: AddressBook
    chain: int


def root_causes(findings: pl.DataFrame) -> list[RootCause]:
    """The roots of a table `findings`, in its order, each with what follows from it, directly or not."""
    rows = findings.rows(named=True)
    causes = {row["number"]: row["cause"] for row in rows}
    roots = {row["number"]: RootCause(row, []) for row in rows if row["cause"] is None}
    for row in rows:
        number = row["number"]
        while causes.get(number) is not None:
            number = causes[number]
        if row["cause"] is not None and number in roots:
            roots[number].following.append(row)  # type: ignore[attr-defined] # a list, made above
    return list(roots.values())


def explained_places(tables: Mapping[str, pl.DataFrame]) -> frozenset[tuple[int, int | None]]:
    """Logs of classed works and calls, which `keep3r explain` explains; of other classed logs it tells nothing."""
    place = ("block_number", "log_index")
    named = [tables[name] for name in ("works", "calls") if name in tables]
    classed = [table for table in named if {*place, "class"} <= {*table.columns}]
    return frozenset((block, log) for table in classed for block, log in table.select(place).iter_rows())


def parties_in(tables: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    """Addresses of whom results tell the state, with the setting that names one."""
    return {
        address: kind
        for name, kind in _PARTIES.items()
        if name in tables and kind in tables[name].columns
        for address in tables[name][kind].to_list()
    }


def next_command(finding: Mapping[str, Any], shown: Shown) -> str:
    """What to type to look into a finding: the terms of a payment, a state, or the node again."""
    lake = f" {shown.lake}" if shown.lake else ""
    block, log = finding["block_number"], finding["log_index"]
    if finding["kind"] in _BLOCK_WIDE:
        return f"keep3r verify{lake or ' lake=FOLDER'} deployment=NAME against_node=true"
    if (block, log) in shown.explained:
        return f"keep3r explain{lake} block={block} log_index={log}"
    subject = str(finding["subject"])
    party = f" {shown.parties[subject]}={subject}" if subject in shown.parties else ""
    return f"keep3r state{lake} block={block}{party}"


def cause_lines(cause: RootCause, shown: Shown, *, every: bool) -> list[str]:
    """A root cause for a terminal; `every`: with each finding that follows from it."""
    finding, following = cause
    lines = [f"{finding['number']}  {finding['kind']}, {finding['severity']}, {_place(finding, shown)}"]
    facts = {
        "transaction": finding["transaction_hash"],
        "subject": shown.book.told(str(finding["subject"])),
        "field": finding["field"],
        "expected": shown.book.told(finding["expected"] or "nothing"),
        "observed": shown.book.told(finding["observed"] or "nothing"),
        "difference": None if finding["difference"] is None else f"{int(finding['difference']):+}",
        "why": finding["reason"],
        "follows": _following(following),
        "explorer": _link(finding, shown),
        "next": next_command(finding, shown),
    }
    lines += [f"   {name:<12} {value}" for name, value in facts.items() if value]
    if every:
        lines += [
            f"     {row['number']}  {row['kind']}, {_place(row, shown)}  {shown.book.told(str(row['subject']))} "
            f"{row['field']}: expected {row['expected'] or 'nothing'}, observed {row['observed'] or 'nothing'}"
            for row in following
        ]
    return lines


def findings_export(findings: pl.DataFrame, shown: Shown) -> pl.DataFrame:
    """The table `findings` with the root of each, its time, and what to type next."""
    roots = {
        row["number"]: cause.finding["number"]
        for cause in root_causes(findings)
        for row in (cause.finding, *cause.following)
    }
    rows = findings.rows(named=True)
    return findings.with_columns(
        pl.Series("root", [roots.get(row["number"]) for row in rows], pl.UInt32),
        pl.Series("timestamp", [shown.times.get(row["block_number"]) for row in rows], pl.Int64),
        pl.Series("next", [next_command(row, shown) for row in rows], pl.String),
    )


def _place(finding: Mapping[str, Any], shown: Shown) -> str:
    block, log = finding["block_number"], finding["log_index"]
    when = f", {moment(shown.times[block])} UTC" if block in shown.times else ""
    return f"block {block}{'' if log is None else f' log {log}'}{when}"


def _following(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    blocks = [row["block_number"] for row in rows]
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(Counter(row["kind"] for row in rows).items()))
    return f"{kinds}; blocks {min(blocks):,} to {max(blocks):,}"


def _link(finding: Mapping[str, Any], shown: Shown) -> str:
    if finding["transaction_hash"]:
        return shown.book.link(shown.chain, "tx", finding["transaction_hash"])
    return shown.book.link(shown.chain, "block", finding["block_number"])
