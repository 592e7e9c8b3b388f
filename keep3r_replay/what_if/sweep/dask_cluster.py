"""The engine of many machines: Dask's scheduler hands out the jobs, and this process alone writes what comes back.

Workers share no file system with us. A history is sent to all of them once, results come back as the bytes of their
files: a worker writes its folder as every other engine does, only somewhere of its own.
"""

from __future__ import annotations

import logging
import platform
import threading
import zlib
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.errors import Keep3rReplayError
from keep3r_replay.lake.folders import replaced_folder
from keep3r_replay.lake.reader import Lake
from keep3r_replay.what_if.sweep.jobs import DIED, Ended, Job, loaded, run_loaded
from keep3r_replay.what_if.sweep.processes import prepare_alone, without_interrupts
from keep3r_replay.what_if.sweep.scenarios import DONE, FAILED, code_hash

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from keep3r_replay.what_if.measured import Baseline
    from keep3r_replay.what_if.sweep.jobs import Work

_ATTEMPTS = 2
"""Times that a job is begun alone which was on a worker that died."""
_PATIENCE = 20
"""Seconds that the scheduler has for an answer, and a cluster for its first worker."""
_AT_A_TIME = 2
"""Histories whose jobs are under way: the next one is loaded while the last one's are run."""


class Code(NamedTuple):
    """What a worker must have in common with us, so that the same job gives the same bytes."""

    keep3r_replay: str
    polars: str
    python: str


def own_code() -> Code:
    """The code of this process."""
    return Code(code_hash(), pl.__version__, ".".join(platform.python_version_tuple()[:2]))


class Parcel(NamedTuple):
    """A history on its way: files of its lake by path, and the loaded history, compressed."""

    files: dict[str, bytes]
    history: bytes


class OtherCodeError(Keep3rReplayError):
    """A worker runs other code than we do."""


# ON A WORKER


_ONE_AT_A_TIME = threading.Lock()


def run_remote(job: Job, parcel: Parcel, code: Code) -> tuple[Ended, dict[str, bytes]]:
    """Run a scenario, and give its folder as the bytes of its files. Raises `OtherCodeError`."""
    check_code(own_code(), code)
    # A worker may have threads, but a history is one: its scenarios would take turns anyhow.
    with _ONE_AT_A_TIME, TemporaryDirectory(prefix="keep3r-") as place:
        ended = run_loaded(job, partial(_unpacked, job, parcel, Path(place, "lake")), Path(place))
        folder = Path(place, job.name)
        files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())} if ended.status == DONE else {}
    return ended, files


def check_code(found: Code, wanted: Code) -> None:
    """Raise `OtherCodeError` if a worker's code is not ours."""
    for name, theirs, ours in zip(Code._fields, found, wanted, strict=True):
        if theirs != ours:
            versions = "" if name == "keep3r_replay" else f" ({theirs} instead of {ours})"
            raise OtherCodeError(f"a worker runs another {name}{versions}: install the same on all machines")


def _unpacked(job: Job, parcel: Parcel, place: Path) -> list[Baseline]:
    for name, content in parcel.files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    manifest, deployment = Lake.read(place)
    bases = loaded(job.source, partial(zlib.decompress, parcel.history))
    for base in bases:
        base.lake = Lake(place, deployment, manifest)
    return bases


# HERE


def run_with_dask(work: Work, scheduler: str | None) -> Generator[Ended, None, None]:
    """Run all jobs on the cluster of `scheduler`, or, if there is none, on one of `workers` processes made for it.

    A job whose worker dies is begun again, alone, so that no other fails with it.

    Raises:
        Keep3rReplayError: the scheduler stays away, has no workers, or one of them runs other code.
    """
    with _quiet(), _client(work, scheduler) as client:
        _check_workers(client)
        yield from _Cluster(client, work).run()


