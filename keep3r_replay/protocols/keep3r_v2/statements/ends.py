"""The end of a history: each Keep3r's tables, and the state that its views answer from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.auditing import AUDITS
from keep3r_replay.protocols.keep3r_v2.contract.checks import Strict
from keep3r_replay.protocols.keep3r_v2.contract.views import job_period_credits
from keep3r_replay.replay.roots import roots
from keep3r_replay.replay.state_query import state_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r


class End(NamedTuple):
    """One Keep3r at the end of a history.

    Attributes:
        lake: the history.
        address: the contract's.
        tables: of an audit, the contract's rows only.
        keep3r: its state.
        now: time of the last block that was entered, in seconds.
        at: time of the last block that the history covers.
    """

    lake: Lake
    address: str
    tables: Mapping[str, pl.DataFrame]
    keep3r: Keep3r
    now: int
    at: int

    def mines(self, job: str) -> int | None:
        """What `jobPeriodCredits` answers: wei that a whole reward period mines; None if it reverts."""
        try:
            return job_period_credits(self.keep3r, self.keep3r.jobs[job], self.now)
        except (KeyError, Revert):
            return None


def ends(
    lake: Lake, tables: Mapping[str, pl.DataFrame], until_block: int | None = None, results: Path | None = None
) -> list[End]:
    """Every Keep3r of a lake at the end of its history.

    Args:
        lake: the history.
        tables: of an audit with ledger.
        until_block: the last block; None: all of it.
        results: of that audit, whose last snapshot saves the way where this code made it; None: it is gone again.

    Raises:
        InputError: the lake lacks what the replay needs.
    """
    coverage = lake.manifest.coverage
    if coverage is None:
        return []
    block = coverage.to_block if until_block is None else min(until_block, coverage.to_block)
    blocks = lake.scan("blocks", columns=["number", "timestamp"], until_block=block)
    last = blocks.select(pl.col("timestamp").max()).collect()["timestamp"].to_list()[0] or 0
    found = []
    for contract in roots(lake, AUDITS):
        replay = _at_end(lake, contract, block, results)
        replay.keep3r.checks = Strict()  # what nobody logged is as the contract would have it
        mine = {
            name: frame.filter(pl.col("keep3r") == contract.address) if "keep3r" in frame.columns else frame
            for name, frame in tables.items()
        }
        at = max((last, *mine["works"]["timestamp"].to_list()), default=0)
        found.append(End(lake, contract.address, mine, replay.keep3r, replay.context.now, at))
    return found


def _at_end(lake: Lake, contract: Contract, block: int, results: Path | None) -> Any:
    try:
        return state_at(lake, AUDITS, contract, block, results)
    except UsageError:
        if results is None:
            raise
        return state_at(lake, AUDITS, contract, block, None)  # another version's snapshots say nothing to this one
