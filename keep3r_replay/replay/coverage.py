"""Which blocks a lake covers, and whether a replay may end at one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.errors import InputError, UsageError

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake


def covered_blocks(lake: Lake, until_block: int | None) -> list[int]:
    """First and last block of a replay up to `until_block`. Raises `InputError` if the lake covers none."""
    coverage = lake.manifest.coverage
    if coverage is None:
        raise InputError(lake.path, "the lake covers no block", remedy="import or extract it again")
    return [coverage.from_block, coverage.to_block if until_block is None else min(until_block, coverage.to_block)]


def check_range(lake: Lake, until_block: int | None) -> None:
    """Refuse an end that lies outside of the lake. Raises `UsageError`."""
    first, last = covered_blocks(lake, None)
    if until_block is not None and until_block < first:
        raise UsageError(f"until_block={until_block} lies before the lake's first block {first}")
    if until_block is not None and until_block > last:
        raise UsageError(f"until_block={until_block} lies after the lake's last block {last}")
