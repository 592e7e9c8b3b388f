"""A simulated chain as a lake, of the same layout and by the same decoding as an imported or an extracted one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keep3r_replay.chain.logs import MAX_TOPICS, LogBatch
from keep3r_replay.counts import counted
from keep3r_replay.dataset.decode import decode_logs
from keep3r_replay.errors import InputError
from keep3r_replay.lake import folders
from keep3r_replay.lake.folders import replaced_folder
from keep3r_replay.lake.manifest import Coverage, Manifest
from keep3r_replay.lake.reader import origin_of
from keep3r_replay.lake.schemas import BLOCKS, READINGS, TRANSACTIONS, BlockRow, ReadingRow, TransactionRow
from keep3r_replay.lake.writer import write_deployment, write_manifest, write_table
from keep3r_replay.scenario.chain import GAS_LIMIT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from keep3r_replay.scenario.chain import Chain

ORIGIN = "simulation"
"""What a simulated lake says of where it is from."""


def check_target(lake: Path) -> None:
    """Refuse a folder that holds anything but a former simulation.

    Raises:
        UsageError: it does.
    """
    folders.check_target(lake, "lake", "a simulated lake", lambda folder: origin_of(folder) == ORIGIN)


def write_chain(chain: Chain, readings: Sequence[ReadingRow], lake: Path) -> None:
    """Write a simulated chain as a lake to folder `lake`, which appears whole; a former simulation there is replaced.

    Raises:
        UsageError: the folder holds something else.
        InputError: a value exceeds its column.
    """
    check_target(lake)
    with replaced_folder(lake) as building:
        _build(chain, readings, building)


def write_played(chain: Chain, title: str, lake: Path) -> str:
    """Write a simulated chain without readings as `write_chain` does; returns what to say of it on one line."""
    write_chain(chain, [], lake)
    return f"simulated {title}: {counted(len(chain.blocks), 'block')}, {counted(len(chain.logs), 'log')}"


def _build(chain: Chain, readings: Sequence[ReadingRow], lake: Path) -> None:
    batch = _batch(chain)
    decoded = decode_logs(batch, chain.deployment.by_address(), chain.events, batch.timestamp)
    if decoded.anomalies:
        raise InputError(lake, decoded.anomalies[0].reason, place=decoded.anomalies[0].place)
    tables: dict[str, Any] = {
        "logs": batch.to_arrow(),
        "blocks": _blocks(chain),
        "transactions": _transactions(chain),
        "readings": _table(readings, READINGS),
    }
    first, last = chain.blocks[0].number, chain.blocks[-1].number
    tables |= decoded.tables
    files = tuple(write_table(lake, name, table, first, last) for name, table in tables.items())
    digest = write_deployment(lake, chain.deployment)
    coverage = Coverage(first, last, "0x" + chain.blocks[-1].hash.hex())
    write_manifest(lake, Manifest(files, coverage, {}, (digest,)))


def _table(rows: Sequence[tuple[Any, ...]], schema: Any) -> Any:
    columns: list[Any] = list(zip(*rows, strict=True)) if rows else [[] for _ in schema]
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema)


def _blocks(chain: Chain) -> Any:
    rows = [
        BlockRow(
            block.number,
            "0x" + block.hash.hex(),
            "0x" + block.parent.hex(),
            block.timestamp,
            block.base_fee,
            block.gas_used,
            GAS_LIMIT,
        )
        for block in chain.blocks
    ]
    return _table(rows, BLOCKS)


def _transactions(chain: Chain) -> Any:
    rows = [
        TransactionRow(
            each.block,
            each.index,
            "0x" + each.hash.hex(),
            each.sender,
            each.to,
            each.data,
            each.gas,
            each.gas_used,
            each.price,
            each.status,
        )
        for each in chain.transactions
    ]
    return _table(rows, TRANSACTIONS)


def _batch(chain: Chain) -> LogBatch:
    logs = chain.logs
    topics = np.zeros((len(logs), MAX_TOPICS, 32), np.uint8)
    for row, log in enumerate(logs):
        topics[row, : len(log.topics)] = _bytes(log.topics, 32)
    names = {(each.block, each.index): each.hash for each in chain.transactions}
    return LogBatch(
        block_number=np.array([log.block for log in logs], np.uint32),
        log_index=np.array([log.place for log in logs], np.uint32),
        transaction_index=np.array([log.transaction for log in logs], np.uint32),
        block_hash=_bytes([chain.blocks[log.block].hash for log in logs], 32),
        transaction_hash=_bytes([names[log.block, log.transaction] for log in logs], 32),
        address=_bytes([log.address for log in logs], 20),
        topic_count=np.array([len(log.topics) for log in logs], np.uint8),
        topics=topics,
        data=np.frombuffer(b"".join(log.data for log in logs), np.uint8),
        data_ends=np.cumsum([0, *(len(log.data) for log in logs)], dtype=np.int64),
        timestamp=np.array([chain.blocks[log.block].timestamp for log in logs], np.int64),
    )


def _bytes(values: Sequence[bytes], width: int) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(values), np.uint8).reshape(len(values), width)
