"""How often one question is asked, whatever goes wrong with its answers."""

from __future__ import annotations

import time

import msgspec

from keep3r_replay.errors import NodeError

UNBELIEVABLE = (msgspec.MsgspecError, ValueError, RecursionError, OverflowError)
"""What reading an answer of wrong types, wrong numbers, text that is none or a thousand brackets raises."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0


class Tries:
    """Counts the attempts at one question, those that failed on the way and those whose answer cannot be true."""

    def __init__(self, attempts: int) -> None:
        """Take how often the question may be asked."""
        self._attempts = attempts
        self.used = 0

    def failed(self, what: str, problem: str) -> None:
        """Count an attempt that came to nothing.

        Args:
            what: was asked.
            problem: with its answer.

        Raises:
            NodeError: it was the last one.
        """
        self.used += 1
        if self.used >= self._attempts:
            raise NodeError(f"no answer to {what} after {self._attempts} attempts ({problem}); try again later")

    def pause(self) -> None:
        """Wait after an answer that was well formed and cannot be true: a little longer each time."""
        time.sleep(min(_FIRST_PAUSE * 2 ** max(self.used - 1, 0), _LONGEST_PAUSE))


def one_line(error: BaseException) -> str:
    """The beginning of an error's text, or its kind where it has none."""
    return " ".join(str(error).split())[:120] or type(error).__name__
