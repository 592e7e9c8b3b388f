"""Where replays begin that do not begin with their contract: after a block with readings, or at a snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.errors import UsageError
from keep3r_replay.replay.roots import roots
from keep3r_replay.replay.snapshots import has_snapshots, load_snapshot

if TYPE_CHECKING:
    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import Protocol, Replay
    from keep3r_replay.replay.roots import Start


@dataclass(frozen=True)
class ReadingsStart:
    """The state that readings tell after `block`: values by (contract, view, arguments)."""

    lake: Lake
    block: int
    values: dict[tuple[str, str, str], str]

    def restore(self, replay: Replay) -> None:
        """Put the model there."""
        replay.start_from(self.lake, self.block, self.values)


def starts(
    lake: Lake,
    protocol: Protocol,
    until_block: int | None,
    start_block: int | None = None,
    resume: str | None = None,
    resume_block: int | None = None,
) -> dict[str, Start]:
    """The start of each root contract of a lake, by address; empty if replays begin at the first event.

    Args:
        lake: the history.
        protocol: whose contracts are replayed.
        until_block: last block to replay; None: all.
        start_block: block whose readings tell the state.
        resume: folder of results with snapshots.
        resume_block: the snapshot is the last one up to this block; None: the last one.

    Raises:
        UsageError: there are no such readings or snapshots, or nothing is left to replay.
    """
    if resume is not None and start_block is not None:
        raise UsageError("resume and start_block exclude each other: a replay starts in one place")
    coverage = lake.manifest.coverage
    if start_block is not None and coverage is not None and start_block >= coverage.to_block:
        raise UsageError(
            f"start_block={start_block} leaves nothing to replay: the lake's last block is {coverage.to_block}"
        )
    found: dict[str, Start] = {}
    for root in roots(lake, protocol):
        if start_block is not None:
            found[root.address] = readings_start(lake, start_block)
        elif resume is not None:
            snapshot = load_snapshot(Path(resume), lake, protocol.root, root.address, resume_block)
            if snapshot is None:
                raise UsageError(_no_snapshot(resume, protocol, root, resume_block))
            found[root.address] = snapshot
    for start in found.values():
        if until_block is not None and start.block >= until_block:
            raise UsageError(f"until_block={until_block} leaves nothing to replay after block {start.block}")
    return found


def _no_snapshot(resume: str, protocol: Protocol, root: Contract, resume_block: int | None) -> str:
    """Why there is nothing to resume from, and what to do about it."""
    if not has_snapshots(Path(resume), protocol.root, root.address):
        return (
            f"{resume}: no snapshot of {root.address} was taken: there were fewer events than "
            "snapshot_every, or that was 0; replay again with until_block=B, which takes one there, or with a "
            "smaller snapshot_every=N"
        )
    where = "" if resume_block is None else f" up to block {resume_block}"
    return (
        f"{resume}: no snapshot of {root.address}{where} to resume from that holds for the lake as it is; "
        "replay it from the beginning"
    )


def readings_start(lake: Lake, block: int) -> ReadingsStart:
    """The start from the readings after `block`.

    Raises:
        UsageError: the lake has no readings after that block.
    """
    blocks = lake.scan("readings", columns=["block_number"]).unique().collect() if lake.has("readings") else None
    present = [] if blocks is None else sorted(blocks["block_number"].to_list())
    if block not in present:
        near = max((other for other in present if other < block), default=None)
        hint = f"the last before it are at block {near}" if near is not None else "the lake has none before it"
        raise UsageError(f"start_block={block}: no readings after this block; {hint}")
    rows = lake.scan(
        "readings", columns=["contract", "view", "arguments", "value"], from_block=block, until_block=block
    )
    values = {
        (contract, view, arguments): value
        for contract, view, arguments, value in rows.filter(pl.col("value").is_not_null()).collect().iter_rows()
    }
    return ReadingsStart(lake, block, values)
