"""Raw logs into typed tables, one per event type, column by column; what cannot be decoded is named, never dropped."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keep3r_replay.chain.logs import empty_batch
from keep3r_replay.evm.abi import TEXT, WORD, Event, EventsByRole, KeptRaw
from keep3r_replay.evm.texts import read_texts
from keep3r_replay.evm.words import decode_words, hex_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from keep3r_replay.chain.logs import LogBatch
    from keep3r_replay.lake.deployment import Contract

    Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Anomaly:
    """A log that could not be decoded.

    Attributes:
        row: its row in the batch.
        block_number, log_index: its place in the chain.
        reason: why, in one line.
        unfit: the log is well formed, but a value exceeds its column: an error wherever it occurs.
    """

    row: int
    block_number: int
    log_index: int
    reason: str
    unfit: bool = False

    @property
    def place(self) -> str:
        """The log's place in the words of an error message."""
        return f"block {self.block_number}, log {self.log_index}"


@dataclass(frozen=True)
class Decoded:
    """Typed tables by name, and the logs that are in none of them, in chain order."""

    tables: dict[str, Any]
    anomalies: list[Anomaly]


def table_name(role: str, event: Event) -> str:
    """Return the lake's table for an event type: `events/keep3r.KeeperWork`."""
    return f"events/{role}.{event.name}"


@cache
def event_schema(event: Event) -> Any:
    """The Arrow schema of an event's table in the lake."""
    none = empty_batch()
    rows, times = np.zeros(0, np.int64), np.zeros(0, np.int64)
    arguments = {
        parameter.column: pa.array([], pa.string())
        if parameter.is_text
        else decode_words(parameter, np.zeros((0, WORD), np.uint8)).values
        for parameter in event.parameters
    }
    return pa.table(_places(none, rows, times) | arguments).schema


def decode_logs(
    batch: LogBatch, contracts: Mapping[str, Contract], events: EventsByRole, timestamps: NDArray[np.int64]
) -> Decoded:
    """Decode a batch in chain order into the event tables of the lake.

    Args:
        batch: logs, sorted by (block, log index).
        contracts: contracts by lower-case address; a log of any other address is an anomaly.
        events: what a contract of each role and version can emit.
        timestamps: the time of each log's block in seconds, -1 where it is not known; shape (n,).

    Returns:
        Tables with columns block_number, log_index, transaction_index, timestamp, transaction_hash, address and the
        event's parameters; a table exists only where it has a row. Logs of a role whose events are `KeptRaw` are
        neither in a table nor an anomaly.
    """
    anomalies: list[Anomaly] = []
    tables: dict[str, Any] = {}
    for (role, event), rows in _rows_by_event(batch, contracts, events, anomalies).items():
        good = _well_formed(batch, rows, event, anomalies)
        if len(good) == 0:
            continue
        arguments, good = _arguments(batch, good, event, anomalies)
        if len(good):
            table, name = pa.table(_places(batch, good, timestamps) | arguments), table_name(role, event)
            tables[name] = _together(tables[name], table) if name in tables else table
    anomalies.sort(key=lambda anomaly: anomaly.row)
    return Decoded(dict(sorted(tables.items())), anomalies)


def _together(one: Any, other: Any) -> Any:
    """Two tables of one event, each in chain order, as one in chain order."""
    return pa.concat_tables([one, other]).sort_by([("block_number", "ascending"), ("log_index", "ascending")])


def _anomaly(batch: LogBatch, row: int, reason: str, *, unfit: bool = False) -> Anomaly:
    return Anomaly(row, int(batch.block_number[row]), int(batch.log_index[row]), reason, unfit)


