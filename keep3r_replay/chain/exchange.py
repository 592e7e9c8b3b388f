"""One request to one endpoint: sent, read, and judged by what came back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from keep3r_replay.chain.endpoint import Endpoint, masked, retry_after
from keep3r_replay.chain.refusals import Refusal, RefusedError, Verdict, of_error, of_http_status
from keep3r_replay.chain.rpc import (
    MANY_ANSWERS,
    ONE_ANSWER,
    Call,
    RpcAnswer,
    RpcError,
    can_be_split,
    encode_request,
    error_line,
    halves,
    revert_data,
)
from keep3r_replay.chain.transport import BrokenError, Response, TooLargeError, post
from keep3r_replay.chain.tries import UNBELIEVABLE

if TYPE_CHECKING:
    from collections.abc import Collection
    from threading import Lock

LONGEST_PAUSE = 5.0
"""Seconds between two requests, at most, to a node that says they come too often."""

_BATCHES_REFUSED, _BATCHES_FAILED = 2, 4
"""How many batches one after the other are refused as such, or fail as a whole, before they are given up."""


class TryAgainError(Exception):
    """The same request may succeed at another moment or endpoint; `method` is the call that failed, if known."""

    def __init__(
        self,
        text: str,
        *,
        retry_after: float | None = None,
        too_often: bool = False,
        other_batch: bool = False,
        method: str = "",
    ) -> None:
        self.method = method
        self.retry_after = retry_after
        self.too_often = too_often
        self.other_batch = other_batch
        super().__init__(text)


@dataclass
class Statistics:
    """What the client did so far; for the summary, never for the lake."""

    requests: int = 0
    bytes_received: int = 0
    retries: int = 0
    by_method: dict[str, int] = field(default_factory=dict)


class Exchange:
    """Sends requests and judges their answers; what it learns of an endpoint, it writes down there.

    Args:
        statistics: is kept up to date.
        lock: guards statistics and endpoints.
        secrets: what no message may hold.
        most_bytes: the largest answer that is read.
    """

    def __init__(self, statistics: Statistics, lock: Lock, secrets: Collection[str], most_bytes: int) -> None:
        self.statistics = statistics
        self._lock = lock
        self._secrets = secrets
        self._most_bytes = most_bytes

    def _slow_down(self, endpoint: Endpoint) -> None:
        with self._lock:
            endpoint.pause = min(max(endpoint.pause * 2, 0.01), LONGEST_PAUSE)

    def ask(self, endpoint: Endpoint, calls: list[Call]) -> list[msgspec.Raw]:
        """Ask one endpoint once and return the results in order.

        Raises:
            RefusedError: it refuses for what is asked.
            TryAgainError: it does not answer, or not in a form that can be read.
        """
        try:
            response = post(endpoint.pool, endpoint.path, encode_request(calls), endpoint.headers, self._most_bytes)
        except BrokenError as error:
            self._count(calls, 0)
            raise TryAgainError(str(error)) from None
        except TooLargeError:
            self._count(calls, 0)
            text = f"the answer to {calls[0].method} is larger than {self._most_bytes} bytes"
            if can_be_split(calls[0]):
                raise RefusedError(text, Verdict(Refusal.TOO_MUCH)) from None
            raise TryAgainError(text) from None
        self._count(calls, len(response.content))
        if response.status != 200:
            self._refuse_status(endpoint, response, calls)
        answers = self._parse(endpoint, response.content, calls)
        with self._lock:
            endpoint.pause *= 0.95
            if len(calls) > 1:
                endpoint.batches_refused = 0
        return answers

    def _count(self, calls: list[Call], received: int) -> None:
        with self._lock:
            self.statistics.requests += 1
            self.statistics.bytes_received += received
            for call in calls:
                self.statistics.by_method[call.method] = self.statistics.by_method.get(call.method, 0) + 1

    def _refuse_status(self, endpoint: Endpoint, response: Response, calls: list[Call]) -> None:
        text = response.content[:2000].decode("utf-8", "replace")
        verdict = of_http_status(response.status, text, batch=len(calls) > 1, splits=can_be_split(calls[0]))
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
        text, method = masked(text, self._secrets), calls[0].method if len(calls) == 1 else ""
        if len(calls) > 1 and verdict.refusal in {Refusal.NO_BATCH, Refusal.SMALLER_BATCH}:
            self._learn_of_batches(endpoint, verdict, text, len(calls))
        if verdict.refusal is Refusal.TOO_OFTEN:
            raise TryAgainError(text, too_often=True, retry_after=retry_after, method=method)
        if verdict.refusal in {Refusal.PASSING, Refusal.NO_BATCH, Refusal.SMALLER_BATCH}:
            raise TryAgainError(text, retry_after=retry_after, method=method)
        refused = f"endpoint {endpoint.number} refuses {calls[-1].method}: {text}"
        if verdict.refusal is Refusal.PRUNED:
            refused += "; it has deleted this part of the history: ask an archive node, or begin later with from_block"
        raise RefusedError(refused, verdict)

    def _learn_of_batches(self, endpoint: Endpoint, verdict: Verdict, text: str, calls: int) -> None:
        """Ask for less at once only where batches are refused again and again: one failure says nothing of the next."""
        with self._lock:
            endpoint.batches_refused += 1
            if verdict.refusal is Refusal.SMALLER_BATCH:
                endpoint.most_calls = max(1, min(endpoint.most_calls, calls // 2))
            elif endpoint.batches_refused >= (_BATCHES_REFUSED if verdict.sure else _BATCHES_FAILED):
                endpoint.most_calls = 1
            other = calls > endpoint.most_calls
        raise TryAgainError(text, other_batch=other)

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
                    verdict = Verdict(Refusal.NO_BATCH, sure=False)
                self._act(endpoint, verdict, error_line(error), calls)
                answers = []
        except UNBELIEVABLE:
            raise TryAgainError("the answer is no JSON of the right form") from None
        if len(answers) != len(calls):
            raise TryAgainError("the answer to a batch is not complete")
        if len(calls) == 1 and answers[0].error is not None:
            # An error may be of no request that the node could make out.
            return [self._result(endpoint, calls[0], answers[0])]
        by_id = {answer.id: answer for answer in answers if isinstance(answer.id, int)}
        return [self._result(endpoint, call, by_id.get(number)) for number, call in enumerate(calls)]

    def _result(self, endpoint: Endpoint, call: Call, answer: RpcAnswer | None) -> msgspec.Raw:
        if answer is None:
            raise TryAgainError("the answer has another id than the request")
        if answer.error is not None:
            error = answer.error
            if call.method == "eth_call" and of_error(error.code, error.message).refusal is Refusal.REVERTED:
                # A contract's no is an answer as well, and must not void the rest of the batch.
                return msgspec.Raw(msgspec.json.encode({"revert": revert_data(error.data)}))
            verdict = of_error(error.code, error.message, splits=can_be_split(call))
            if verdict.refusal is Refusal.TOO_MUCH and not verdict.sure:
                # It may be the rate that is meant: ask for less, and more slowly as well.
                self._slow_down(endpoint)
            self._act(endpoint, verdict, error_line(error), [call])
        if memoryview(answer.result).nbytes == 0:
            raise TryAgainError("the answer holds no result")
        return answer.result
