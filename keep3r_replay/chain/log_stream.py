"""All logs of a long range of blocks, fetched by several requests at once and handed over in order."""

from __future__ import annotations

from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from keep3r_replay.chain.client import NodeClient, RefusedError
from keep3r_replay.chain.log_answers import LogAnswer, fetch_logs
from keep3r_replay.chain.refusals import Refusal
from keep3r_replay.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keep3r_replay.chain.spans import SpanPlanner


def stream_logs(
    client: NodeClient,
    first: int,
    last: int,
    addresses: Sequence[str],
    *,
    planner: SpanPlanner,
    connections: int,
) -> Iterator[LogAnswer]:
    """Yield answers that together cover the closed range without gap or overlap, in order.

    At most `connections` + 1 answers are held at once, however long the range is.

    Raises:
        NodeError: a part of the range cannot be had.
    """
    if not addresses:
        raise NodeError("there is no contract to fetch logs of; name one in the deployment")
    with ThreadPoolExecutor(connections, thread_name_prefix="logs") as pool:
        stream = _Stream(client, first, last, list(addresses), planner, connections, pool)
        try:
            yield from stream.answers()
        finally:
            stream.cancel()


class _Stream:
    def __init__(
        self,
        client: NodeClient,
        first: int,
        last: int,
        addresses: list[str],
        planner: SpanPlanner,
        connections: int,
        pool: ThreadPoolExecutor,
    ) -> None:
        self._client = client
        self._addresses = addresses
        self._planner = planner
        self._connections = connections
        self._pool = pool
        self._next_block = first
        self._cursor = first
        self._last = last
        self._pieces: deque[tuple[int, int]] = deque()
        self._running: dict[Future[LogAnswer], tuple[int, int]] = {}
        self._arrived: dict[int, LogAnswer] = {}

    def answers(self) -> Iterator[LogAnswer]:
        while self._next_block <= self._last:
            self._fill()
            done, _ = wait(self._running, return_when=FIRST_COMPLETED)
            for future in done:
                self._settle(future, *self._running.pop(future))
            # More requests first, then the hand-over: they run while the caller works.
            self._fill()
            while (answer := self._arrived.pop(self._next_block, None)) is not None:
                self._next_block = answer.last + 1
                yield answer

    def cancel(self) -> None:
        for future in self._running:
            future.cancel()

    def _fill(self) -> None:
        at_once = self._connections if self._planner.knows_density else 1
        while len(self._running) < at_once and len(self._running) + len(self._arrived) <= self._connections:
            span = self._take()
            if span is None:
                return
            future = self._pool.submit(fetch_logs, self._client, *span, self._addresses)
            self._running[future] = span

    def _take(self) -> tuple[int, int] | None:
        if self._pieces:
            return self._pieces.popleft()
        if self._cursor > self._last:
            return None
        span = self._planner.span(self._cursor, self._last)
        self._cursor = span[1] + 1
        return span

    def _settle(self, future: Future[LogAnswer], first: int, last: int) -> None:
        try:
            answer = future.result()
        except RefusedError as refusal:
            if refusal.verdict.refusal is not Refusal.TOO_MUCH:
                raise
            pieces = self._planner.refused(first, last, refusal.verdict)
            if not pieces:
                raise NodeError(f"the node refuses the logs of the single block {first}; try another endpoint") from None
            # The parts go first: what comes after them cannot be handed over before.
            self._pieces.extendleft(reversed(pieces))
            return
        self._planner.answered(first, last, len(answer.batch))
        self._arrived[first] = answer
