"""On a worker of a cluster that shares no file system with us: lakes come as bytes, and results go as bytes."""

from __future__ import annotations

import platform
import threading
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.errors import Keep3rReplayError
from keep3r_replay.lake.bucket import location
from keep3r_replay.lake.reader import Lake
from keep3r_replay.replay.code import code_hash
from keep3r_replay.what_if.sweep.jobs import Ended, Job, loaded, run_loaded
from keep3r_replay.what_if.sweep.scenarios import DONE

if TYPE_CHECKING:
    from keep3r_replay.what_if.history import History


class Code(NamedTuple):
    """What a worker must have in common with us, so that the same job gives the same bytes."""

    keep3r_replay: str
    polars: str
    python: str


_OWN = Code(code_hash(), pl.__version__, ".".join(platform.python_version_tuple()[:2]))
"""Taken when it is loaded: a worker may outlive a change of its files."""


def own_code() -> Code:
    """The code of this process."""
    return _OWN


@dataclass(frozen=True)
class SentLake:
    """A lake on its way: its name, where it lies here, and its files by path; no tuple, which Dask would take apart.

    One in a bucket has no files: workers read it there.
    """

    name: str
    path: str
    files: dict[str, bytes]


class OtherCodeError(Keep3rReplayError):
    """A worker runs other code than we do."""


_ONE_AT_A_TIME = threading.Lock()


def run_remote(
    job: Job, code: Code, history: bytes, lake: SentLake, *others: SentLake | None
) -> tuple[Ended, dict[str, bytes]]:
    """Run a scenario, and give its folder as the bytes of its files; `others` are the job's `other_lakes`, in order.

    Raises `OtherCodeError`.
    """
    check_code(own_code(), code)
    # A worker may have threads, but a history is one: its scenarios would take turns anyhow.
    with _ONE_AT_A_TIME, TemporaryDirectory(prefix="keep3r-") as place:
        moved = {name: str(_unpacked(other)) for name, other in zip(job.other_lakes, others, strict=True) if other}
        if moved:
            job = job._replace(changes={**job.changes, **moved})
        ended = run_loaded(job, partial(_history, job.source, history, lake), Path(place))
        folder = Path(place, job.name)
        files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())} if ended.status == DONE else {}
        error = ended.error
        for sent in filter(None, (lake, *others)):
            # As if it had happened where the lake lies.
            error = error.replace(str(_unpacked(sent)), sent.path)
    return ended._replace(error=error), files


def check_code(found: Code, wanted: Code) -> None:
    """Raise `OtherCodeError` if a worker's code is not ours."""
    for name, theirs, ours in zip(Code._fields, found, wanted, strict=True):
        if theirs != ours:
            versions = "" if name == "keep3r_replay" else f" ({theirs} instead of {ours})"
            raise OtherCodeError(
                f"a worker runs another {name}{versions}: install the same everywhere, restart the workers"
            )


def _history(source: str, content: bytes, lake: SentLake) -> History:
    return loaded(source, partial(zlib.decompress, content)).at(Lake.open(_unpacked(lake)))


_UNPACKED: dict[str, TemporaryDirectory[str]] = {}
_LAKES = 4
"""Lakes that a worker keeps on its disk, till it ends."""


def _unpacked(lake: SentLake) -> Path:
    """Where a lake lies on this worker, or in its bucket."""
    if not lake.files:
        return location(lake.path)
    if lake.name not in _UNPACKED:
        while len(_UNPACKED) >= _LAKES:
            _UNPACKED.pop(next(iter(_UNPACKED))).cleanup()
        place = TemporaryDirectory(prefix="keep3r-")
        for name, content in lake.files.items():
            path = Path(place.name, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        _UNPACKED[lake.name] = place
    return Path(_UNPACKED[lake.name].name)
