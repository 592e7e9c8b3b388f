"""The feed of a lake's oracles, from its raw logs and the inputs of the transactions that emitted them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.sidechain_oracle.events import FACTORY, ORACLE, RECEIVER
from keep3r_replay.sidechain_oracle.feed import Deployed, Feed, RawLog, feed_of

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.sidechain_oracle.oracle import Item

_TOPICS = ("topic0", "topic1", "topic2", "topic3")
_PLACE = ("block_number", "transaction_index")


class Delivered(NamedTuple):
    """A batch as it was written: block and log of its `Swap`, that block's time (seconds), and its items."""

    block: int
    log_index: int
    at: int
    items: tuple[Item, ...]


def delivered(lake: Lake, feed: Feed, until_block: int | None) -> dict[str, list[Delivered]]:
    """The batches that were written into each oracle of a lake, in order; those that nothing tells are left out."""
    table, found = f"events/{ORACLE}.Swap", dict[str, list[Delivered]]()
    if not lake.has(table):
        return found
    swaps = lake.scan(table, until_block=until_block).sort("block_number", "log_index")
    for block, log_index, at, address in (
        swaps.select("block_number", "log_index", "timestamp", "address").collect().iter_rows()
    ):
        written = feed.written.get((block, log_index))
        if written is not None and written.batch is not None:
            found.setdefault(address, []).append(Delivered(block, log_index, at, written.batch))
    return found


def ticks_over_time(lake: Lake, address: str) -> list[tuple[int, int]]:
    """An oracle's ticks and mainnet's times from which on: its items by their times, of one time the last written."""
    batches = delivered(lake, feed_of_lake(lake, None), None).get(address, [])
    items = sorted((item for batch in batches for item in batch.items), key=lambda item: item.timestamp)
    return list({item.timestamp: item.tick for item in items}.items())


def feed_of_lake(lake: Lake, until_block: int | None) -> Feed:
    """Oracles, and what each of their `Swap`s wrote, up to a block; empty where the lake has none."""
    contracts = lake.deployment.contracts
    if not any(each.role == ORACLE for each in contracts):
        return Feed({}, {})
    addresses = [bytes.fromhex(each.address[2:]) for each in contracts if each.role in {ORACLE, FACTORY, RECEIVER}]
    scan = lake.scan("logs", until_block=until_block).filter(pl.col("address").is_in(addresses))
    rows = scan.select("block_number", "log_index", "transaction_index", "address", *_TOPICS, "data")
    logs = [
        RawLog(block, index, place, f"0x{address.hex()}", tuple(each for each in topics if each is not None), data)
        for block, index, place, address, *topics, data in rows.sort("block_number", "log_index").collect().iter_rows()
    ]
    wanted = scan.select(_PLACE).unique()
    told: dict[tuple[int, int], bytes] = {}
    if lake.has("transactions"):
        inputs = lake.scan("transactions", until_block=until_block).join(wanted, on=_PLACE, how="semi")
        told = {(block, place): data for block, place, data in inputs.select(*_PLACE, "input").collect().iter_rows()}
    known = {
        each.address: Deployed(bytes.fromhex(str(each.facts["pool_salt"])[2:]), 0, 0)
        for each in contracts
        if each.role == ORACLE and "pool_salt" in each.facts
    }
    return feed_of(logs, told, known)