def _rows_by_event(
    batch: LogBatch, contracts: Mapping[str, Contract], events: EventsByRole, anomalies: list[Anomaly]
) -> dict[tuple[str, Event], Rows]:
    """Tell each log's event type by emitter and first topic; rows stay in chain order."""
    representatives, group_of_row = _groups(batch)
    numbers: dict[tuple[str, Event], int] = {}
    number_of_group = np.full(len(representatives), -1, np.int64)
    for group, row in enumerate(representatives):
        found = _identify(batch, int(row), contracts, events)
        if isinstance(found, str):
            anomalies.extend(_anomaly(batch, int(each), found) for each in np.flatnonzero(group_of_row == group))
        elif found is not None:
            number_of_group[group] = numbers.setdefault(found, len(numbers))
    number_of_row = number_of_group[group_of_row]
    return {key: np.flatnonzero(number_of_row == number) for key, number in numbers.items()}


def _groups(batch: LogBatch) -> tuple[NDArray[Any], NDArray[Any]]:
    """Group logs by (emitter, number of topics is zero, first topic): one row of each group, and each row's group."""
    if len(batch) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    topic = np.ascontiguousarray(batch.topics[:, 0]).view(np.uint64)
    emitter = np.zeros((len(batch), 24), np.uint8)
    emitter[:, :20] = batch.address
    emitter[:, 20] = batch.topic_count == 0
    parts = [*topic.T, *emitter.view(np.uint64).T]
    if all((part == part[0]).all() for part in parts):
        return np.zeros(1, np.int64), np.zeros(len(batch), np.int64)
    # One number a log tells the groups apart, unless somebody made two collide: then compare all bytes.
    mixed = np.zeros(len(batch), np.uint64)
    for part in parts:
        mixed = (mixed ^ part) * np.uint64(0x9E3779B97F4A7C15)
    _, representatives, groups = np.unique(mixed, return_index=True, return_inverse=True)
    if not all((part == part[representatives][groups]).all() for part in parts):
        whole = np.concatenate([batch.topics[:, 0], emitter], axis=1)
        _, representatives, groups = np.unique(whole, axis=0, return_index=True, return_inverse=True)
    return representatives, groups


def _identify(
    batch: LogBatch, row: int, contracts: Mapping[str, Contract], events: EventsByRole
) -> tuple[str, Event] | str | None:
    """Return the role and the event of a log, or why there is none; None where the role's logs are only kept raw."""
    address = "0x" + batch.address[row].tobytes().hex()
    contract = contracts.get(address)
    if contract is None:
        return f"the contract {address} is not part of the deployment"
    declared = events.get(contract.role, {}).get(contract.version, ())
    if isinstance(declared, KeptRaw):
        return None
    name = f"{contract.role} {contract.version}".strip()
    if batch.topic_count[row] == 0:
        return f"a {name} emits no anonymous events"
    topic0 = batch.topics[row, 0].tobytes()
    same = [event for event in declared if event.topic0 == topic0]
    # What is indexed is not in the first topic: of two declarations it is that with as many topics as the log has.
    fitting = [event for event in same if 1 + len(event.indexed) == batch.topic_count[row]]
    if same:
        return contract.role, (fitting or same)[0]
    return f"unknown event: topic 0x{topic0.hex()} is none of a {name}"


def _well_formed(batch: LogBatch, rows: Rows, event: Event, anomalies: list[Anomaly]) -> Rows:
    """Keep the rows with as many topics and as much data as the event has; name the others."""
    topics = batch.topic_count[rows]
    length = np.diff(batch.data_ends)[rows]
    expected_topics, expected_length = 1 + len(event.indexed), WORD * len(event.in_data)
    enough = length >= expected_length if event.has_texts else length == expected_length
    good: NDArray[np.bool_] = (topics == expected_topics) & enough
    for row in rows[~good]:
        has_topics, has_bytes = batch.topic_count[row], int(batch.data_ends[row + 1] - batch.data_ends[row])
        if has_topics != expected_topics:
            reason = f"{event.name} has {expected_topics} topics, the log has {has_topics}"
        else:
            amount = "too little" if has_bytes < expected_length else "too much"
            reason = f"{event.name} has {expected_length} bytes of data, the log has {has_bytes}: {amount} data"
        anomalies.append(_anomaly(batch, int(row), reason))
    return rows[good]


