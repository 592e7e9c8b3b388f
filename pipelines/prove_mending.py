"""Naming who lied, and mending a lake where it contradicts the anchor."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from keep3r_replay.errors import UsageError

from .deployment import spec_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.proof.mending import TrueBlock
    from keep3r_replay.proof.node import NodeTeller
    from keep3r_replay.proof.proving import Outcome, Proving

    from .progress import Progress
    from .prove_config import ProveConfig

_ASKED_ABOUT = 20
_PLACE = re.compile(r"transaction (\d+)", re.ASCII)
_FETCHED = ("logs", "blocks", "transactions", "undecoded", "events/")
"""Beginnings of the tables that an extraction fetches: what else is wrong (parameters, code), it would not mend."""


def witnesses(proving: Proving, outcome: Outcome, lake: Lake, nodes: Sequence[NodeTeller]) -> list[TrueBlock]:
    """The blocks in question as they truly are; whoever tells otherwise of them is named among the outcome's lies."""
    from keep3r_replay.proof.witnesses import lies_about

    wrong = {each.block for each in outcome.contradictions if each.subject.startswith(_FETCHED)}
    true = proving.true_blocks(outcome.proved, wrong)
    addresses = [contract.address for contract in lake.deployment.contracts]
    for block in true[:_ASKED_ABOUT]:
        places = {
            int(found[1])
            for each in outcome.contradictions
            if each.block == block.header.number
            and each.subject == "transactions"
            and (found := _PLACE.match(each.place))
        }
        sent = sorted(place for place in places if place < len(block.raws))
        outcome.lies += lies_about(block, sent, addresses, nodes)
    return true


def mended(config: ProveConfig, outcome: Outcome, true: list[TrueBlock], progress: Progress) -> Lake:
    """Fetch the partitions of false rows again, with what is proved in the place of what is told; return the new lake.

    Raises:
        UsageError: the lake was imported, not extracted.
    """
    import keep3r_replay
    from keep3r_replay.dataset.extraction import Extraction
    from keep3r_replay.dataset.spec import Request
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.proof.mending import MendingClient

    from .verify import follow_of, mark_stale

    path = Path(config.lake)
    manifest, deployment = Lake.read(path)
    if deployment.origin != "node" or manifest.coverage is None:
        raise UsageError(f"{path}: was not extracted from a node, and cannot be mended from one")
    wrong = {each.block for each in outcome.contradictions if each.subject.startswith(_FETCHED)}
    spans = {
        (entry.from_block, entry.to_block)
        for entry in manifest.files
        if any(entry.from_block <= block <= entry.to_block for block in wrong)
    }
    for each in outcome.contradictions:
        if each.subject.startswith(_FETCHED):
            print(f"mended    {each.line()}")
    mark_stale(path, manifest, spans)
    urls = [each.strip() for each in os.environ["ETH_RPC_URL"].split(",") if each.strip()]
    client = MendingClient(urls, true, connections=config.connections, timeout=config.timeout, attempts=config.attempts)
    detail = str(manifest.extraction.get("detail", "all"))
    spec, protocol = spec_of(config.deployment, detail=detail, follow=follow_of(manifest))
    # No depth below the head: what is fetched again is proved, and no new word about what is final.
    request = Request(to_block=manifest.coverage.to_block, confirmations=0, connections=config.connections)
    Extraction(path, spec, protocol, client, request, progress.say, progress.update).run()
    progress.done()
    return keep3r_replay.open_lake(path)
