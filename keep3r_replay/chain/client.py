"""A JSON-RPC client for nodes as they are: several endpoints, refusals, cut-off answers, gzip, batches or none.

The client knows what to do about a refusal that is about the request's moment (too often, a passing weakness); what is
about its content (too much asked, unsupported) is the caller's to answer. A node's address carries its key: it stands
in no message, and endpoints are called by their number.
"""

from __future__ import annotations

import os
import random
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from keep3r_replay.chain.endpoint import ENVIRONMENT, Endpoint, endpoint_of, secrets_of
from keep3r_replay.chain.exchange import LONGEST_PAUSE, Exchange, Statistics, TryAgainError
from keep3r_replay.chain.refusals import Refusal, RefusedError
from keep3r_replay.chain.rpc import Call
from keep3r_replay.chain.transport import MOST_BYTES
from keep3r_replay.chain.tries import UNBELIEVABLE, Tries, one_line
from keep3r_replay.errors import NodeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    import msgspec

Answer = TypeVar("Answer")

_ATTEMPTS_OF_MANY = 4
"""How often one endpoint of several is asked before the others must do."""

_TIMES_REFUSED = 3
"""How often a request is refused for what it asks before that is taken for the node's last word."""


class NodeClient:
    """Asks the nodes of one chain. Safe to use from several threads.

    Args:
        urls: the nodes' addresses.
        connections: how many requests may be under way at once at each of them.
        timeout: seconds to wait for a whole answer.
        attempts: how often to ask one question before giving up.
        most_bytes: the largest answer that is read.
    """

    def __init__(
        self,
        urls: list[str],
        *,
        connections: int = 2,
        timeout: float = 60.0,
        attempts: int = 12,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self.statistics = Statistics()
        self.chain_id = 0
        """The chain's id once it was asked for; 0 before."""
        self._attempts = attempts
        self._lock = threading.Lock()
        self._next = 0
        self._endpoints = [endpoint_of(i + 1, url, connections, timeout) for i, url in enumerate(urls)]
        secrets = frozenset(each for url in urls for each in secrets_of(url))
        self._exchange = Exchange(self.statistics, self._lock, secrets, most_bytes)

    @property
    def endpoints(self) -> int:
        """How many nodes there are."""
        return len(self._endpoints)

    @property
    def batches_everywhere(self) -> bool:
        """Whether all endpoints take batches, as far as is known."""
        return all(endpoint.most_calls > 1 for endpoint in self._endpoints)

    def tries(self) -> Tries:
        """Return the attempts that a question has."""
        return Tries(self._attempts)

    def call(self, method: str, *parameters: Any) -> msgspec.Raw:
        """Return the result of one call as JSON.

        Raises:
            RefusedError: the node refuses for what is asked.
            NodeError: no endpoint answers.
        """
        return self.batch([Call(method, list(parameters))])[0]

    def batch(self, calls: list[Call], *, together: bool = False, tries: Tries | None = None) -> list[msgspec.Raw]:
        """Return the results of several calls, in order, by one request where the node takes batches.

        A contract call that reverts gives the object `{"revert": "0x..."}` instead of text.

        Args:
            calls: what to ask.
            together: the answers are only worth something from one and the same node. Where batches are refused, the
                calls go over one connection one after the other, which is the best that can be had.
            tries: the attempts that are left, where the question was asked before.

        Raises:
            RefusedError: the node refuses one of them for what is asked, several times unless it wants less.
            NodeError: no endpoint answers.
        """
        tries = tries or self.tries()
        refused = 0
        while True:
            endpoint = self._choose()
            try:
                if len(calls) <= endpoint.most_calls:
                    return self._exchange.ask(endpoint, calls)
                parts = [calls[i : i + endpoint.most_calls] for i in range(0, len(calls), endpoint.most_calls)]
                if together:
                    return [raw for part in parts for raw in self._insist(endpoint, part, tries)]
                return [raw for part in parts for raw in self.batch(part)]
            except TryAgainError as failure:
                if failure.other_batch:
                    continue
                method = failure.method or (calls[-1] if together else calls[0]).method
                tries.failed(method, f"endpoint {endpoint.number}: {failure}")
                self._back_off(endpoint, tries.used - 1, failure)
            except RefusedError as refusal:
                refused += 1
                if refusal.verdict.refusal is Refusal.TOO_MUCH or refused >= _TIMES_REFUSED:
                    raise
                self.distrust(tries, calls[0].method, str(refusal))

    def each_endpoint(self, read: Callable[[msgspec.Raw], Answer], method: str, *parameters: Any) -> dict[int, Answer]:
        """Ask every endpoint the same and return the results by endpoint, to see that they are of one chain.

        Endpoints that do not answer are left out from then on, as long as one does. `read` raises one of `UNBELIEVABLE`
        for an answer that cannot be true.

        Raises:
            NodeError: none answers.
        """
        results: dict[int, Answer] = {}
        problem = ""
        for endpoint in self._endpoints:
            tries = Tries(self._attempts if len(self._endpoints) == 1 else min(self._attempts, _ATTEMPTS_OF_MANY))
            while endpoint.number not in results:
                try:
                    results[endpoint.number] = read(self._insist(endpoint, [Call(method, list(parameters))], tries)[0])
                except (RefusedError, *UNBELIEVABLE) as error:
                    try:
                        self.distrust(tries, method, one_line(error))
                    except NodeError as last:
                        problem = str(last)
                        break
                except NodeError as error:
                    problem = str(error)
                    break
        if not results:
            raise NodeError(problem)
        self._endpoints = [endpoint for endpoint in self._endpoints if endpoint.number in results]
        return results

    def _insist(self, endpoint: Endpoint, calls: list[Call], tries: Tries) -> list[msgspec.Raw]:
        """Ask one endpoint until it answers or the tries are used up."""
        while True:
            try:
                return self._exchange.ask(endpoint, calls)
            except TryAgainError as failure:
                tries.failed(failure.method or calls[0].method, f"endpoint {endpoint.number}: {failure}")
                self._back_off(endpoint, tries.used - 1, failure)
                time.sleep(max(0.0, endpoint.free_at - time.monotonic()))

    def distrust(self, tries: Tries, what: str, problem: str) -> None:
        """Count an answer that is well formed and cannot be true, and wait. Raises `NodeError` if it was the last."""
        self.count_retry()
        tries.failed(what, problem)
        tries.pause()

    def count_retry(self) -> None:
        """Take note that something is asked again."""
        with self._lock:
            self.statistics.retries += 1

    def _choose(self) -> Endpoint:
        """Take the endpoints in turn, but the one that is free first."""
        with self._lock:
            now = time.monotonic()
            self._next += 1
            turn = (
                self._endpoints[self._next % len(self._endpoints) :]
                + self._endpoints[: self._next % len(self._endpoints)]
            )
            endpoint = min(turn, key=lambda each: max(each.free_at, now))
            wait = endpoint.free_at - now
            endpoint.free_at = max(endpoint.free_at, now) + endpoint.pause
        if wait > 0:
            time.sleep(wait)
        return endpoint

    def _back_off(self, endpoint: Endpoint, attempt: int, failure: TryAgainError) -> None:
        with self._lock:
            self.statistics.retries += 1
            delay = failure.retry_after
            if delay is None:
                # Jitter keeps several runs from knocking in step; it touches no data.
                delay = min(0.1 * 2**attempt, 10.0) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret
            if failure.too_often:
                endpoint.pause = min(max(endpoint.pause * 2, 0.01), LONGEST_PAUSE)
            endpoint.free_at = max(endpoint.free_at, time.monotonic() + min(delay, 120.0))


def client_from_environment(*, connections: int, timeout: float, attempts: int = 12) -> NodeClient:
    """Make a client of the nodes that the environment names.

    Raises:
        UsageError: the variable is missing, empty or holds something that is no address (which is not repeated).
    """
    urls = [each.strip() for each in os.environ.get(ENVIRONMENT, "").split(",") if each.strip()]
    if not urls:
        raise UsageError(f"set {ENVIRONMENT} to the node's address (several, comma-separated, are used in turn)")
    return NodeClient(urls, connections=connections, timeout=timeout, attempts=attempts)
