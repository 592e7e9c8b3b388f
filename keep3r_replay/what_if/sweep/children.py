"""Fresh processes that answer calls, one at a time, until they are closed."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from multiprocessing import get_context, resource_tracker
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from keep3r_replay.what_if.sweep.jobs import prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from keep3r_replay.what_if.history import Source

ATTEMPTS = 2
"""Times that something is begun whose process dies under it."""
GLANCE = 0.2
"""Seconds: an interrupt may reach another thread than the one that waits, which must then look up by itself."""


def prepare_alone(source: Source, file: Path) -> str:
    """Load a history in a process of its own, as `prepare` does."""
    for _ in range(ATTEMPTS):
        child = Child()
        try:
            child.call(prepare, source, file)
            return str(child.answer())
        except EOFError:
            continue
        finally:
            child.close()
    return "the process that loaded the history died"


@contextlib.contextmanager
def without_interrupts() -> Iterator[None]:
    """Start processes and threads that Ctrl-C passes by: one that comes meanwhile is for us, and for afterwards."""
    # Its own start would let interrupts through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_HIDING = threading.Lock()
"""Two threads that hid the main module at once would take the stand-in for it, and put that back."""


@contextlib.contextmanager
def without_main() -> Iterator[None]:
    """Start processes that do not import the program that starts them.

    A spawned process imports the main module of its parent, for what may have been defined there. What our children
    call stands in this package; a script without a guard around its work would begin all of it again in each of them.
    """
    with _HIDING:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def running() -> dict[int, int]:
    """Processes of this machine that are not dead, with their groups; none where the system does not tell."""
    found = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, group = file.read_text().rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        if state not in {"Z", "X"}:
            found[int(file.parent.name)] = int(group)
    return found


class Child:
    """A fresh process that answers one call after the other: a forked one would inherit locks of polars' threads.

    Args:
        daemon: it ends with us, and starts no processes of its own.
    """

    def __init__(self, *, daemon: bool = True) -> None:
        self.connection, theirs = get_context("spawn").Pipe()
        self._process = get_context("spawn").Process(target=_serve, args=(theirs,), daemon=daemon)
        with without_interrupts(), without_main():
            self._process.start()
        theirs.close()
        self.source = ""
        """The history that it holds."""

    def call(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Have a function called there."""
        # A process that is dead already is found out by its answer.
        with contextlib.suppress(BrokenPipeError):
            self.connection.send((function, arguments))

    def answer(self) -> Any:
        """What the function returned. Raises `EOFError` if the process died."""
        try:
            while not self.connection.poll(GLANCE):
                continue
            return self.connection.recv()
        except ConnectionResetError:
            raise EOFError from None

    def close(self) -> None:
        """End the process, whatever it does."""
        self.connection.close()
        self._process.kill()
        self._process.join()


def _serve(connection: Connection[Any, Any]) -> None:
    """In a child: answer calls until the parent is gone."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            function, arguments = connection.recv()
            connection.send(function(*arguments))
