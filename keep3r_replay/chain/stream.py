"""Answers about a long range of blocks, fetched by several requests at once and handed over in order."""

from __future__ import annotations

import heapq
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from keep3r_replay.chain.refusals import Refusal, RefusedError
from keep3r_replay.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sized

    from keep3r_replay.chain.spans import SpanPlanner


class HasLogs(Protocol):
    """What a stream needs to know of an answer: the last block it covers, and how many logs it holds."""

    @property
    def last(self) -> int:
        """The last block of the answer."""

    @property
    def batch(self) -> Sized:
        """The logs of the answer."""


Answer = TypeVar("Answer", bound=HasLogs)


def stream(
    fetch: Callable[[int, int], Answer], first: int, last: int, *, planner: SpanPlanner, connections: int
) -> Iterator[Answer]:
    """Yield answers that together cover the closed range without gap or overlap, in order.

    Args:
        fetch: asks for a closed range of blocks; runs in one thread more than there are connections, so that reading
            an answer leaves no connection idle. It must not have more requests under way than there are connections.
        first: the first block.
        last: the last block.
        planner: chooses the spans.
        connections: how many requests may be under way at once; at most two answers more are held in memory.

    Raises:
        NodeError: a part of the range cannot be had.
    """
    fetching = connections + 1
    pool = ThreadPoolExecutor(fetching, thread_name_prefix="fetch")
    try:
        yield from _Stream(fetch, first, last, planner, fetching, pool).answers()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class _Stream(Generic[Answer]):
    def __init__(
        self,
        fetch: Callable[[int, int], Answer],
        first: int,
        last: int,
        planner: SpanPlanner,
        fetching: int,
        pool: ThreadPoolExecutor,
    ) -> None:
        self._fetch = fetch
        self._planner = planner
        self._fetching = fetching
        self._pool = pool
        self._next_block = first
        self._cursor = first
        self._last = last
        self._pieces: list[tuple[int, int]] = []
        self._running: dict[Future[Answer], tuple[int, int]] = {}
        self._arrived: dict[int, Answer] = {}

    def answers(self) -> Iterator[Answer]:
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

    def _fill(self) -> None:
        at_once = self._fetching if self._planner.knows_density else 1
        # Of all that is not fetched the earliest is asked for first, so this bound cannot starve what is waited for.
        while len(self._running) < at_once and len(self._running) + len(self._arrived) <= self._fetching:
            span = self._take()
            if span is None:
                return
            self._running[self._pool.submit(self._fetch, *span)] = span

    def _take(self) -> tuple[int, int] | None:
        if self._pieces:
            first, last = heapq.heappop(self._pieces)
            # What was learned since may say that less fits.
            span = self._planner.span(first, last)
            if span[1] < last:
                heapq.heappush(self._pieces, (span[1] + 1, last))
            return span
        if self._cursor > self._last:
            return None
        span = self._planner.span(self._cursor, self._last)
        self._cursor = span[1] + 1
        return span

    def _settle(self, future: Future[Answer], first: int, last: int) -> None:
        try:
            answer = future.result()
        except RefusedError as refusal:
            if refusal.verdict.refusal is not Refusal.TOO_MUCH:
                raise
            pieces = self._planner.refused(first, last, refusal.verdict)
            if not pieces:
                raise NodeError(
                    f"the node refuses the logs of the single block {first}; try another endpoint"
                ) from None
            # Parts go before new spans and in order of blocks: what comes later cannot be handed over earlier.
            for piece in pieces:
                heapq.heappush(self._pieces, piece)
            return
        self._planner.answered(first, last, len(answer.batch))
        self._arrived[first] = answer
