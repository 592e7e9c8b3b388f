"""The summary of an audit for a terminal: a person reads it in ten seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.journal import NOTICE
from keep3r_replay.replay.moments import times_of
from keep3r_replay.report.before import before_line
from keep3r_replay.report.inputs import inputs_words
from keep3r_replay.report.times import moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.journal import Finding
    from keep3r_replay.replay.audited import Audit
    from keep3r_replay.replay.protocol import Protocol

SHOWN = 5
"""Findings that the summary shows."""


def ledger_line(ledger: Mapping[str, Any], told: str) -> str:
    """The ledger in one line; `told` is what its protocol says of it, empty for nothing."""
    return f"ledger    {ledger['entries']:>10,}  entries, balanced to the wei{'; ' if told else ''}{told}"


def _classes(subject: str, counts: Mapping[str, int], words: Mapping[str, str]) -> str:
    """How many of a subject fall into each class."""
    shown = ", ".join(f"{count:,} {words[name]}" for name, count in counts.items() if count or name == "mismatch")
    return f"{subject:<10}{sum(counts.values()):>10,}  {shown}"


def _following(summary: Mapping[str, Any]) -> str:
    """How many findings follow from those that are shown; empty if none does."""
    if "following" not in summary:
        return ""
    first, last = summary["following"]["blocks"]
    return f", and {summary['following']['count']:,} that follow, blocks {first:,} to {last:,}"


def audit_lines(audit: Audit, protocol: Protocol) -> list[str]:
    """The summary of an audit, with the dates of the blocks of the findings that it shows."""
    times = times_of(audit.lake, [finding.block_number for finding in audit.roots[:SHOWN]])
    return summary_lines(audit.summary, audit.roots, protocol, times)


def summary_lines(
    summary: dict[str, Any], findings: Sequence[Finding], protocol: Protocol, times: Mapping[int, int]
) -> list[str]:
    """Lines of text: verdict, the protocol's classes, events, readings, and the first findings with their places.

    `findings` are those that follow from no other; `times` of their blocks, in seconds, as far as they are known.
    """
    first, last = summary["blocks"]
    events, readings = summary["events"], summary["readings"]
    lines = [
        (
            f"{summary['verdict'].upper()}  {summary['deployment']}  {protocol.title} {summary['version']}  "
            f"blocks {first:,} to {last:,}"
        ),
        "",
        *(_classes(subject, summary[subject], words) for subject, words in protocol.words.items()),
        f"events    {events['predicted']:>10,}  predicted, {events['mismatched']:,} not as predicted",
        (
            f"readings  {readings['compared']:>10,}  compared, {readings['mismatched']:,} differ, "
            f"{readings['undetermined']:,} undetermined"
        ),
        f"state     {summary['state_hash'][:16]}",
    ]
    if "before" in summary:
        lines.append(before_line(summary["before"]))
    if "inputs" in summary:
        lines.append(f"inputs    {inputs_words(summary['inputs'])}")
    if "ledger" in summary:
        lines.append(ledger_line(summary["ledger"], protocol.ledger_words(summary["ledger"])))
    if findings:
        word = "notices" if all(finding.severity == NOTICE for finding in findings) else "findings"
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in summary["findings"].items())
        lines += ["", f"{len(findings):,} {word}: {kinds}{_following(summary)}"]
        for finding in findings[:SHOWN]:
            place = f"block {finding.block_number}" + ("" if finding.log_index is None else f" log {finding.log_index}")
            place += f", {moment(times[finding.block_number])}" if finding.block_number in times else ""
            values = f"expected {finding.expected or 'nothing'}, observed {finding.observed or 'nothing'}"
            lines.append(f"  {place}  {finding.kind}  {finding.subject} {finding.field}: {values}")
            lines.append(f"    {finding.reason}")
        if len(findings) > SHOWN:
            lines.append(f"  and {len(findings) - SHOWN:,} more in findings.parquet")
        lines.append("  keep3r findings tells each with its transaction and the command to look into it")
    return lines
