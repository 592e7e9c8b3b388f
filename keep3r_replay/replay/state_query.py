"""The state of a contract as of any block: from the last snapshot before it, and the events since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.errors import UsageError
from keep3r_replay.journal import Journal
from keep3r_replay.replay.beginning import begin
from keep3r_replay.replay.engine import run
from keep3r_replay.replay.names import known_name
from keep3r_replay.replay.protocol import Options
from keep3r_replay.replay.roots import emitters, roots
from keep3r_replay.replay.snapshots import load_snapshot
from keep3r_replay.replay.timeline import Span

if TYPE_CHECKING:
    from pathlib import Path

    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import Protocol, Replay


def state_at(lake: Lake, protocol: Protocol, root: Contract, block: int, results: Path | None) -> Replay:
    """The model of `root` at the end of `block`.

    Args:
        lake: the history.
        protocol: whose contract it is.
        root: the contract asked for.
        block: the block; its time is what lazy views would answer for.
        results: results of a replay of this lake, whose snapshots save most of the way; None to go all of it.

    Raises:
        UsageError: the lake does not cover the block, or the results are of another lake.
        InputError: the lake lacks what the replay needs.
    """
    coverage = lake.manifest.coverage
    if coverage is None or not coverage.from_block <= block <= coverage.to_block:
        covered = "no block" if coverage is None else f"blocks {coverage.from_block} to {coverage.to_block}"
        raise UsageError(f"block={block}: the lake covers {covered}")
    snapshot = None if results is None else load_snapshot(results, lake, protocol.root, root.address, block)
    replay = begin(lake, protocol, root, Journal(), block, Options(readings=False))
    span = Span(None, block)
    if snapshot is not None:
        snapshot.restore(replay)
        span = Span(snapshot.block, block)
    run(lake, replay, span=span, emitters=emitters(lake, protocol, root), runs=protocol.runs(replay))
    return replay


def root_at(lake: Lake, protocol: Protocol, block: int, address: str | None = None) -> Contract:
    """The root contract at an address; the one in force at a block, the last that was deployed by then, if None.

    Raises:
        UsageError: the lake has none.
    """
    contracts = roots(lake, protocol)
    if not contracts:
        raise UsageError(f"{lake.path}: the deployment has no {protocol.root}")
    if address is not None:
        known = {contract.address: contract for contract in contracts}
        return known[known_name("contract", str(address).lower(), known, "contract", f"of {protocol.title}")]
    deployed = [contract for contract in contracts if contract.facts.get("from_block", 0) <= block]
    return deployed[-1] if deployed else contracts[0]
