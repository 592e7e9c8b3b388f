"""Results in an object store: fetched before a command that names them, put back when it ends.

A sweep that fails or is interrupted puts back what it has finished; a replay writes its results whole or not at all.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from .terminal import SHOWN_AS

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENDINGS: list[ExitStack] = []
"""What is to be done when the command that runs ends."""


@contextmanager
def put_back() -> Iterator[None]:
    """Within the block folders may be staged; at its end what has changed in them is where it belongs.

    Raises:
        LockedError: somebody else has written there since.
        OSError: a file cannot be written.
    """
    SHOWN_AS.clear()
    with ExitStack() as stack:
        _ENDINGS.append(stack)
        stack.callback(_ENDINGS.pop)
        yield


def staged(place: Path) -> str:
    """A folder of this machine with what is in a bucket: it goes back there as the command ends. Raises `OSError`."""
    from keep3r_replay.lake.bucket import BucketPath
    from keep3r_replay.lake.staging import fetch, publish

    assert isinstance(place, BucketPath)
    stack = _ENDINGS[-1]
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="keep3r-")), place.name)
    SHOWN_AS[str(folder)] = str(place)
    folder.mkdir()
    former = fetch(place, folder)
    stack.callback(lambda: publish(folder, place, former))
    return str(folder)
