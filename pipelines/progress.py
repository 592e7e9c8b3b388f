"""Progress of a long job: a bar where a person watches, a line now and then where a file does."""

from __future__ import annotations

import sys
import time

from keep3r_replay.counts import counted

from .manners import is_quiet
from .terminal import unfiltered

_SECONDS_BETWEEN_LINES = 15.0
_SECONDS_BETWEEN_BARS = 0.1
_WIDTH = 30
_SECONDS_IN_SILENCE = 2.0


class Progress:
    """Writes to standard error only, so that standard output stays the summary."""

    def __init__(self) -> None:
        self._bar = sys.stderr.isatty() and not is_quiet()
        self._first = -1
        self._block = -1
        self._logs = 0
        self._last_shown = 0.0 if self._bar else time.monotonic()
        self._shown = False

    def say(self, line: str) -> None:
        """Write one line."""
        self._clear()
        print(line, file=sys.stderr, flush=True)

    def update(self, block: int, target: int, logs: int) -> None:
        """Take note that everything up to `block` of `target` is there, with `logs` more logs."""
        if self._first < 0:
            self._first = block
        # What is fetched again lies behind: the bar stays where it is.
        self._block = block = max(block, self._block)
        self._logs += logs
        now = time.monotonic()
        if now - self._last_shown < (_SECONDS_BETWEEN_BARS if self._bar else _SECONDS_BETWEEN_LINES):
            return
        self._last_shown = now
        if is_quiet():
            return
        if not self._bar:
            print(f"block {block} of {target}, {counted(self._logs, 'log')}", file=sys.stderr, flush=True)
            return
        share = min((block - self._first) / max(target - self._first, 1), 1.0)
        filled = int(share * _WIDTH)
        bar = "#" * filled + "." * (_WIDTH - filled)
        print(
            f"\r[{bar}] block {block} of {target}, {counted(self._logs, 'log')}",
            end="",
            file=unfiltered(sys.stderr),
            flush=True,
        )
        self._shown = True

    def done(self) -> None:
        """Take the bar away."""
        self._clear()

    def _clear(self) -> None:
        if self._shown:
            print("\r\033[K", end="", file=unfiltered(sys.stderr), flush=True)
            self._shown = False


class Counting:
    """How many of how many are done, on standard error: only where a person watches, and after two seconds."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._watched = sys.stderr.isatty() and not is_quiet()
        self._begun = self._last_shown = time.monotonic()
        self._shown = False

    def update(self, done: int, total: int) -> None:
        """Take note that `done` of `total` are done."""
        now = time.monotonic()
        if not self._watched or now - self._begun < _SECONDS_IN_SILENCE:
            return
        if now - self._last_shown < _SECONDS_BETWEEN_BARS and done < total:
            return
        self._last_shown = now
        text = f"\r\033[K{self._what} {done:,} of {total:,}"
        print(text, end="", file=unfiltered(sys.stderr), flush=True)
        self._shown = True

    def done(self) -> None:
        """Take the line away."""
        if self._shown:
            print("\r\033[K", end="", file=unfiltered(sys.stderr), flush=True)
            self._shown = False
