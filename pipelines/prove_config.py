"""The settings of `keep3r prove`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .config import setting
from .told import MEANING, Told

SUMMARY = (
    "Prove a lake from one trusted block hash: headers, that no log is missing, inputs, gas, code and parameters; the "
    "certificate is proof.json in the lake."
)


@dataclass(frozen=True)
class ProveConfig:
    """Settings of `keep3r prove`."""

    lake: str = setting("folder of the lake")
    anchor: str = setting('the trusted block: its hash ("0x..."), or its number, whose hash is then the node\'s word')
    deployment: dict[str, Any] = setting("the lake's deployment, where a gap is to be mended")
    source: str | None = setting("folder of history files (.era1, .ere) that are asked before any node", default=None)
    keep: bool = setting("keep headers and opened receipts beside the lake, for offline=true", default=False)
    offline: bool = setting("verify the certificate from what was kept, without a node", default=False)
    resume: bool = setting("go on from what an interrupted run noted in the lake, on its word", default=False)
    state: bool = setting("ask for proofs of code, initial parameters and readings", default=True)
    repair: bool = setting("mend the lake where it contradicts the anchor, and prove it again", default=False)
    plan: bool = setting("say what a proof would cost, and stop", default=False)
    connections: int = setting("requests under way at once", default=2)
    timeout: float = setting("seconds to wait for an answer", default=60.0)
    attempts: int = setting("how often a question is asked before giving up", default=12)
    format: Told = setting(MEANING, default=Told.text)
