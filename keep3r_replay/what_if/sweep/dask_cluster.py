"""The engine of many machines: Dask's scheduler hands out the jobs, and this process alone writes what comes back.

Workers share no file system with us. A history is sent to all of them once, results come back as the bytes of their
files: a worker writes its folder as every other engine does, only somewhere of its own.
"""

from __future__ import annotations

import importlib
import logging
import warnings
import zlib
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import Keep3rReplayError
from keep3r_replay.lake.bucket import in_bucket
from keep3r_replay.lake.folders import replaced_folder
from keep3r_replay.lake.reader import Lake
from keep3r_replay.what_if.sweep.children import prepare_alone, without_interrupts
from keep3r_replay.what_if.sweep.dask_worker import OtherCodeError, SentLake, check_code, own_code, run_remote
from keep3r_replay.what_if.sweep.jobs import DIED, Ended, Job
from keep3r_replay.what_if.sweep.scenarios import DONE, FAILED, lake_name

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from keep3r_replay.what_if.sweep.jobs import Work

_ATTEMPTS = 2
"""Times that a job is begun alone which was on a worker that died."""
_PATIENCE = 20
"""Seconds that the scheduler has for an answer, and a cluster for its first worker."""
_LOGGERS = ("distributed", "tornado", "asyncio")
_AT_A_TIME = 2
"""Histories whose jobs are under way: the next one is loaded while the last one's are run."""


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
        self._sent: dict[str, Any] = {}
        """What the workers hold, by name of the history or the lake."""
        self._suspects: list[Job] = []

    def run(self) -> Iterator[Ended]:
        """Give every job as it ends."""
        for source, jobs in self._work.by_source().items():
            error = prepare_alone(self._work.sources[source], self._work.place / source)
            if error:
                yield from (Ended(job.name, FAILED, error, {}) for job in jobs)
                continue
            self._left[source] = len(jobs)
            for job in jobs:
                self._begin(job)
            yield from self._collect(_AT_A_TIME - 1)
        yield from self._collect(0)
        self._sent.clear()
        for job in self._suspects:
            yield self._run_alone(job)

    def _begin(self, job: Job) -> None:
        history = self._at_workers(job.source, partial(self._packed, job.source))
        lake = self._lake_at_workers(self._work.sources[job.source].lake)
        folders = [job.changes.get(name) for name in job.other_lakes]
        others = [self._lake_at_workers(Lake.open(folder)) if folder else None for folder in folders]
        future = self._client.submit(partial(run_remote, job, own_code()), history, lake, *others, pure=False)
        self._jobs[future.key] = job
        self._running.add(future)

    def _packed(self, source: str) -> bytes:
        return zlib.compress((self._work.place / source).read_bytes(), 1)

    def _lake_at_workers(self, lake: Lake) -> Any:
        # Tables are joined with the lake's, and other lakes read: all of it goes.
        names = ["manifest.json", "deployment.json", *(entry.path for entry in lake.manifest.files)]
        name = f"lake {lake_name(lake)}"
        if in_bucket(lake.path):
            # Workers read it there, with the credentials of their own environment.
            return SentLake(name, str(lake.path), {})
        return self._at_workers(
            name, lambda: SentLake(name, str(lake.path), {each: (lake.path / each).read_bytes() for each in names})
        )

    def _at_workers(self, name: str, content: Callable[[], Any]) -> Any:
        """What all workers hold: given to them if they do not yet."""
        if name not in self._sent:
            try:
                self._client.wait_for_workers(1, timeout=_PATIENCE)
                self._sent[name] = self._client.scatter(content(), broadcast=True, hash=False, timeout=_PATIENCE)
            except OSError:
                raise Keep3rReplayError("scheduler or workers are gone; the same command goes on from there") from None
        return self._sent[name]

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
                del self._left[job.source], self._sent[job.source]
                if all(suspect.source != job.source for suspect in self._suspects):
                    (self._work.place / job.source).unlink()

    def _ended(self, job: Job, future: Any) -> Ended | None:
        """How a job ended, its folder written; None if it was on a worker that died."""
        from distributed import CancelledError, KilledWorker  # noqa: PLC0415 - as above

        try:
            ended, files = future.result()
        except OtherCodeError:
            raise
        except (CancelledError, KilledWorker):
            if self._client.status != "running":
                raise Keep3rReplayError("the scheduler went away; the same command goes on from there") from None
            # The worker died, or it took the history along, or the result before it was here.
            return None
        except Exception as error:  # noqa: BLE001 - one scenario's failure must not stop the others
            return Ended(job.name, FAILED, f"{type(error).__name__}: {' '.join(str(error).split())}", {})
        finally:
            future.release()
        if ended.status == DONE:
            with replaced_folder(self._work.folder / job.name, durable=False) as building:
                for name, content in files.items():
                    (building / name).write_bytes(content)
        return Ended(*ended)

    def _run_alone(self, job: Job) -> Ended:
        for _ in range(_ATTEMPTS):
            self._begin(job)
            ended = self._ended(self._jobs.popitem()[1], next(self._running))
            if ended is not None:
                return ended
            # What was sent may have gone with the workers that had it.
            self._sent.clear()
        return Ended(job.name, FAILED, DIED, {})


def _check_workers(client: Any) -> None:
    """Wait for the first worker, and hold the code of those that are there against ours."""
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError:
        raise Keep3rReplayError("the scheduler has no workers: start some with dask worker") from None
    for found in client.run(own_code, on_error="return").values():
        if isinstance(found, BaseException):
            raise OtherCodeError(f"a worker cannot run what-ifs, install the same everywhere: {found}")
        check_code(found, own_code())


@contextmanager
def _client(work: Work, scheduler: str | None) -> Iterator[Any]:
    """A connection to the cluster; it ends, with a cluster of our own, whatever happens."""
    from distributed import Client, LocalCluster  # noqa: PLC0415 - an extra: only who asks for it needs it
    from distributed.versions import VersionMismatchWarning  # noqa: PLC0415 - as above

    with ExitStack() as stack:
        target: Any = scheduler
        if scheduler is None:
            with without_interrupts():
                target = LocalCluster(
                    n_workers=min(work.workers, len(work.jobs)),
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",
                    local_directory=str(work.place),
                    memory_limit=0,
                    silence_logs=logging.CRITICAL,
                    # One thread each: the processes are many.
                    env={"POLARS_MAX_THREADS": "1"},
                )
            stack.callback(_close, target)
        try:
            with warnings.catch_warnings():
                # What of the versions decides a result is compared by ourselves.
                warnings.simplefilter("ignore", VersionMismatchWarning)
                client = Client(target, timeout=_PATIENCE, set_as_default=False)
        except (OSError, TimeoutError, ValueError):
            # Not the address: it may come from the environment.
            raise Keep3rReplayError("no scheduler answers there: start one with dask scheduler") from None
        stack.callback(client.close)
        yield client


def _close(cluster: Any) -> None:
    """End a cluster of our own."""
    try:
        cluster.close()
    except KeyError:
        # A worker that dies while the cluster closes is removed twice: what is left closes the second time.
        cluster.close()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's own log to itself: what matters comes as an outcome or an error."""
    # An extra, which gives its loggers levels of their own as it is loaded.
    importlib.import_module("distributed")
    names = [name for name in logging.root.manager.loggerDict if name.startswith(_LOGGERS)]
    levels = {name: logging.getLogger(name).level for name in {*names, *_LOGGERS}}
    try:
        for name in levels:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
