"""What a proof would cost, by samples of the range: so that a person can decide."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.proof.blooms import may_hold
from keep3r_replay.proof.node import BLOCKS_A_REQUEST, HEADERS_A_REQUEST, NodeTeller

if TYPE_CHECKING:
    from keep3r_replay.proof.header import Header
    from keep3r_replay.proof.subject import Subject
    from keep3r_replay.proof.teller import Teller

_SAMPLES, _OPENED = 64, 3


class Plan(NamedTuple):
    """What a proof would take.

    Attributes:
        headers: to verify.
        sampled: blocks looked at.
        opened: blocks to open, by the samples' blooms and the lake's own blocks.
        with_rows: of them those that hold rows of the lake; their transactions are read too.
        requests: to a node; 0 for files.
        size: bytes to receive; 0 for files.
        seconds: at the pace of the samples, one connection; 0 for files.
    """

    headers: int
    sampled: int
    opened: int
    with_rows: int
    requests: int
    size: int
    seconds: int


def plan_of(subject: Subject, teller: Teller, last: int) -> Plan:
    """Look at some headers and at receipts of some blocks between the lake's first block and block `last`."""
    headers = last - subject.first + 1
    step = max(headers // _SAMPLES, 1)
    numbers = list(range(subject.first, last + 1, step))[:_SAMPLES]
    found: list[Header] = []
    before, started = _received(teller), time.monotonic()
    for number in numbers:
        header = teller.headers(number, number)[0]
        found += [] if header is None else [header]
    header_bytes, header_time = _received(teller) - before, time.monotonic() - started
    allowed = may_hold([header.bloom for header in found], subject.followed) if found else ()
    samples = max(len(found), 1)
    rows = subject.rows
    with_rows = len(
        {
            block
            for name in ("logs", "transactions")
            for block in rows.of(name, subject.first, subject.last).column("block_number").to_pylist()
        }
    )
    opened = max(sum(map(bool, allowed)) * headers // samples, with_rows)
    some = found[:: max(len(found) // _OPENED, 1)][:_OPENED]
    before, started = _received(teller), time.monotonic()
    if some:
        teller.receipts(some)
        teller.transactions(some)
    block_bytes, block_time = _received(teller) - before, time.monotonic() - started
    if not isinstance(teller, NodeTeller):
        return Plan(headers, len(found), opened, with_rows, 0, 0, 0)
    requests = -(-headers // HEADERS_A_REQUEST) + -(-opened // BLOCKS_A_REQUEST) + -(-with_rows // BLOCKS_A_REQUEST)
    size = header_bytes * headers // samples + block_bytes * opened // max(len(some), 1)
    pace = (header_time + block_time) / max(samples + 2 * len(some), 1)
    return Plan(headers, len(found), opened, with_rows, requests, size, int(pace * requests) + 1)


def _received(teller: Teller) -> int:
    return teller.client.statistics.bytes_received if isinstance(teller, NodeTeller) else 0
