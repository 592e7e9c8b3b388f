"""Calls by somebody who may not make them, as findings at the first log of their transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.journal import ERROR, Finding

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2


def unauthorised_findings(lake: Lake, replay: Keep3rV2) -> list[Finding]:
    """A finding for every direct call that succeeded though its sender was not the one who alone may make it."""
    if not replay.unauthorised:
        return []
    places = [call.place for call in replay.unauthorised]
    wanted = pl.LazyFrame(places, schema={"block_number": pl.UInt32, "transaction_index": pl.UInt32}, orient="row")
    logs = lake.scan("logs", columns=["block_number", "transaction_index", "log_index"])
    firsts = (
        logs.join(wanted, on=["block_number", "transaction_index"], how="semi")
        .group_by("block_number", "transaction_index")
        .agg(pl.col("log_index").min())
        .collect()
    )
    first = {(block, index): log_index for block, index, log_index in firsts.iter_rows()}
    return [
        Finding(
            "unauthorised_call",
            ERROR,
            call.place[0],
            first.get(call.place),
            call.target,
            "sender",
            call.rightful,
            call.sender,
            None,
            f"only {call.rightful} may call this function now, and the transaction succeeded",
            call.digest,
        )
        for call in replay.unauthorised
    ]
