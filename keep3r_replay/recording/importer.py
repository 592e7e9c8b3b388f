"""A recording into a lake: everything is checked before anything is visible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from keep3r_replay.chain.forks import SYSTEM_ADDRESS, amsterdam_from
from keep3r_replay.chain.logs import take
from keep3r_replay.dataset.decode import Decoded, decode_logs
from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.lake.folders import check_target, replaced_folder
from keep3r_replay.lake.manifest import Coverage, Manifest
from keep3r_replay.lake.reader import origin_of
from keep3r_replay.lake.writer import write_deployment, write_manifest, write_table
from keep3r_replay.recording.files import REMEDY, read_object
from keep3r_replay.recording.readings import read_readings
from keep3r_replay.recording.tables import Blocks, read_blocks, read_logs, read_transactions, refuse

if TYPE_CHECKING:
    from pathlib import Path

    from keep3r_replay.chain.logs import LogBatch
    from keep3r_replay.evm.abi import EventsByRole
    from keep3r_replay.lake.deployment import Deployment
    from keep3r_replay.replay.protocol import Protocol

ProtocolOf = Callable[[Mapping[str, Any]], "Protocol"]
"""Tells a recording's protocol by the content of its `meta.json`; raises `UsageError` for an unknown one."""


@dataclass(frozen=True)
class Imported:
    """What an import made: the recording's name, protocol and version (`of`), and counts for the summary."""

    name: str
    of: str
    from_block: int
    to_block: int
    logs: int
    transactions: int
    readings: int
    event_types: int


def import_recording(recording: Path, lake: Path, protocol_of: ProtocolOf) -> Imported:
    """Check the recording in folder `recording` and write it as a lake to folder `lake`.

    The lake appears whole; a former import is replaced, and what else lies there stays. `protocol_of` tells
    the protocol by the content of `meta.json`.

    Raises:
        InputError: the recording is wrong; the text names file and line.
        UsageError: `lake` is something other than nothing, an empty folder or a former import.
    """
    if not recording.is_dir():
        raise UsageError(f"{recording}: no such folder; recording=FOLDER names a recording")
    if not any(recording.iterdir()):
        raise InputError(recording, "the folder is empty", remedy="a recording holds meta.json and four .jsonl.gz")
    _check_target(lake, recording)
    with replaced_folder(lake) as building:
        return _build(recording, building, protocol_of)


def _check_target(lake: Path, recording: Path) -> None:
    """Refuse anything that an import must not replace."""
    if lake.resolve() == recording.resolve():
        raise UsageError(f"{lake}: the lake cannot be the recording itself; say lake=FOLDER")
    check_target(lake, "lake", "an imported lake", lambda folder: origin_of(folder) == "recording")


def _build(recording: Path, lake: Path, protocol_of: ProtocolOf) -> Imported:
    meta_path, logs_path = recording / "meta.json", recording / "logs.jsonl.gz"
    meta = read_object(meta_path)
    try:
        protocol = protocol_of(meta)
    except UsageError as error:
        raise InputError(meta_path, str(error), place="protocol") from None
    blocks = read_blocks(recording / "blocks.jsonl.gz")
    every_log = read_logs(logs_path, blocks)
    logs = _of_contracts(every_log)
    told = protocol.recordings.deployment(meta_path, meta, logs)
    deployment = replace(told, protocol=protocol.name, amsterdam_from=blocks.amsterdam_from)
    forked = replace(blocks, amsterdam_from=amsterdam_from(deployment.chain_id, blocks.amsterdam_from))
    transactions = read_transactions(recording / "txs.jsonl.gz", forked, logs, logs_path)
    read = {"logs": len(every_log), "txs": transactions.num_rows, "blocks": len(blocks.numbers)}
    _hold_against(meta_path, meta, read, blocks.last)
    if not blocks.first <= deployment.initial_state_block <= blocks.last:
        raise InputError(meta_path, "read at a block that is not in blocks.jsonl.gz", place="initialParameters")
    readings = read_readings(recording / "views.jsonl.gz", blocks, protocol.recordings.readings(meta))
    decoded = _decode(logs_path, logs, deployment, protocol.events, blocks)

    tables = {"logs": logs.to_arrow(), "blocks": blocks.table, "transactions": transactions, "readings": readings}
    tables |= decoded.tables
    files = tuple(write_table(lake, name, table, blocks.first, blocks.last) for name, table in tables.items())
    coverage = Coverage(blocks.first, blocks.last, "0x" + blocks.hashes[-1].tobytes().hex())
    digest = write_deployment(lake, deployment)
    write_manifest(lake, Manifest(files, coverage, {}, (digest,)))
    return Imported(
        deployment.name,
        f"{protocol.title} {meta.get('version', '')}".strip(),
        blocks.first,
        blocks.last,
        len(logs),
        transactions.num_rows,
        readings.num_rows,
        len(decoded.tables),
    )


def _hold_against(path: Path, meta: Mapping[str, Any], read: Mapping[str, int], last: int) -> None:
    """Refuse files that are shorter or longer than `meta.json` says, where it does. Raises `InputError`."""
    counts = meta.get("counts", {})
    for name, found in read.items():
        told = counts.get(name) if isinstance(counts, dict) else counts
        if told is not None and told != found:
            raise InputError(
                path, f"tells of {str(told)[:80]} {name}, the files hold {found}", place="counts", remedy=REMEDY
            )
    told = meta.get("lastBlock", last)
    if told != last:
        raise InputError(path, f"is {str(told)[:80]}, the last block read is {last}", place="lastBlock", remedy=REMEDY)


def _of_contracts(logs: LogBatch) -> LogBatch:
    """All logs but those of ETH transfers, which the chain itself emits from Amsterdam on."""
    system = np.frombuffer(bytes.fromhex(SYSTEM_ADDRESS[2:]), np.uint8)
    own = ~(logs.address == system).all(axis=1)
    return logs if own.all() else take(logs, own)


def _decode(path: Path, logs: LogBatch, deployment: Deployment, events: EventsByRole, blocks: Blocks) -> Decoded:
    timestamps = blocks.timestamps[logs.block_number - np.uint32(blocks.first)]
    decoded = decode_logs(logs, deployment.by_address(), events, timestamps)
    if decoded.anomalies:
        first = decoded.anomalies[0]
        refuse(path, first.row, f"{first.place}: {first.reason}")
    return decoded
