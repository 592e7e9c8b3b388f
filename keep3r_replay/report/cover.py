"""What a page of a replay rests on: what was audited, by what, from what, how it ended, and how to verify it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.counts import counted
from keep3r_replay.report.frame import Cover
from keep3r_replay.report.frame import cover as block
from keep3r_replay.report.html import code, text
from keep3r_replay.report.inputs import inputs_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FILES = 60
"""Of a lake's files the hashes of so many; the manifest of the lake, whose hash comes first, has all."""
AUDITED = ("keep3r verify results=RESULTS lake=LAKE", "keep3r replay lake=LAKE results=AGAIN ledger=true")
"""Commands that verify a replay with its ledger."""
WHAT_IF = ("keep3r verify results=RESULTS lake=LAKE",)
"""The same of a what-if."""


def cover_section(
    title: str,
    summary: Mapping[str, Any],
    manifest: Mapping[str, Any],
    party: str = "",
    verify: Sequence[str] = AUDITED,
) -> str:
    """The section `What was audited`.

    Args:
        title: of the protocol: "Keep3r".
        summary: of the results, parsed.
        manifest: the same.
        party: whom the page is about, in markup, where it is about one.
        verify: commands that repeat it.
    """
    first, last = summary["blocks"]
    whole = f"{title} {text(summary['version'])}, {text(summary['deployment'])}, blocks {first:,} to {last:,}"
    inputs = _inputs(manifest)
    proof = f"; inputs {text(inputs_words(summary['inputs']))}" if "inputs" in summary else ""
    count = sum(summary["findings"].values())
    told = "no finding" if not count else counted(count, "finding")
    verdict = (
        f"{text(summary['verdict'])}: {told} in the whole history; state {code('0x' + summary['state_hash'])}{proof}"
    )
    audited = f"{party}, in the whole history of {whole}" if party else whole
    told_by = Cover(audited, _version(manifest), inputs, verdict, verify)
    return f'<h2 id="cover">What was audited</h2>{block(told_by)}'


def what_if_cover(title: str, summary: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    """The section `What this rests on` of a what-if: its history, the program, the inputs, how to repeat it.

    Args:
        title: of the protocol: "Keep3r".
        summary: of the results, parsed.
        manifest: the same.
    """
    first, last = summary["blocks"]
    version = f" {text(summary['version'])}" if "version" in summary else ""
    state = f"; state {code('0x' + summary['state_hash'])}" if "state_hash" in summary else ""
    findings = summary.get("baseline_findings")
    audit = (
        ""
        if findings is None
        else f"; the audit of the history has {counted(findings, 'finding') if findings else 'no finding'}"
    )
    told_by = Cover(
        f"what would have happened in {title}{version}, {text(summary['deployment'])}, blocks {first:,} to {last:,}",
        _version(manifest),
        _inputs(manifest),
        f"a what-if, no verdict{audit}{state}",
        WHAT_IF,
    )
    return f'<h2 id="cover">What this rests on</h2>{block(told_by)}'


def _inputs(manifest: Mapping[str, Any]) -> dict[str, str]:
    inputs = {str(name): str(value) for name, value in manifest.get("inputs", {}).items()}
    return inputs | {str(each[0]): str(each[3]) for each in manifest.get("lake_files", [])[:_FILES]}


def _version(manifest: Mapping[str, Any]) -> str:
    version = manifest.get("versions", {}).get("keep3r_replay", "")
    return f"keep3r_replay {version}, code {str(manifest.get('code', ''))[:16]}"
