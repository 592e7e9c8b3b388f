"""A rehearsal: a window of a deployment's history, fetched, read at both ends, and what the whole would take.

A protocol whose replay may start anywhere is rehearsed in the newest blocks. Another one, and a deployment that is
younger than the window, is rehearsed from its beginning.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.dataset.extraction import Extraction
from keep3r_replay.errors import UsageError
from keep3r_replay.lake.reader import Lake

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.dataset.extraction import Plan
    from keep3r_replay.dataset.spec import ExtractionSpec, Request
    from keep3r_replay.replay.protocol import Protocol


class Cost(NamedTuple):
    """What a step took."""

    step: str
    requests: int
    seconds: float


class Window(NamedTuple):
    """A fetched window.

    Attributes:
        first, last: its blocks.
        start: the block that a replay starts after; None where it begins with the contract.
        logs: that were fetched.
        values: readings at its end and, where a replay starts there, at its beginning.
        costs: by step, in order.
        whole: what the whole history would take.
    """

    first: int
    last: int
    start: int | None
    logs: int
    values: int
    costs: list[Cost]
    whole: Plan


def fetch_window(
    lake: Path,
    spec: ExtractionSpec,
    protocol: Protocol,
    client: NodeClient,
    request: Request,
    blocks: int,
    say: Callable[[str], None],
    progress: Callable[[int, int, int], None],
) -> Window:
    """Make first contact, fetch the window into a new lake, and read all views at its ends; the caller holds the lock.

    Raises:
        FirstContactError: the chain does not hold the deployment as it is configured.
        UsageError: there is nothing to rehearse.
        NodeError, InputError: see `Extraction`.
    """
    costs: list[Cost] = []

    def extraction(asked: Request) -> Extraction:
        return Extraction(lake, spec, protocol, client, asked, say, progress)

    with _Measured(client, costs, "first contact and plan"):
        whole = extraction(request).plan()
    if not whole.ranges:
        raise UsageError("there is no block to rehearse in: the deployment begins after the last block asked for")
    oldest, last = whole.ranges[0][0], whole.ranges[-1][1]
    recent = last - blocks + 1
    starts_late = protocol.starts_anywhere and recent > oldest
    first, last = (recent, last) if starts_late else (oldest, min(last, oldest + blocks - 1))
    window = extraction(replace(request, from_block=first, to_block=last))
    with _Measured(client, costs, "the window"):
        outcome = window.run()
    start = first if starts_late and _is_older(Lake.open(lake), protocol, first) else None
    # A history that is replayed from its beginning begins with what constructors set.
    with _Measured(client, costs, "readings"):
        values = window.read_views([last] if start is None else sorted({first, last}))
    return Window(first, last, start, outcome.logs, values, costs, whole)


def _is_older(lake: Lake, protocol: Protocol, block: int) -> bool:
    roots = [each for each in lake.deployment.contracts if each.role == protocol.root]
    return any(int(each.facts.get("from_block", 0)) < block for each in roots)


class _Measured:
    """Adds what a step took to the costs."""

    def __init__(self, client: NodeClient, costs: list[Cost], step: str) -> None:
        self._statistics, self._costs, self._step = client.statistics, costs, step

    def __enter__(self) -> None:
        self._before, self._began = self._statistics.requests, time.monotonic()

    def __exit__(self, *_: object) -> None:
        requests = self._statistics.requests - self._before
        self._costs.append(Cost(self._step, requests, time.monotonic() - self._began))
