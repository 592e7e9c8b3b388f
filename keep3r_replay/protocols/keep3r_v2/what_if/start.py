"""Starts of what-ifs in mid-history: the state that readings or a snapshot tell, kept for any number of replays."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from keep3r_replay.errors import UsageError
from keep3r_replay.replay.snapshots import Snapshot

if TYPE_CHECKING:
    import polars as pl

    from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2
    from keep3r_replay.replay.roots import Start


def begin(protocol: Keep3rV2, start: Start) -> Snapshot:
    """Put the model at the start; what it then holds is returned as a snapshot.

    Raises:
        UsageError: stored credits or the cached price are known from views only. An audit takes them over from the
            chain's next reward; in a changed history the chain's rewards are no evidence.
    """
    start.restore(protocol)
    context = protocol.context
    if context.uncertain_jobs or context.uncertain_price_period:
        what = f"credits of job {next(iter(context.uncertain_jobs))}" if context.uncertain_jobs else "the cached price"
        raise UsageError(
            f"after block {start.block} only views tell the {what.removeprefix('the ')}, and a what-if takes over "
            "nothing from the chain's later rewards: replay mode=audit from there, and resume the what-if from a later "
            "snapshot of it"
        )
    kept = {name: frame.lazy() for name, frame in protocol.kept().items()}
    return Snapshot(start.block, protocol.snapshot(), partial(_of, kept))


def _of(kept: dict[str, pl.LazyFrame], name: str) -> pl.LazyFrame:
    return kept[name]
