"""Extracting and proving the recorded chain in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.chain.client import NodeClient
from keep3r_replay.lake.reader import Lake
from keep3r_replay.proof.contradictions import ContradictedError, Contradiction
from keep3r_replay.proof.node import NodeTeller
from keep3r_replay.proof.proving import Outcome, Proving, Settings
from keep3r_replay.protocols.registry import protocol_of
from tests.node.lakes import run, settings
from tests.proof.served_chain import Chain, ServedChain, recorded

if TYPE_CHECKING:
    from pathlib import Path

LAST = 43
"""The last block of the lake; three more follow up to the anchor."""


def anchor_of(chain: Chain) -> str:
    """The hash of the newest block."""
    return str(chain.blocks[chain.head]["hash"])


def extract(lake: Path) -> None:
    """Extract the recorded chain into a folder."""
    with ServedChain(recorded()) as node:
        more = ("confirmations=0", f"to_block={LAST}", "readings=[40]")
        assert run(node.url, *settings(recorded().keep3r, lake, *more)) == 0


def prove(lake: Path, *urls: str, anchor: str | None = None, **asked: Any) -> Outcome:
    """Prove a lake against nodes at these addresses."""
    settings_ = Settings(anchor or anchor_of(recorded()), **({"state": False} | asked))
    nodes = [NodeTeller(NodeClient([url], attempts=3), f"endpoint {i + 1}") for i, url in enumerate(urls)]
    opened = Lake.open(lake)
    proving = Proving(opened, [protocol_of(opened)], nodes, None, settings_, lambda _: None, lambda *_: None)
    return proving.run()


def contradictions(lake: Path, *urls: str, **asked: bool) -> list[Contradiction]:
    """What a proof contradicts; a chain that breaks off is one contradiction."""
    try:
        return prove(lake, *urls, **asked).contradictions
    except ContradictedError as broken:
        return [broken.contradiction]
