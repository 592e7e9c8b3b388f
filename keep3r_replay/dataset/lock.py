"""One run at a time on one lake: a lock that the system takes back when its holder dies."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from keep3r_replay.dataset.state import LOCK
from keep3r_replay.errors import LockedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def only_one_run(lake: Path, *, create: bool) -> Iterator[None]:
    """Hold the lake's lock for the length of a block.

    Args:
        lake: its folder.
        create: make the folder if it is not there; otherwise an absent folder needs no lock.

    Raises:
        LockedError: another run holds it.
        UsageError: the path is no folder.
    """
    if lake.exists() and not lake.is_dir():
        raise UsageError(f"{lake}: is no folder; say lake=FOLDER")
    if not lake.exists() and not create:
        yield
        return
    if create:
        lake.mkdir(parents=True, exist_ok=True)
    lock = FileLock(lake / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise LockedError(f"{lake}: another run works on this lake; wait for it, or stop it") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def lock_if_possible(lake: Path) -> Iterator[bool]:
    """Hold the lake's lock if that can be had, and tell whether it is held: reading needs none, changing does."""
    lock = FileLock(lake / LOCK, timeout=0)
    try:
        lock.acquire()
    except (Timeout, OSError):
        # Another run has it, or the lake is on a disk that cannot be written to.
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
