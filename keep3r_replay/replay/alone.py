"""One run at a time on a folder of results: a lock beside the folder, which the system takes back from the dead."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from keep3r_replay.errors import LockedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def only_run_on(results: Path) -> Iterator[None]:
    """Hold a results folder's lock for the length of a block; whoever holds it in this thread may hold it again.

    The lock is a file beside the folder, `.NAME.lock`, which goes with the last who holds it.

    Raises:
        LockedError: another run holds it.
        UsageError: the path is no folder.
    """
    if results.exists() and not results.is_dir():
        raise UsageError(f"{results}: is no folder; say results=FOLDER")
    place = results.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    file = place.with_name(f".{place.name}.lock")
    lock = FileLock(file, timeout=0, is_singleton=True)
    try:
        lock.acquire()
    except Timeout:
        raise LockedError(f"{results}: another run works on these results; wait for it, or stop it") from None
    try:
        yield
    finally:
        if lock.lock_counter == 1:
            # While it is held: nobody else's file goes.
            file.unlink(missing_ok=True)
        lock.release()
