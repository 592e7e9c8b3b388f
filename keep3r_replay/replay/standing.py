"""Findings that nothing mends: whether what is found in later blocks follows from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.replay.retold import READING
from keep3r_replay.replay.straight import OF_STATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.journal import Finding
    from keep3r_replay.lake.reader import Lake

_OF_BLOCK = frozenset({"gas_sum", "missing_transaction", "impossible_gas", "block_time"})
"""Kinds that tell of a block's transactions: no state depends on them, so that nothing in later blocks follows."""

_OF_CALL = frozenset({"unauthorised_call", "input_mismatch", "unknown_call", "failed_with_logs"})
"""Kinds that tell of what a transaction called, while the state goes by its events: where nothing mends one, and the
next readings agree, the call is what lies, and nothing in later blocks follows.
"""


def stands_alone(lake: Lake, root: Finding, still_open: Sequence[Finding]) -> bool:
    """Whether nothing in later blocks follows from a root that nothing mends.

    Any other event stands alone only where readings tell it: taken after it and before all that is found in later
    blocks, they agree, so that the state was right all the same.

    Args:
        lake: the history.
        root: the finding.
        still_open: findings whose cause is not known, the root's own among them.
    """
    if root.kind in _OF_BLOCK:
        return True
    read = _read_from(lake, root.block_number)
    if any(each.kind == READING and each.block_number == read for each in still_open):
        return False
    if root.kind in _OF_CALL:
        return True
    later = (each.block_number for each in still_open if each.block_number > root.block_number)
    return read is not None and all(read < block for block in later) and root.kind not in OF_STATE


def _read_from(lake: Lake, block: int) -> int | None:
    """The first block from one on whose end was read."""
    if not lake.has("readings"):
        return None
    first = lake.scan("readings", columns=["block_number"], from_block=block).min().collect().item()
    return None if first is None else int(first)
