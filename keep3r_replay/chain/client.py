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
from dataclasses import dataclass, field
from typing import Any

import msgspec
import urllib3

from keep3r_replay.chain.endpoint import ENVIRONMENT, Endpoint, endpoint_of, masked, retry_after, secrets_of
from keep3r_replay.chain.refusals import Refusal, Verdict, of_error, of_http_status
from keep3r_replay.chain.rpc import (
    MANY_ANSWERS,
    ONE_ANSWER,
    Call,
    RpcAnswer,
    RpcError,
    encode_request,
    error_line,
    halves,
    revert_data,
)
from keep3r_replay.errors import NodeError, UsageError

_ATTEMPTS_OF_MANY = 4
"""How often one endpoint of several is asked before the others must do."""


class RefusedError(NodeError):
    """A request that the node refuses for what it asks; the verdict says what to ask instead."""

    def __init__(self, text: str, verdict: Verdict) -> None:
        self.verdict = verdict
        super().__init__(text)


@dataclass
class Statistics:
    """What the client did so far; for the summary, never for the lake."""

    requests: int = 0
    bytes_received: int = 0
    retries: int = 0
    by_method: dict[str, int] = field(default_factory=dict)


class NodeClient:
    """Asks the nodes of one chain. Safe to use from several threads.

    Args:
        urls: the nodes' addresses.
        connections: how many requests may be under way at once at each of them.
        timeout: seconds to wait for an answer.
        attempts: how often to ask before giving up.
    """

    def __init__(self, urls: list[str], *, connections: int = 2, timeout: float = 60.0, attempts: int = 12) -> None:
        self.statistics = Statistics()
        self.chain_id = 0
        """The chain's id once it was asked for; 0 before."""
        self._attempts = attempts
        self._lock = threading.Lock()
        self._next = 0
        self._endpoints = [endpoint_of(i + 1, url, connections, timeout) for i, url in enumerate(urls)]
        self._secrets = frozenset(each for url in urls for each in secrets_of(url))

    @property
    def endpoints(self) -> int:
        """How many nodes there are."""
        return len(self._endpoints)

    @property
    def batches_everywhere(self) -> bool:
        """Whether no endpoint has refused a batch so far."""
        return all(endpoint.batches for endpoint in self._endpoints)

    def call(self, method: str, *parameters: Any) -> msgspec.Raw:
        """Return the result of one call as JSON.

        Raises:
            RefusedError: the node refuses for what is asked.
            NodeError: no endpoint answers.
        """
        return self.batch([Call(method, list(parameters))])[0]

    def batch(self, calls: list[Call], *, together: bool = False) -> list[msgspec.Raw]:
        """Return the results of several calls, in order, by one request where the node takes batches.

        A contract call that reverts gives the object `{"revert": "0x..."}` instead of text.

        Args:
            calls: what to ask.
            together: the answers are only worth something from one and the same node. Where batches are refused, the
                calls go over one connection one after the other, which is the best that can be had.

        Raises:
            RefusedError: the node refuses one of them for what is asked.
            NodeError: no endpoint answers.
        """
        problem = "no attempt"
        for attempt in range(self._attempts):
            endpoint = self._choose()
            try:
                if len(calls) > 1 and not endpoint.batches:
                    return [self._insist(endpoint, call, self._attempts) for call in calls]
                return self._ask(endpoint, calls)
            except _TryAgainError as failure:
                problem = f"endpoint {endpoint.number}: {failure}"
                if failure.no_batch:
                    continue
                self._back_off(endpoint, attempt, failure)
        asked = calls[-1].method if together else calls[0].method
        raise NodeError(f"no answer to {asked} after {self._attempts} attempts ({problem}); try again later")

    def each_endpoint(self, method: str, *parameters: Any) -> dict[int, bytes]:
        """Ask every endpoint the same and return the results by endpoint, to see that they are of one chain.

        Endpoints that do not answer are left out from then on, as long as one does.

        Raises:
            NodeError: none answers.
        """
        results: dict[int, bytes] = {}
        problem = ""
        for endpoint in self._endpoints:
            attempts = self._attempts if len(self._endpoints) == 1 else _ATTEMPTS_OF_MANY
            try:
                results[endpoint.number] = bytes(self._insist(endpoint, Call(method, list(parameters)), attempts))
            except _TryAgainError as failure:
                problem = f"endpoint {endpoint.number} does not answer: {failure}"
            except RefusedError as refused:
                problem = str(refused)
        if not results:
            raise NodeError(f"{problem}; try again later")
        self._endpoints = [endpoint for endpoint in self._endpoints if endpoint.number in results]
        return results

    def _insist(self, endpoint: Endpoint, call: Call, attempts: int) -> msgspec.Raw:
        """Ask one endpoint one thing until it answers, at most `attempts` times."""
        for attempt in range(attempts):
            try:
                return self._ask(endpoint, [call])[0]
            except _TryAgainError as failure:
                if attempt == attempts - 1:
                    raise
                self._back_off(endpoint, attempt, failure)
                self._wait_for(endpoint)
        raise _TryAgainError("no attempt")

    def _wait_for(self, endpoint: Endpoint) -> None:
        time.sleep(max(0.0, endpoint.free_at - time.monotonic()))

    def distrust(self) -> None:
        """Wait a moment, and count it: the last answer was well formed but cannot be true."""
        with self._lock:
            self.statistics.retries += 1
        time.sleep(0.05)

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

    def _back_off(self, endpoint: Endpoint, attempt: int, failure: _TryAgainError) -> None:
        with self._lock:
            self.statistics.retries += 1
            delay = failure.retry_after
            if delay is None:
                # Jitter keeps several runs from knocking in step; it touches no data.
                delay = min(0.1 * 2**attempt, 10.0) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret
            if failure.too_often:
                endpoint.pause = min(max(endpoint.pause * 2, 0.01), 5.0)
            endpoint.free_at = max(endpoint.free_at, time.monotonic() + min(delay, 120.0))

    def _ask(self, endpoint: Endpoint, calls: list[Call]) -> list[msgspec.Raw]:
        body = encode_request(calls)
        try:
            response = endpoint.pool.request("POST", endpoint.path, body=body, headers=endpoint.headers)
        except urllib3.exceptions.HTTPError as error:
            # The text of these errors holds the address: only their kind is told.
            raise _TryAgainError(f"{type(error).__name__}") from None
        content: bytes = response.data
        with self._lock:
            self.statistics.requests += 1
            self.statistics.bytes_received += len(content)
            for call in calls:
                self.statistics.by_method[call.method] = self.statistics.by_method.get(call.method, 0) + 1
        if response.status != 200:
            self._refuse_status(endpoint, response, calls)
        answers = self._parse(endpoint, content, calls)
        with self._lock:
            endpoint.pause *= 0.95
        return answers

    def _refuse_status(self, endpoint: Endpoint, response: Any, calls: list[Call]) -> None:
        text = response.data[:2000].decode("utf-8", "replace")
        verdict = of_http_status(response.status, text, batch=len(calls) > 1)
        seconds = retry_after(response.headers.get("Retry-After", ""))
        self._act(endpoint, verdict, f"HTTP status {response.status}", calls, seconds)

    def _act(
        self,
        endpoint: Endpoint,
        verdict: Verdict,
        text: str,
        calls: list[Call],
        retry_after: float | None = None,
    ) -> None:
        text = masked(text, self._secrets)
        if verdict.refusal is Refusal.NO_BATCH and len(calls) > 1:
            endpoint.batches = False
            raise _TryAgainError(text, no_batch=True)
        if verdict.refusal is Refusal.TOO_OFTEN:
            raise _TryAgainError(text, too_often=True, retry_after=retry_after)
        if verdict.refusal in {Refusal.PASSING, Refusal.NO_BATCH}:
            raise _TryAgainError(text, retry_after=retry_after)
        raise RefusedError(f"endpoint {endpoint.number} refuses {calls[-1].method}: {text}", verdict)

    def _parse(self, endpoint: Endpoint, content: bytes, calls: list[Call]) -> list[msgspec.Raw]:
        try:
            if len(calls) == 1:
                answers = [ONE_ANSWER.decode(content)]
            elif content.lstrip()[:1] == b"[":
                quick = halves(content) if calls[0].method == "eth_getLogs" and len(calls) == 2 else None
                answers = quick or MANY_ANSWERS.decode(content)
            else:
                # One error instead of a list: the batch as a whole was refused.
                error = ONE_ANSWER.decode(content).error or RpcError()
                verdict = of_error(error.code, error.message)
                if verdict.refusal is Refusal.PASSING:
                    verdict = Verdict(Refusal.NO_BATCH)
                self._act(endpoint, verdict, error_line(error), calls)
                answers = []
        except msgspec.MsgspecError:
            raise _TryAgainError("the answer is no whole JSON") from None
        if len(answers) != len(calls):
            raise _TryAgainError("the answer to a batch is not complete")
        by_id = {answer.id: answer for answer in answers}
        return [self._result(endpoint, call, by_id.get(number)) for number, call in enumerate(calls)]

    def _result(self, endpoint: Endpoint, call: Call, answer: RpcAnswer | None) -> msgspec.Raw:
        if answer is None:
            raise _TryAgainError("the answer has another id than the request")
        if answer.error is not None:
            error = answer.error
            if call.method == "eth_call" and of_error(error.code, error.message).refusal is Refusal.REVERTED:
                # A contract's no is an answer as well, and must not void the rest of the batch.
                return msgspec.Raw(msgspec.json.encode({"revert": revert_data(error.data)}))
            self._act(endpoint, of_error(error.code, error.message), error_line(error), [call])
        if memoryview(answer.result).nbytes == 0:
            raise _TryAgainError("the answer holds no result")
        return answer.result


class _TryAgainError(Exception):
    """The same request may succeed at another moment or endpoint."""

    def __init__(
        self, text: str, *, retry_after: float | None = None, too_often: bool = False, no_batch: bool = False
    ) -> None:
        self.retry_after = retry_after
        self.too_often = too_often
        self.no_batch = no_batch
        super().__init__(text)


def client_from_environment(*, connections: int, timeout: float, attempts: int = 12) -> NodeClient:
    """Make a client of the nodes that the environment names.

    Raises:
        UsageError: the variable is missing, empty or holds something that is no address (which is not repeated).
    """
    urls = [each.strip() for each in os.environ.get(ENVIRONMENT, "").split(",") if each.strip()]
    if not urls:
        raise UsageError(f"set {ENVIRONMENT} to the node's address (several, comma-separated, are used in turn)")
    return NodeClient(urls, connections=connections, timeout=timeout, attempts=attempts)
