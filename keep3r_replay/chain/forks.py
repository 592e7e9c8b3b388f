"""What a chain's forks change for a reader of its blocks."""

from __future__ import annotations

AMSTERDAM: dict[int, int | None] = {1: None}
"""Timestamp (seconds) from which Amsterdam's rules hold, by chain id; None where no date is set yet."""


def header_counts_refunds(chain_id: int, timestamp: int) -> bool:
    """Whether a block's `gasUsed` is the sum of its receipts' gas used.

    From Amsterdam on a header counts gas before refunds, a receipt after them (ethereum/execution-specs 2073).
    """
    starts = AMSTERDAM.get(chain_id)
    return starts is None or timestamp < starts
