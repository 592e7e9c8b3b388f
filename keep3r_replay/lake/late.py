"""Lakes that begin in mid-history: which contracts' first events they lack."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake


def begins_late(lake: Lake, contract: Contract) -> bool:
    """Whether the lake lacks the first events of a contract."""
    coverage = lake.manifest.coverage
    return coverage is not None and int(contract.facts.get("from_block", 0)) < coverage.from_block