class _Cluster:
    """The sweep as the cluster's client sees it."""

    def __init__(self, client: Any, work: Work) -> None:
        from distributed import as_completed  # noqa: PLC0415 - an extra: only who asks for it needs it

        self._client = client
        self._work = work
        self._running = as_completed(loop=client.loop, raise_errors=False)
        self._jobs: dict[str, Job] = {}
        self._left: dict[str, int] = {}
        self._parcels: dict[str, Any] = {}
        self._suspects: list[Job] = []

    def run(self) -> Iterator[Ended]:
        """Give every job as it ends."""
        for source, jobs in self._work.by_source().items():
            error = prepare_alone(self._work.sources[source], self._work.place / source)
            if error:
                yield from (Ended(job.name, FAILED, error, {}) for job in jobs)
                continue
            self._left[source] = len(jobs)
            self._parcels[source] = self._send(source)
            for job in jobs:
                self._begin(job)
            yield from self._collect(_AT_A_TIME - 1)
        yield from self._collect(0)
        for job in self._suspects:
            yield self._run_alone(job)

    def _send(self, source: str) -> Any:
        """Give a history to all workers."""
        lake = self._work.sources[source].lake
        names = ["manifest.json", "deployment.json"]
        if any(job.kept.ledger for job in self._work.jobs):
            # The ledger's tables are joined with the lake's.
            names += [entry.path for entry in lake.manifest.files]
        files = {name: (lake.path / name).read_bytes() for name in names}
        history = zlib.compress((self._work.place / source).read_bytes(), 1)
        try:
            self._client.wait_for_workers(1, timeout=_PATIENCE)
            return self._client.scatter(Parcel(files, history), broadcast=True, hash=False, timeout=_PATIENCE)
        except TimeoutError:
            raise Keep3rReplayError("the scheduler has no workers left; finished what-ifs are kept") from None

    def _begin(self, job: Job) -> None:
        future = self._client.submit(run_remote, job, self._parcels[job.source], own_code(), pure=False)
        self._jobs[future.key] = job
        self._running.add(future)

    def _collect(self, most: int) -> Iterator[Ended]:
        """Take what ends until at most so many histories have jobs under way."""
        while len(self._left) > most:
            future = next(self._running)
            job = self._jobs.pop(future.key)
            ended = self._ended(job, future)
            if ended is None:
                self._suspects.append(job)
            else:
                yield ended
            self._left[job.source] -= 1
            if not self._left[job.source]:
                del self._left[job.source], self._parcels[job.source]
                if all(suspect.source != job.source for suspect in self._suspects):
                    (self._work.place / job.source).unlink()

    def _ended(self, job: Job, future: Any) -> Ended | None:
        """How a job ended, its folder written; None if it was on a worker that died."""
        from distributed import KilledWorker  # noqa: PLC0415 - as above

        if self._client.status != "running":
            raise Keep3rReplayError("the scheduler went away; the same command goes on where it was")
        if future.status == "error":
            error = future.exception()
            if isinstance(error, OtherCodeError):
                raise error
            if isinstance(error, KilledWorker):
                return None
            return Ended(job.name, FAILED, f"{type(error).__name__}: {' '.join(str(error).split())}", {})
        if future.status != "finished":
            # The history was lost with the last worker that had it.
            return None
        ended, files = future.result()
        future.release()
        if ended.status == DONE:
            with replaced_folder(self._work.folder / job.name) as building:
                for name, content in files.items():
                    (building / name).write_bytes(content)
        return Ended(*ended)

    def _run_alone(self, job: Job) -> Ended:
        for _ in range(_ATTEMPTS):
            self._parcels[job.source] = self._send(job.source)
            self._begin(job)
            ended = self._ended(self._jobs.popitem()[1], next(self._running))
            if ended is not None:
                return ended
        return Ended(job.name, FAILED, DIED, {})


def _check_workers(client: Any) -> None:
    """Wait for the first worker, and hold the code of those that are there against ours."""
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError:
        raise Keep3rReplayError("the scheduler has no workers: start some with dask worker") from None
    for found in client.run(own_code, on_error="return").values():
        if isinstance(found, BaseException):
            raise OtherCodeError(f"a worker cannot run what-ifs: {type(found).__name__}: {found}")
        check_code(found, own_code())


@contextmanager
def _client(work: Work, scheduler: str | None) -> Iterator[Any]:
    """A connection to the cluster; it ends, with a cluster of our own, whatever happens."""
    from distributed import Client, LocalCluster  # noqa: PLC0415 - an extra: only who asks for it needs it

    with ExitStack() as stack:
        target: Any = scheduler
        if scheduler is None:
            with without_interrupts():
                target = LocalCluster(
                    n_workers=min(work.workers, len(work.jobs)),
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address=None,
                    local_directory=str(work.place),
                    memory_limit=0,
                    silence_logs=logging.CRITICAL,
                    # One thread each: the processes are many.
                    env={"POLARS_MAX_THREADS": "1"},
                )
            stack.callback(target.close)
        try:
            client = Client(target, timeout=_PATIENCE, set_as_default=False)
        except (OSError, TimeoutError, ValueError):
            # Not the address: it may come from the environment.
            raise Keep3rReplayError("no scheduler answers there: start one with dask scheduler") from None
        stack.callback(client.close)
        yield client


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's own log to itself: what matters comes as an outcome or an error."""
    names = ("distributed", "tornado", "asyncio")
    levels = {name: logging.getLogger(name).level for name in names}
    try:
        for name in names:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
