"""The feed of a lake's oracles, from its raw logs and the inputs of the transactions that emitted them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.sidechain_oracle.events import FACTORY, ORACLE, RECEIVER
from keep3r_replay.sidechain_oracle.feed import Deployed, Feed, RawLog, feed_of

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake

_TOPICS = ("topic0", "topic1", "topic2", "topic3")
_PLACE = ("block_number", "transaction_index")


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
