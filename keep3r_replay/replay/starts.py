"""Where replays begin that do not begin with their contract: after a block with readings, or at a snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.audit.mid_history import readings_start
from keep3r_replay.replay.contract import keep3r_contracts
from keep3r_replay.replay.snapshots import load_snapshot

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.contract import Start


def starts(
    lake: Lake,
    until_block: int | None,
    start_block: int | None = None,
    resume: str | None = None,
    resume_block: int | None = None,
) -> dict[str, Start]:
    """The start of each contract of a lake, by address; empty if replays begin at the first event.

    Args:
        lake: the history.
        until_block: last block to replay; None: all.
        start_block: block whose readings tell the state.
        resume: folder of results with snapshots.
        resume_block: the snapshot is the last one up to this block; None: the last one.

    Raises:
        UsageError: there are no such readings or snapshots, or nothing is left to replay.
    """
    if resume is not None and start_block is not None:
        raise UsageError("resume and start_block exclude each other: a replay starts in one place")
    found: dict[str, Start] = {}
    for contract in keep3r_contracts(lake):
        if start_block is not None:
            found[contract.address] = readings_start(lake, start_block)
        elif resume is not None:
            snapshot = load_snapshot(Path(resume), lake, contract.address, resume_block)
            if snapshot is None:
                raise UsageError(f"{resume}: no snapshot of {contract.address} to resume from")
            found[contract.address] = snapshot
    for start in found.values():
        if until_block is not None and start.block >= until_block:
            raise UsageError(f"until_block={until_block} leaves nothing to replay after block {start.block}")
    return found
