"""What `keep3r update` tells as it goes: lines for people, or one JSON object a line for machines."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, NamedTuple

from .progress import Progress
from .update_config import Log

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS_BETWEEN_LINES = 15.0


class Told(NamedTuple):
    """What a stage did: the block that it reached (None: none), counts, and the same in words."""

    block: int | None
    counts: Mapping[str, int]
    words: str


class Teller:
    """Tells of one run."""

    def __init__(self, log: Log) -> None:
        self._json = log is Log.json
        self._progress = Progress()
        self._started = self._stage_started = self._last = time.monotonic()

    def say(self, line: str) -> None:
        """A line on the way: for people, on standard error."""
        if not self._json:
            self._progress.say(line)

    def update(self, block: int, target: int, logs: int) -> None:
        """Everything up to `block` of `target` is extracted, with `logs` more logs."""
        if not self._json:
            self._progress.update(block, target, logs)
        elif time.monotonic() - self._last > _SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            self._object("extract", block, {"target": target, "logs": logs}, self._stage_started, done=False)

    def stage(self, name: str, told: Told) -> None:
        """A stage has ended."""
        self._progress.done()
        if self._json:
            self._object(name, told.block, told.counts, self._stage_started, done=True)
        else:
            first, *more = told.words.splitlines() or [""]
            seconds = time.monotonic() - self._stage_started
            print(
                "\n".join([f"{name:<10} {first}  ({seconds:.1f} s)", *(f"{'':<10} {line}" for line in more)]),
                flush=True,
            )
        self._stage_started = self._last = time.monotonic()

    def result(self, verdict: str, exit_code: int, block: int | None, counts: Mapping[str, int], error: str) -> None:
        """The run has ended: the last line."""
        self._progress.done()
        if self._json:
            more = {"verdict": verdict, "exit_code": exit_code, "error": error}
            self._object("result", block, counts, self._started, done=True, **more)
        elif not error:
            at = "" if block is None else f"  block {block:,}"
            print(f"{verdict.upper()}{at}, {time.monotonic() - self._started:.1f} s", flush=True)

    def _object(
        self, stage: str, block: int | None, counts: Mapping[str, int], since: float, *, done: bool, **more: object
    ) -> None:
        seconds = round(time.monotonic() - since, 3)
        told = {"stage": stage, "done": done, "block": block, "counts": dict(counts), "seconds": seconds, **more}
        print(json.dumps(told), flush=True)
