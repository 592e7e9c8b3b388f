"""Comparing a lake's raw logs and base fees with a node's; logs over other spans than they were fetched by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq

from keep3r_replay.chain.fees import FeeSource
from keep3r_replay.chain.log_answers import LogAnswer, fetch_logs
from keep3r_replay.chain.logs import FIELDS_OF_A_LOG, LogBatch, concatenate, empty_batch, from_arrow, take
from keep3r_replay.chain.spans import SpanPlanner
from keep3r_replay.chain.stream import stream
from keep3r_replay.lake.partition_writer import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.dataset.state import ExtractionState, Range

_OTHER_FIRST_SPAN = 137


@dataclass(frozen=True)
class Difference:
    """A span of blocks whose logs the node tells otherwise."""

    partition: Range
    first: int
    last: int
    stored: int
    on_node: int


def compare_logs(client: NodeClient, state: ExtractionState, connections: int) -> Iterator[Difference]:
    """Yield the spans whose stored logs are not those of the node."""
    addresses = sorted(state.contracts)
    for partition in state.ranges():
        stored = _Stored(state, partition)
        answers = stream(
            lambda first, last: fetch_logs(client, first, last, addresses),
            *partition,
            planner=SpanPlanner(first_span=_OTHER_FIRST_SPAN),
            connections=connections,
        )
        for answer in answers:
            mine = stored.until(answer.last)
            if not _same(mine, answer):
                yield Difference(partition, answer.first, answer.last, len(mine), len(answer.batch))


def compare_fees(client: NodeClient, state: ExtractionState) -> Iterator[tuple[Range, int]]:
    """Yield the partitions whose stored base fees are not those of the node, with the first block that differs."""
    source = FeeSource(client)
    for partition in state.ranges():
        for entry in state.of_range(partition):
            if entry.table == "blocks":
                stored = pq.read_table(state.lake / entry.path, columns=["number", "base_fee_per_gas"])
                told = source.base_fees(*partition)
                fees = stored.column("base_fee_per_gas").to_pylist()
                numbers = stored.column("number").to_pylist()
                for number, mine, theirs in zip(numbers, fees, told, strict=True):
                    if mine != theirs:
                        yield partition, number
                        break


class _Stored:
    """The stored logs of a partition, taken from its file span by span."""

    def __init__(self, state: ExtractionState, partition: Range) -> None:
        entries = [entry for entry in state.of_range(partition) if entry.table == "logs"]
        self._rows = (table for entry in entries for table in rows_of(state.lake / entry.path))
        self._rest = empty_batch()

    def until(self, last: int) -> LogBatch:
        parts = [self._rest]
        while len(parts[-1]) == 0 or int(parts[-1].block_number[-1]) <= last:
            table = next(self._rows, None)
            if table is None:
                break
            parts.append(from_arrow(table))
        whole = concatenate(parts)
        inside = whole.block_number <= last
        self._rest = take(whole, ~inside)
        return take(whole, inside)


def _same(mine: LogBatch, answer: LogAnswer) -> bool:
    return len(mine) == len(answer.batch) and all(
        np.array_equal(getattr(mine, field), getattr(answer.batch, field)) for field in FIELDS_OF_A_LOG
    )