def _arguments(batch: LogBatch, rows: Rows, event: Event, anomalies: list[Anomaly]) -> tuple[dict[str, Any], Rows]:
    """Decode the event's parameters; rows with a value that is dirty or does not fit are named and left out."""
    data = _data_words(batch, rows, len(event.in_data))
    columns: dict[str, Any] = {}
    bad = np.zeros(len(rows), np.bool_)
    reasons: dict[int, tuple[str, bool]] = {}
    texts = _texts(batch, rows, event, reasons) if event.has_texts else []
    bad[list(reasons)] = True
    topic = word = 0
    for parameter in event.parameters:
        if parameter.indexed:
            topic += 1
            words = batch.topics[rows, topic]
        else:
            words = data[:, word]
            word += 1
        if parameter.is_text:
            columns[parameter.column] = pa.array([each.pop(0) for each in texts], pa.string())
            continue
        column = decode_words(parameter, words)
        columns[parameter.column] = column.values
        for mask, unfit in ((column.dirty, False), (column.unfit, True)):
            if not mask.any():
                continue
            bad |= mask
            problem = "does not fit 38 digits" if unfit else f"is no {parameter.type}"
            for i in np.flatnonzero(mask):
                value = f"0x{words[i].tobytes().hex()}"
                reasons.setdefault(int(i), (f"{event.name}.{parameter.name} {problem}: {value}", unfit))
    if not bad.any():
        return columns, rows
    anomalies.extend(_anomaly(batch, int(rows[i]), text, unfit=unfit) for i, (text, unfit) in reasons.items())
    keep = pa.array(~bad)
    return {name: values.filter(keep) for name, values in columns.items()}, rows[~bad]


def _texts(batch: LogBatch, rows: Rows, event: Event, reasons: dict[int, tuple[str, bool]]) -> list[list[str]]:
    """The texts of every row, in the order of the event's parameters; of a malformed row they are empty."""
    types = [parameter.type for parameter in event.in_data]
    found = []
    for number, row in enumerate(rows.tolist()):
        data = batch.data[batch.data_ends[row] : batch.data_ends[row + 1]].tobytes()
        try:
            found.append([*read_texts(types, data)])
        except ValueError as error:
            reasons[number] = f"{event.name}: {error}", False
            found.append([""] * types.count(TEXT))
    return found


def _data_words(batch: LogBatch, rows: Rows, count: int) -> NDArray[np.uint8]:
    """Gather the data of `rows`, `count` words each, into an array of shape (rows, count, 32)."""
    starts = batch.data_ends[rows]
    if len(rows) == len(batch) and len(batch.data) == len(rows) * count * WORD:
        return np.ascontiguousarray(batch.data).reshape(len(rows), count, WORD)
    if not (batch.data_ends % WORD).any():
        gathered: NDArray[np.uint8] = batch.data.reshape(-1, WORD)[(starts // WORD)[:, None] + np.arange(count)]
        return gathered
    # Some log of the batch has odd data, so words do not line up: gather byte by byte.
    scattered: NDArray[np.uint8] = batch.data[starts[:, None] + np.arange(count * WORD)]
    return scattered.reshape(len(rows), count, WORD)


def _places(batch: LogBatch, rows: Rows, timestamps: NDArray[np.int64]) -> dict[str, Any]:
    times = timestamps[rows]
    return {
        "block_number": pa.array(batch.block_number[rows]),
        "log_index": pa.array(batch.log_index[rows]),
        "transaction_index": pa.array(batch.transaction_index[rows]),
        "timestamp": pa.array(times, mask=times < 0),
        "transaction_hash": hex_text(batch.transaction_hash[rows]),
        "address": hex_text(batch.address[rows]),
    }
