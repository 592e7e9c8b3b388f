"""What a later run of a Keep3r needs beside results: evidence of classes, and who may have caused what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.protocols.keep3r_v2.audit.works import EVIDENCE_SCHEMA
from keep3r_replay.protocols.keep3r_v2.replay.calls.context import Caused, RewardRow
from keep3r_replay.replay.records import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext

_PLACE = ("block_number", "log_index")
_CAUSED = pl.Schema({"block_number": pl.UInt32(), "log_index": pl.UInt32(), "rightful": pl.String()})


def kept_tables(context: CallContext, works: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """What a replay keeps: columns that only classes are made of, by work, and events that one account alone may cause.

    Args:
        context: what the inference has written down.
        works: `works_table` of the whole history.
    """
    return {
        "work_evidence": works.select(*_PLACE, *EVIDENCE_SCHEMA),
        "callers": pl.DataFrame(context.caused, schema=_CAUSED, orient="row"),
    }


def recall_context(context: CallContext, block: int, kept: Callable[[str], pl.LazyFrame]) -> pl.DataFrame:
    """Take back rewards and callers up to a block; returns the works up to there, as `works_table` gave them."""
    context.caused += map(Caused._make, until(kept("callers"), block).select(*_CAUSED).iter_rows())
    rewards = until(kept("rewards"), block).select(RewardRow._fields).with_columns(pl.col(pl.Decimal).cast(pl.Int128))
    context.rewards += map(RewardRow._make, rewards.iter_rows())
    evidence = until(kept("work_evidence"), block).select(*EVIDENCE_SCHEMA)
    return until(kept("works"), block).drop("class", "reason").hstack(evidence)
