from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keep3r_replay.chain.refusals import Refusal, RefusedError, Verdict, of_error
from keep3r_replay.chain.spans import SpanPlanner
from keep3r_replay.chain.stream import stream
from keep3r_replay.errors import NodeError


@dataclass
class Answer:
    """What a span was answered with."""

    first: int
    last: int
    batch: list[int]


class Provider:
    """A chain with some logs in each block, behind caps; counts what it is asked."""

    def __init__(self, logs: list[int], max_logs: int, max_blocks: int, hints: bool) -> None:
        self.logs, self.max_logs, self.max_blocks, self.hints = logs, max_logs, max_blocks, hints
        self.requests = self.refused = 0

    def fetch(self, first: int, last: int) -> Answer:
        """Answer a span, or refuse it by the caps."""
        self.requests += 1
        inside = [block for block in range(first, last + 1) for _ in range(self.logs[block])]
        blocks = self.max_blocks if last - first + 1 > self.max_blocks else None
        results = self.max_logs if len(inside) > self.max_logs else None
        if blocks or results:
            self.refused += 1
            raise RefusedError("no", Verdict(Refusal.TOO_MUCH, *((blocks, results) if self.hints else (None, None))))
        return Answer(first, last, inside)


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=400),
    st.integers(30, 500),
    st.integers(1, 300),
    st.booleans(),
    st.integers(1, 5),
)
@settings(max_examples=40, deadline=None)
def test_answers_cover_the_range_once_and_in_order(
    logs: list[int], max_logs: int, max_blocks: int, hints: bool, connections: int
) -> None:
    """Whatever the caps, every block's logs come exactly once, in order."""
    provider = Provider(logs, max_logs, max_blocks, hints)
    answers = list(stream(provider.fetch, 0, len(logs) - 1, planner=SpanPlanner(), connections=connections))
    assert [block for answer in answers for block in answer.batch] == [i for i, n in enumerate(logs) for _ in range(n)]
    assert answers[0].first == 0
    assert all(a.last + 1 == b.first for a, b in itertools.pairwise(answers))
    assert answers[-1].last == len(logs) - 1


@pytest.mark.parametrize("per_block", [1, 7, 60, 150])
def test_requests_stay_near_the_least_possible(per_block: int) -> None:
    """Against the usual caps (10,000 logs, 10,000 blocks) at most half as many requests more than needed are made."""
    logs = [per_block] * max(40_000, 240_000 // per_block)
    provider = Provider(logs, 10_000, 10_000, hints=True)
    for _ in stream(provider.fetch, 0, len(logs) - 1, planner=SpanPlanner(), connections=4):
        pass
    least = max(-(-sum(logs) // 10_000), -(-len(logs) // 10_000))
    assert provider.requests <= 1.5 * least


def test_a_bursty_chain_is_not_asked_for_ever() -> None:
    """Long silence and sudden bursts cost refusals, but never more than answers."""
    choose = random.Random(1)
    logs = [choose.choice([0, 0, 0, 0, 200]) if (i // 500) % 3 == 2 else 0 for i in range(20_000)]
    provider = Provider(logs, 10_000, 10_000, hints=True)
    for _ in stream(provider.fetch, 0, len(logs) - 1, planner=SpanPlanner(), connections=2):
        pass
    assert provider.refused <= 0.5 * provider.requests


def test_a_block_that_is_too_large_by_itself_is_an_error() -> None:
    """When a single block exceeds the cap, the run ends and says which block it is."""
    provider = Provider([1, 1, 50, 1], 10, 100, hints=True)
    with pytest.raises(NodeError, match="single block 2"):
        list(stream(provider.fetch, 0, 3, planner=SpanPlanner(), connections=2))


class Hinting(Provider):
    """A provider whose first refusal suggests a part of the range that was asked for, and no more."""

    def __init__(self, blocks: int, max_blocks: int, message: str) -> None:
        super().__init__([0] * blocks, 10_000, max_blocks, hints=True)
        self.message: str | None = message

    def fetch(self, first: int, last: int) -> Answer:
        """Answer a span; the first one of full size gets the message."""
        if self.message is not None and last - first + 1 > 125:
            self.requests += 1
            message, self.message = self.message.format(hex(first), hex(first + 124)), None
            raise RefusedError("no", of_error(-32602, message, splits=True))
        return super().fetch(first, last)


@pytest.mark.parametrize(
    ("message", "requests"),
    [
        ("query returned more than 10000 results. Try with this block range [{}, {}].", 122),
        ("query exceeds max block range 125", 1_921),
    ],
)
def test_a_hint_is_for_the_range_that_was_refused(message: str, requests: int) -> None:
    """240,000 blocks in spans of 2,000: a hint costs two requests more, a cap of 125 is kept to the end."""
    provider = Hinting(240_000, 2_000, message)
    planner = SpanPlanner(max_blocks=2_000, first_span=2_000)
    answers = list(stream(provider.fetch, 0, 239_999, planner=planner, connections=1))
    assert sum(answer.last - answer.first + 1 for answer in answers) == 240_000
    assert provider.requests == requests
