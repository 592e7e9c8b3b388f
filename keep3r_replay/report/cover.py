"""What a page of a replay rests on: what was audited, by what, from what, how it ended, and how to verify it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    inputs = {str(name): str(value) for name, value in manifest.get("inputs", {}).items()}
    inputs |= {str(each[0]): str(each[3]) for each in manifest.get("lake_files", [])[:_FILES]}
    proof = f"; inputs {text(inputs_words(summary['inputs']))}" if "inputs" in summary else ""
    count = sum(summary["findings"].values())
    told = "no finding" if not count else f"{count:,} findings"
    verdict = (
        f"{text(summary['verdict'])}: {told} in the whole history; state {code('0x' + summary['state_hash'])}{proof}"
    )
    version = manifest.get("versions", {}).get("keep3r_replay", "")
    told_by = Cover(
        f"{party}, in the whole history of {whole}" if party else whole,
        f"keep3r_replay {version}, code {str(manifest.get('code', ''))[:16]}",
        inputs,
        verdict,
        verify,
    )
    return f'<h2 id="cover">What was audited</h2>{block(told_by)}'
