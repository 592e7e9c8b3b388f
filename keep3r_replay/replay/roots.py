"""The replay of one root contract of a lake: model, journal, readings, snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Protocol as Interface

from keep3r_replay.journal import Journal
from keep3r_replay.replay.beginning import begin
from keep3r_replay.replay.continuing import Continued
from keep3r_replay.replay.engine import run
from keep3r_replay.replay.readings import Reconciliation
from keep3r_replay.replay.snapshots import SnapshotRecorder
from keep3r_replay.replay.timeline import Span

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import Options, Protocol, Replay


class Start(Interface):
    """Where a replay begins that does not begin with the contract."""

    @property
    def block(self) -> int:
        """The block at whose end the state is known."""

    def restore(self, replay: Replay) -> None:
        """Put the model there."""


@dataclass(frozen=True)
class Replayed:
    """What the replay of one contract leaves: over `span`, of which it went through `new` itself."""

    contract: Contract
    span: Span
    new: Span
    replay: Replay
    journal: Journal
    reconciliation: Reconciliation | None
    snapshots: SnapshotRecorder | None


def roots(lake: Lake, protocol: Protocol) -> list[Contract]:
    """The contracts of a lake that get a replay each, in the order of their first blocks."""
    contracts = [contract for contract in lake.deployment.contracts if contract.role == protocol.root]
    return sorted(contracts, key=lambda contract: (contract.facts.get("from_block", 0), contract.address))


def replay_root(
    lake: Lake, protocol: Protocol, root: Contract, until_block: int | None, start: Start | None, options: Options
) -> Replayed:
    """Replay one root contract up to `until_block`, from the beginning or from `start`.

    Raises:
        InputError: the lake lacks what the replay needs.
    """
    journal = Journal()
    span = new = Span(None, until_block)
    replay = begin(lake, protocol, root, journal, until_block, options)
    if start is not None:
        start.restore(replay)
        new = Span(start.block, until_block)
    contracts = read_with(lake, protocol, root)
    reconciliation = Reconciliation(lake, replay, journal, contracts, new) if options.readings else None
    snapshots = (
        SnapshotRecorder(replay, protocol.root, root.address, options.snapshot_every, reconciliation)
        if options.snapshot_every or options.keeps
        else None
    )
    if isinstance(start, Continued):
        start.take_over(journal, reconciliation, snapshots)
    else:
        span = new
    compared = [
        block
        for block in (reconciliation.blocks if reconciliation else [])
        if options.reading_blocks is None or block in options.reading_blocks
    ]
    run(
        lake,
        replay,
        reading_blocks=compared,
        on_readings=reconciliation.compare if reconciliation else None,
        span=new,
        emitters=emitters(lake, protocol, root),
        checkpoints=snapshots,
        runs=protocol.runs(replay) if options.columns else None,
    )
    coverage = lake.manifest.coverage
    if snapshots is not None and coverage is not None:
        # Not from beyond what the lake holds so far. Whoever stops somewhere means to go on from there.
        last = coverage.to_block if until_block is None else min(until_block, coverage.to_block)
        snapshots.end(last, stopped=until_block is not None)
    return Replayed(root, span, new, replay, journal, reconciliation, snapshots)


def emitters(lake: Lake, protocol: Protocol, root: Contract) -> Mapping[str, Collection[str]]:
    """The contract that a replay reads the events of, where the lake holds several of its role."""
    return {root.role: [root.address]} if len(roots(lake, protocol)) > 1 else {}


def read_with(lake: Lake, protocol: Protocol, root: Contract) -> frozenset[str] | None:
    """Contracts whose readings go with this one; None for all, where it is the only one of its kind."""
    if len(roots(lake, protocol)) > 1:
        return protocol.contracts_to_read(lake.deployment, root)
    return frozenset({"", *lake.deployment.by_address()}) if lake.part else None
