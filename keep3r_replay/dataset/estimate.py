"""What an extraction will cost, from samples of its range."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keep3r_replay.chain.fees import BLOCKS_A_REQUEST
from keep3r_replay.chain.headers import BODIES_A_REQUEST, HEADERS_A_REQUEST, TRANSACTIONS_A_REQUEST
from keep3r_replay.chain.log_answers import fetch_logs
from keep3r_replay.chain.refusals import Refusal, RefusedError
from keep3r_replay.chain.spans import TARGET_LOGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.chain.log_answers import LogAnswer
    from keep3r_replay.dataset.state import Range

_SAMPLES = 64
_SAMPLE_BLOCKS = 250
_BYTES_A_LOG, _BYTES_A_TRANSACTION, _BYTES_A_HEADER, _BYTES_A_FEE = 170, 300, 70, 5
"""On disk, compressed; a log stands there raw and decoded. From a day of mainnet's busiest pool."""


@dataclass(frozen=True)
class Estimate:
    """What a range holds and takes, by samples; `sampled` says how many of its `blocks` were looked at."""

    blocks: int
    sampled: int
    logs: int
    requests: int
    size: int


def estimate(
    client: NodeClient, addresses: Sequence[str], ranges: Sequence[Range], *, only_logs: bool, bodies: bool = False
) -> Estimate:
    """Estimate the cost of the ranges from a few spans of blocks, evenly spread over them.

    Args:
        client: the node.
        addresses: the contracts known so far; what is found on the way comes on top.
        ranges: closed ranges of blocks, ascending and adjoining, as they will be fetched.
        only_logs: whether headers, base fees and transactions are left out.
        bodies: whether every block is fetched whole, for transactions without logs.

    Returns:
        The estimate; exact if the samples are the whole range. Size in bytes on disk.

    Raises:
        NodeError: the node gives no logs.
    """
    if not ranges:
        return Estimate(0, 0, 0, 0, 0)
    first, last = ranges[0][0], ranges[-1][1]
    samples = [_look(client, *sample, addresses) for sample in _samples(first, last)]
    blocks, sampled = last - first + 1, sum(each.blocks for _, each in samples)
    logs = -(-sum(each.logs for _, each in samples) * blocks // sampled)
    requests = size = 0
    for span in ranges:
        seen = _scaled(span, samples)
        spans = max(1, -(-seen.logs // TARGET_LOGS))
        requests += spans + 1
        size += seen.logs * _BYTES_A_LOG
        if only_logs:
            continue
        requests += -(-seen.blocks // BLOCKS_A_REQUEST) + -(-spans // HEADERS_A_REQUEST)
        requests += max(-(-seen.with_logs // HEADERS_A_REQUEST), min(spans, seen.with_logs))
        requests += max(-(-seen.transactions // TRANSACTIONS_A_REQUEST), min(spans, seen.transactions))
        requests += -(-seen.blocks // BODIES_A_REQUEST) if bodies else 0
        size += seen.transactions * _BYTES_A_TRANSACTION + seen.with_logs * _BYTES_A_HEADER + seen.blocks * _BYTES_A_FEE
    return Estimate(blocks, sampled, logs, requests, size)


class _Seen(NamedTuple):
    """What some blocks hold."""

    blocks: int
    logs: int = 0
    with_logs: int = 0
    transactions: int = 0


def _look(client: NodeClient, first: int, last: int, addresses: Sequence[str]) -> tuple[int, _Seen]:
    """The middle of a sample, and what it holds."""
    answer = _fetch(client, first, last, addresses)
    batch = answer.batch
    with_logs, transactions = len(np.unique(batch.block_number)), len(np.unique(batch.transaction_hash, axis=0))
    return (first + answer.last) // 2, _Seen(answer.last - first + 1, len(batch), with_logs, transactions)


def _scaled(span: Range, samples: Sequence[tuple[int, _Seen]]) -> _Seen:
    """What a range holds by the samples in it; by the nearest one where there is none."""
    middle = (span[0] + span[1]) // 2
    inside = [seen for place, seen in samples if span[0] <= place <= span[1]]
    inside = inside or [min(samples, key=lambda sample: abs(sample[0] - middle))[1]]
    sampled, blocks = sum(each.blocks for each in inside), span[1] - span[0] + 1
    sums = (sum(each[column] for each in inside) for column in (1, 2, 3))
    return _Seen(blocks, *(-(-count * blocks // sampled) for count in sums))


def _samples(first: int, last: int) -> list[Range]:
    blocks = last - first + 1
    if blocks <= _SAMPLES * _SAMPLE_BLOCKS:
        ends = [first + blocks * i // _SAMPLES for i in range(_SAMPLES + 1)]
        return [(begin, end - 1) for begin, end in pairwise(ends) if begin < end]
    starts = [first + (blocks - _SAMPLE_BLOCKS) * i // (_SAMPLES - 1) for i in range(_SAMPLES)]
    return [(start, start + _SAMPLE_BLOCKS - 1) for start in starts]


def _fetch(client: NodeClient, first: int, last: int, addresses: Sequence[str]) -> LogAnswer:
    """The logs of a sample, or of its beginning where the node refuses so many."""
    while True:
        try:
            return fetch_logs(client, first, last, addresses)
        except RefusedError as refused:
            if refused.verdict.refusal is not Refusal.TOO_MUCH or first == last:
                raise
            last = (first + last) // 2
