"""One answer of `eth_getLogs`, believed only after it has been looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from keep3r_replay.chain.belief import ask
from keep3r_replay.chain.blooms import lacks_logs
from keep3r_replay.chain.layout_scan import scan_logs
from keep3r_replay.chain.logs import LogBatch, take
from keep3r_replay.chain.rpc import Call
from keep3r_replay.chain.wire import MalformedError, WireLog, log_batch, quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keep3r_replay.chain.client import NodeClient

_LOGS = msgspec.json.Decoder(list[WireLog] | None)
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")


class _Header(msgspec.Struct):
    number: str
    hash: str


_HEADER = msgspec.json.Decoder(_Header | None)


@dataclass(frozen=True)
class LogAnswer:
    """The logs of a closed range of blocks, in order, and the hash of its last block as the same node saw it."""

    first: int
    last: int
    last_hash: str
    batch: LogBatch


def fetch_logs(client: NodeClient, first: int, last: int, addresses: Sequence[str]) -> LogAnswer:
    """Fetch all logs of `addresses` in the closed range of blocks.

    The header of the last block is asked for in the same batch: a node behind the others has no such block yet, and its
    empty answer would look like a range without logs.

    Raises:
        RefusedError: the node wants a smaller range.
        NodeError: no believable answer was had.
    """
    log_filter = {"fromBlock": hex(first), "toBlock": hex(last), "address": list(addresses)}
    calls = [Call("eth_getLogs", [log_filter]), Call("eth_getBlockByNumber", [hex(last), False])]
    wanted = np.frombuffer(bytes.fromhex("".join(address[2:] for address in addresses)), np.uint8).reshape(-1, 20)

    def read(raws: Sequence[msgspec.Raw]) -> LogAnswer:
        logs, header = raws
        head = _HEADER.decode(header)
        if head is None:
            raise MalformedError(f"the node does not have block {last} yet")
        if quantity(head.number) != last:
            raise MalformedError(f"block {quantity(head.number)} in the place of block {last}")
        if not _HASH.fullmatch(head.hash):
            raise MalformedError(f"the hash of block {last} is none")
        batch = _believable(memoryview(logs), first, last, wanted)
        at_end = len(batch) and batch.block_number[-1] == last
        if at_end and batch.block_hash[-1].tobytes().hex() != head.hash[2:].lower():
            raise MalformedError(f"logs of another block {last} than the header's")
        if not client.batches_everywhere:
            with_logs = {int(number) for number in np.unique(batch.block_number)}
            lacking = lacks_logs(client, first, last, addresses, with_logs)
            if lacking is not None:
                raise MalformedError(f"logs of block {lacking} are missing in the answer")
        return LogAnswer(first, last, head.hash.lower(), batch)

    return ask(client, calls, read, together=True)


def _believable(content: memoryview, first: int, last: int, wanted: NDArray[np.uint8]) -> LogBatch:
    """Check an answer against its question; put it in order, and take out what is there twice.

    Raises:
        MalformedError: the answer holds null, a log of another block or of another contract, or two logs at one place.
    """
    batch = scan_logs(content) or _parsed(content)
    if len(batch) == 0:
        return batch
    if int(batch.block_number.min()) < first or int(batch.block_number.max()) > last:
        raise MalformedError("a log of a block that was not asked for")
    if not _all_of(batch.address, wanted):
        raise MalformedError("a log of a contract that was not asked for")
    place = batch.order()
    if not (place[1:] > place[:-1]).all():
        batch = _in_order(batch, place)
    _check_blocks(batch)
    return batch


def _parsed(content: memoryview) -> LogBatch:
    parsed = _LOGS.decode(content)
    if parsed is None:
        raise MalformedError("null instead of logs")
    return log_batch(parsed)


def _all_of(addresses: NDArray[np.uint8], wanted: NDArray[np.uint8]) -> bool:
    if (addresses == addresses[0]).all():
        addresses = addresses[:1]
    known = np.zeros(len(addresses), np.bool_)
    for address in wanted:
        known |= (addresses == address).all(axis=1)
        if known.all():
            return True
    return bool(known.all())


def _in_order(batch: LogBatch, place: NDArray[np.uint64]) -> LogBatch:
    _, rows = np.unique(place, return_index=True)
    kept = take(batch, rows)
    twins = np.flatnonzero(np.isin(np.arange(len(batch)), rows, invert=True))
    # A log that is there twice must be the same log both times.
    originals = rows[np.searchsorted(place[rows], place[twins])]
    if any(
        _data_of(batch, int(twin)) != _data_of(batch, int(original))
        for twin, original in zip(twins, originals, strict=True)
    ):
        raise MalformedError("two different logs at one place")
    for name in ("transaction_index", "block_hash", "transaction_hash", "address", "topics", "topic_count"):
        values: Any = getattr(batch, name)
        if not (values[twins] == values[originals]).all():
            raise MalformedError("two different logs at one place")
    return kept


def _data_of(batch: LogBatch, row: int) -> bytes:
    data: bytes = batch.data[batch.data_ends[row] : batch.data_ends[row + 1]].tobytes()
    return data


def _check_blocks(batch: LogBatch) -> None:
    """All logs of one block must be of one hash."""
    same_block = batch.block_number[1:] == batch.block_number[:-1]
    hashes = np.ascontiguousarray(batch.block_hash).view(np.uint64)
    if any((same_block & (part[1:] != part[:-1])).any() for part in hashes.T):
        raise MalformedError("logs of one block with different block hashes")
