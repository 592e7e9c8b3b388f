"""A place in the chain with its time."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """Block, transaction's index in it, log's index in the block (-1: no log), and the block's time (seconds)."""

    block: int
    transaction: int
    log_index: int
    timestamp: int
