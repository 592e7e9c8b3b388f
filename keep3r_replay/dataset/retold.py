"""Comparing a lake's stored transactions and headers with what a node tells of them now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from keep3r_replay.chain.headers import HEADERS_A_REQUEST, TRANSACTIONS_A_REQUEST, fetch_headers, fetch_transactions
from keep3r_replay.chain.wire import quantity
from keep3r_replay.dataset.span import transactions_table
from keep3r_replay.lake.partition_writer import rows_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.chain.wire import WireBlock
    from keep3r_replay.dataset.state import ExtractionState, Range


class Retold(NamedTuple):
    """The first row of a partition that the node tells otherwise: what it is of, and the column."""

    partition: Range
    what: str
    column: str


def compare_transactions(client: NodeClient, state: ExtractionState, known: Collection[Range] = ()) -> Iterator[Retold]:
    """Yield the partitions with a transaction that the node tells otherwise.

    Its place, sender, target, input, gas, gas used, price or status. Partitions in `known` are passed by. Raises
    `NodeError` where the node does not know a transaction, or tells of none that can be believed.
    """
    for partition, stored in _stored(state, "transactions", TRANSACTIONS_A_REQUEST, known):
        hashes = stored.column("hash").to_pylist()
        told = transactions_table(fetch_transactions(client, hashes))
        for row, column in _differing(stored, told):
            yield Retold(partition, f"transaction {hashes[row]}", column)


def compare_headers(client: NodeClient, state: ExtractionState, known: Collection[Range] = ()) -> Iterator[Retold]:
    """Yield the partitions with a header that the node tells otherwise.

    Its hash, parent, time, gas used or gas limit, of the blocks whose headers are stored: those with logs, or with
    followed transactions. Partitions in `known` are passed by. Raises `NodeError` likewise.
    """
    for partition, stored in _stored(state, "blocks", HEADERS_A_REQUEST, known):
        numbers = stored.column("number").to_pylist()
        told = _headers_table(fetch_headers(client, numbers), stored.schema)
        for row, column in _differing(stored.select(told.column_names), told):
            yield Retold(partition, f"block {numbers[row]}", column)


def _stored(state: ExtractionState, table: str, size: int, known: Collection[Range]) -> Iterator[tuple[Range, Any]]:
    """A table's rows partition by partition but for those in `known`, some at a time; of blocks those with a header."""
    for partition in (each for each in state.ranges() if each not in known):
        for entry in state.of_range(partition):
            if entry.table != table:
                continue
            for rows in rows_of(state.lake / entry.path):
                kept = rows.filter(pc.is_valid(rows.column("hash")))
                for start in range(0, kept.num_rows, size):
                    yield partition, kept.slice(start, size)


def _differing(stored: Any, told: Any) -> Iterator[tuple[int, str]]:
    """The first row that differs, and the first of its columns that does."""
    for row, (mine, theirs) in enumerate(zip(stored.to_pylist(), told.to_pylist(), strict=True)):
        column = next((name for name, value in mine.items() if value != theirs[name]), None)
        if column is not None:
            yield row, column
            return


def _headers_table(headers: list[WireBlock], schema: Any) -> Any:
    """Headers as rows of the table of blocks; its base fees are compared by themselves, for all blocks."""
    columns = {
        "number": [quantity(each.number) for each in headers],
        "hash": [each.hash.lower() for each in headers],
        "parent_hash": [each.parentHash.lower() for each in headers],
        "timestamp": [quantity(each.timestamp) for each in headers],
        "gas_used": [quantity(each.gasUsed) for each in headers],
        "gas_limit": [quantity(each.gasLimit) for each in headers],
    }
    return pa.table({name: pa.array(values, schema.field(name).type) for name, values in columns.items()})
