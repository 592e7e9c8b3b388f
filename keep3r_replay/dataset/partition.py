"""One partition of the lake, written from a node: raw logs, events, headers, base fees and transactions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from keep3r_replay.chain.fees import FeeSource
from keep3r_replay.chain.stream import stream
from keep3r_replay.chain.wire import quantity
from keep3r_replay.dataset.decode import Anomaly, decode_logs
from keep3r_replay.dataset.fees import agreed
from keep3r_replay.dataset.span import Followed, Span, SpanFetcher, timestamps_of
from keep3r_replay.errors import InputError, NodeError
from keep3r_replay.evm.words import AMOUNT
from keep3r_replay.lake.partition_writer import PartitionWriter, rows_of
from keep3r_replay.lake.schemas import BLOCKS, UNDECODED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.chain.spans import SpanPlanner
    from keep3r_replay.chain.wire import WireBlock
    from keep3r_replay.dataset.fees import Agreed
    from keep3r_replay.evm.abi import EventsByRole
    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.manifest import FileEntry


class NewContractsError(Exception):
    """Events of the partition name contracts that its logs were not fetched of: it must be fetched again with them."""

    def __init__(self, contracts: list[Contract]) -> None:
        self.contracts = contracts
        super().__init__(f"{len(contracts)} new contracts")


@dataclass(frozen=True)
class Source:
    """Where a partition's rows come from.

    Attributes:
        client: the node.
        planner: chooses spans, and keeps what it learned from partition to partition.
        connections: requests under way at once.
        events: what contracts can emit.
        only_logs: leave out headers, base fees and transactions.
        followed: whose callers matter, by the contracts known.
        named_in: tells whom decoded events, transactions and calls name: roles and addresses.
        resolve: tells which of the contracts named in events are new ones of the deployment.
        progress: is told how far fetching has come: the last block, and the logs of the span.
    """

    client: NodeClient
    planner: SpanPlanner
    connections: int
    events: EventsByRole
    only_logs: bool
    followed: Callable[[Mapping[str, Contract]], Followed]
    named_in: Callable[[Mapping[str, Any]], list[tuple[str, str]]]
    resolve: Callable[[list[tuple[str, str]]], list[Contract]]
    progress: Callable[[int, int], None]


@dataclass(frozen=True)
class Written:
    """A partition's files, the hash of its last block, and what was found in it.

    `ends` are number and hash of the last block of every span: what is proved again before the files count.
    """

    files: list[FileEntry]
    last_hash: str
    ends: list[tuple[int, str]]
    logs: int
    undecoded: list[Anomaly] = field(default_factory=list)
    amsterdam_from: int | None = None
    """Time of the first block whose header has a block access list (EIP-7928), in seconds; None where none has."""


def write_partition(
    lake: Path,
    first: int,
    last: int,
    contracts: Mapping[str, Contract],
    source: Source,
    kept: Sequence[FileEntry] = (),
    readings: Sequence[FileEntry] = (),
) -> Written:
    """Write the files of the closed range of blocks.

    Args:
        lake: its folder.
        first: the first block of the range.
        last: the last block of the range.
        contracts: whose logs to fetch, by address.
        source: the node and how to ask it.
        kept: files of the lake that hold the beginning of the range already; only what follows them is fetched.
        readings: files of a range that is fetched again whose rows are kept all the same.

    Raises:
        NewContractsError: the range names contracts that are not among `contracts`.
        NodeError: the range cannot be had.
        InputError: a value does not fit its column.
    """
    start = max((entry.to_block for entry in kept), default=first - 1) + 1
    with PartitionWriter(lake, first) as writer, ThreadPoolExecutor(1, thread_name_prefix="fees") as pool:
        for entry in (*kept, *readings):
            for rows in rows_of(lake / entry.path):
                writer.add(entry.table, rows)
        fees = pool.submit(FeeSource(source.client).base_fees, start, last) if not source.only_logs else None
        part = _Part(writer, contracts, source)
        followed = source.followed(contracts)
        fetch = SpanFetcher(source.client, sorted(contracts), only_logs=source.only_logs, followed=followed)
        for span in stream(fetch, start, last, planner=source.planner, connections=source.connections):
            part.take(span)
        if fees is not None:
            told = agreed(source.client, start, fees.result(), part.headers)
            writer.add("blocks", _blocks_table(start, last, told))
        forked = [quantity(each.timestamp) for each in part.headers if each.blockAccessListHash is not None]
        begin = min(forked, default=None)
        return Written(writer.complete(last), part.last_hash, part.ends, part.logs, part.undecoded, begin)


class _Part:
    """Takes a partition's spans one by one and adds their rows to the tables."""

    def __init__(self, writer: PartitionWriter, contracts: Mapping[str, Contract], source: Source) -> None:
        self._writer = writer
        self._contracts = contracts
        self._source = source
        self.headers: list[WireBlock] = []
        self.undecoded: list[Anomaly] = []
        self.last_hash = ""
        self.ends: list[tuple[int, str]] = []
        self.logs = 0

    def take(self, span: Span) -> None:
        self._check_parents(span)
        self.last_hash = span.last_hash
        self.ends.append((span.last, span.last_hash))
        self.logs += len(span.batch)
        self.headers += span.headers
        decoded = decode_logs(span.batch, self._contracts, self._source.events, timestamps_of(span))
        for anomaly in decoded.anomalies:
            if anomaly.unfit:
                raise InputError("the node's logs", anomaly.reason, place=anomaly.place, remedy="widen the column")
        sent = {
            name: table
            for name, table in (("transactions", span.transactions), ("calls", span.calls))
            if table is not None
        }
        named = self._source.named_in({**decoded.tables, **sent})
        unknown = [pair for pair in named if pair[1] not in self._contracts]
        if unknown and (found := self._source.resolve(unknown)):
            raise NewContractsError(found)
        self._writer.add("logs", span.batch.to_arrow())
        for name, table in {**decoded.tables, **sent}.items():
            self._writer.add(name, table)
        if decoded.anomalies:
            self.undecoded += decoded.anomalies
            self._writer.add("undecoded", _undecoded_table(decoded.anomalies))
        self._source.progress(span.last, len(span.batch))

    def _check_parents(self, span: Span) -> None:
        """Blocks that follow each other must be linked: a header's parent is the block before, where that is known."""
        known = dict(self.ends[-1:])
        for header in span.headers:
            number = quantity(header.number)
            parent = known.get(number - 1)
            if parent is not None and header.parentHash.lower() != parent:
                raise NodeError(f"block {number} does not follow block {number - 1}: the chain may be reorganising")
            known[number] = header.hash.lower()
        if known.get(span.last, span.last_hash) != span.last_hash:
            raise NodeError(f"block {span.last} is told in two ways: the chain may be reorganising")


def _undecoded_table(anomalies: list[Anomaly]) -> Any:
    columns = [
        pa.array([each.block_number for each in anomalies], pa.uint32()),
        pa.array([each.log_index for each in anomalies], pa.uint32()),
        pa.array([each.reason for each in anomalies], pa.string()),
    ]
    return pa.Table.from_arrays(columns, schema=UNDECODED)


def _blocks_table(first: int, last: int, told: Agreed) -> Any:
    """Return one row a block: its base fee, and its header where it carries logs."""
    by_number = {quantity(header.number): header for header in told.headers}
    numbers = range(first, last + 1)
    found = [by_number.get(number) for number in numbers]
    columns = [
        pa.array(numbers, pa.uint32()),
        pa.array([each and each.hash.lower() for each in found], pa.string()),
        pa.array([each and each.parentHash.lower() for each in found], pa.string()),
        pa.array([each and quantity(each.timestamp) for each in found], pa.int64()),
        pa.array(told.fees, AMOUNT),
        pa.array([each and quantity(each.gasUsed) for each in found], pa.int64()),
        pa.array([each and quantity(each.gasLimit) for each in found], pa.int64()),
    ]
    return pa.Table.from_arrays(columns, schema=BLOCKS)
