"""How the inputs of a replay were proved, in words: the same for terminal and pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.report.html import code, text

if TYPE_CHECKING:
    from collections.abc import Mapping


def basis(summary: Mapping[str, Any]) -> str:
    """What a page says results rest on: the model's last state, and how the inputs were proved where they were."""
    state = f"<p>State {code(summary['state_hash'])}</p>"
    return f"{state}<p>Inputs {text(inputs_words(summary['inputs']))}</p>" if "inputs" in summary else state


def inputs_words(inputs: Mapping[str, Any]) -> str:
    """One sentence of the lake's certificate, as `lake.certificate.inputs_of` tells of it."""
    first, last = inputs["blocks"]
    anchor = f"block {inputs['anchor_block']:,} {inputs['anchor']}"
    if inputs["broken"]:
        return f"NOT PROVED: the certificate from {anchor} is of another lake: {inputs['broken']}"
    told = f"proved from {anchor}, blocks {first:,} to {last:,}"
    return f"{told}, except: {'; '.join(inputs['except'])}" if inputs["except"] else told
