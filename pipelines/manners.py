"""How much a command tells, and how: `-q`, `-v`, colour on a terminal, a word where it takes more than two seconds."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .terminal import printable, unfiltered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

QUIET, VERBOSE = ("-q", "--quiet"), ("-v", "--verbose")
_SILENCE = 2.0
"""Seconds before a person is told that something is under way."""
_BETWEEN = 0.5
_GREEN, _YELLOW, _RED = 32, 33, 31
_COLOURS = {
    **dict.fromkeys(("CLEAN", "ok", "whole:"), _GREEN),
    **dict.fromkeys(("PARTIAL", "-", "WHAT-IF"), _YELLOW),
    **dict.fromkeys(("FINDINGS", "ROWS", "FAILED", "damaged:", "MISMATCH"), _RED),
}
"""By the word that a line begins with."""


class _Asked:
    """What the command line said of how much is told."""

    quiet = False
    verbose = False


def take_flags(arguments: Sequence[str]) -> list[str]:
    """Note `-q` and `-v`, and return the other arguments. What follows `--` is left as it is."""
    _Asked.quiet = any(each in QUIET for each in arguments)
    _Asked.verbose = any(each in VERBOSE for each in arguments)
    return [each for each in arguments if each not in {*QUIET, *VERBOSE}]


def is_quiet() -> bool:
    """Whether nothing but errors, and what was asked for, is told."""
    return _Asked.quiet


def is_verbose() -> bool:
    """Whether assumptions and the like are told, too."""
    return _Asked.verbose


def say(text: str) -> None:
    """Print lines; on a terminal the word that a verdict begins with has a colour (unless NO_COLOR is set)."""
    if not _has_colours():
        print(text)
        return
    sys.stdout.flush()
    out = unfiltered(sys.stdout)
    out.write("".join(f"{painted(printable(line))}\n" for line in text.split("\n")))


def painted(line: str) -> str:
    """A line with the colour of its verdict."""
    word = line.partition(" ")[0]
    return f"\033[{_COLOURS[word]}m{word}\033[0m{line[len(word) :]}" if word in _COLOURS else line


def _has_colours() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Within the block a line on standard error says that `what` is under way, on a terminal, from two seconds on.

    It goes as soon as anything is printed, and with the block.
    """
    if is_quiet() or not sys.stderr.isatty():
        yield
        return
    line = _Line(what)
    former = sys.stdout
    sys.stdout = _Watched(former, line)
    line.thread.start()
    try:
        yield
    finally:
        sys.stdout = former
        line.stop()


class _Line:
    """A line that is written anew every half second."""

    def __init__(self, what: str) -> None:
        self.thread = threading.Thread(target=self._write, daemon=True)
        self._what = what
        self._ended = threading.Event()
        self._shown = False
        self._begun = time.monotonic()

    def _write(self) -> None:
        wait = _SILENCE
        while not self._ended.wait(wait):
            wait = _BETWEEN
            seconds = int(time.monotonic() - self._begun)
            print(f"\r\033[K{self._what}, {seconds} s", end="", file=unfiltered(sys.stderr), flush=True)
            self._shown = True

    def stop(self) -> None:
        """Take the line away; nothing comes after it."""
        if self._ended.is_set():
            return
        self._ended.set()
        self.thread.join()
        if self._shown:
            print("\r\033[K", end="", file=unfiltered(sys.stderr), flush=True)


class _Watched:
    """A stream that takes the line away before anything is written to it."""

    def __init__(self, stream: object, line: _Line) -> None:
        self._stream = stream
        self._line = line

    def __getattr__(self, name: str) -> object:
        if name in {"write", "writelines", "unfiltered", "buffer"}:
            self._line.stop()
        return getattr(self._stream, name)
