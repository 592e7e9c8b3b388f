"""A small reckoning beside the model's: average ticks from the events of pools, and amounts at their prices."""

from __future__ import annotations

from decimal import Decimal, localcontext
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake

Q96 = 2**96


def rows(lake: Lake, event: str, *columns: str) -> list[tuple]:
    """Columns of an event's table in the order of the chain, amounts as int."""
    if not lake.has(f"events/{event}"):
        return []
    scan = lake.scan(f"events/{event}").sort("block_number", "log_index").select(*columns)
    return scan.with_columns(pl.col(pl.Decimal).cast(pl.Int128)).collect().rows()


def ticks(lake: Lake, pool: str) -> list[tuple[int, int]]:
    """Times (seconds) from which a pool stood at a tick."""
    columns = ("timestamp", "tick", "address")
    found = [*rows(lake, "uniswap_v3_pool.Initialize", *columns), *rows(lake, "uniswap_v3_pool.Swap", *columns)]
    return [(time, tick) for time, tick, address in found if address == pool]


def average_tick(path: list[tuple[int, int]], start: int, end: int) -> int:
    """The average tick between two times, cut towards zero."""
    total = 0
    for (since, tick), (until, _) in pairwise([*path, (2**40, 0)]):
        total += tick * max(0, min(until, end) - max(since, start))
    return abs(total) // (end - start) * (1 if total >= 0 else -1)


def root_price(tick: int) -> int:
    """Square root of 1.0001 to the power of a tick, as Q64.96, rounded up."""
    with localcontext() as context:
        context.prec = 90
        return int((Decimal("1.0001") ** tick).sqrt() * Q96) + (tick != 0)


def quote(amount: int, tick: int) -> int:
    """What an amount is worth in the other token, where one of it is worth `1.0001**-tick`."""
    return amount * 2**192 // root_price(tick) ** 2
