"""How many blocks to ask for at once: as many as an answer may hold, learned from what came back.

Providers cap the number of logs of an answer, or of blocks in a range, or both, and each has its own numbers. A span is
chosen from the density measured so far, so that a full answer stays below the usual cap of 10,000 logs without ever
meeting it; what is refused is halved, and the lesson is kept.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keep3r_replay.chain.refusals import Verdict

TARGET_LOGS = 9_500
"""Logs to ask for at once: safely below the cap of 10,000 that most providers have."""

FIRST_SPAN = 100
"""Blocks of the first request, when nothing is known of the density."""

_PATIENCE, _MOST_PATIENCE = 4, 64
"""Answers at a cap that was only guessed before more is asked for; the second one, if the guess proves right."""


class SpanPlanner:
    """Cuts a closed range of blocks into spans, one after the other. Safe to use from several threads."""

    def __init__(
        self, *, max_blocks: int | None = None, max_results: int | None = None, first_span: int = FIRST_SPAN
    ) -> None:
        """Take the caps that are known beforehand, and how many blocks to begin with."""
        self._first_span = first_span
        self._max_blocks = max_blocks
        self._max_results = max_results
        self._guessed_blocks: int | None = None
        self._answers_at_guess = 0
        self._patience = _PATIENCE
        self._density: float | None = None
        self._asked = 0
        self._lock = threading.Lock()

    @property
    def knows_density(self) -> bool:
        """Whether any answer has come yet; until then one request at a time is enough."""
        return self._density is not None

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return the closed range to ask for next, from `first` and at most to `last`."""
        with self._lock:
            if self._density is None:
                blocks = self._first_span * 4**self._asked
                self._asked += 1
            else:
                target = min(TARGET_LOGS, self._max_results * 19 // 20) if self._max_results else TARGET_LOGS
                blocks = int(target / self._density) if self._density > 0 else last - first + 1
            for cap in (self._max_blocks, self._guessed_blocks):
                blocks = blocks if cap is None else min(blocks, cap)
            blocks = max(blocks, 1)
            whole = last - first + 1
            if blocks < whole:
                # Equal parts rather than full ones and a crumb: as many requests, and none at the edge of the cap.
                parts = -(-whole // blocks)
                blocks = -(-whole // parts)
            return first, min(last, first + blocks - 1)

    def answered(self, first: int, last: int, logs: int) -> None:
        """Learn from an answer: how many logs a range had."""
        with self._lock:
            self._probe(last - first + 1)
            density = logs / (last - first + 1)
            if self._density is None:
                # A quiet start says little: let the next span grow, but not to the whole chain.
                self._density = max(density, TARGET_LOGS / (self._first_span * 4 ** (self._asked + 5)))
            else:
                # Up at once, down slowly: a cap that is met costs a request, a short span only part of one.
                self._density = max(density, 0.6 * self._density + 0.4 * density, 1e-9)

    def _probe(self, blocks: int) -> None:
        """Ask for more again after some answers at a cap that the node never named: it may have been of one range."""
        if self._guessed_blocks is not None and blocks >= self._guessed_blocks:
            self._answers_at_guess += 1
            if self._answers_at_guess >= self._patience:
                self._guessed_blocks *= 2
                self._answers_at_guess = 0

    def refused(self, first: int, last: int, verdict: Verdict) -> list[tuple[int, int]]:
        """Learn from a refusal, and return the parts of the range to ask for instead; none if it has one block only.

        What the node says of every range is kept for the run; what it says of this range is used for this range.
        """
        blocks = last - first + 1
        with self._lock:
            part = self._learn(blocks, verdict)
        if blocks <= 1:
            return []
        if verdict.part is not None and verdict.part < blocks:
            return [(first, first + verdict.part - 1), (first + verdict.part, last)]
        return [(start, min(last, start + part - 1)) for start in range(first, last + 1, part)]

    def _learn(self, blocks: int, verdict: Verdict) -> int:
        """Keep what a refusal says, and return how many blocks to ask for instead."""
        if verdict.max_results:
            self._max_results = min(self._max_results or verdict.max_results, verdict.max_results)
        if verdict.max_blocks and verdict.max_blocks < blocks:
            self._max_blocks = min(self._max_blocks or verdict.max_blocks, verdict.max_blocks)
            return verdict.max_blocks
        part = max(blocks // 2, 1)
        if verdict.max_results or verdict.part or self._max_results is not None:
            if self._density is not None:
                self._density = max(self._density, (self._max_results or TARGET_LOGS) / blocks)
            return part
        if self._guessed_blocks is not None and blocks <= self._guessed_blocks:
            # It was probed for nothing, or is lower still: wait longer before the next time.
            self._patience = min(2 * self._patience, _MOST_PATIENCE)
        self._guessed_blocks = min(self._guessed_blocks or part, part)
        self._answers_at_guess = 0
        return part
