"""The engine of one machine: processes of our own, each with one history in memory."""

from __future__ import annotations

import os
from collections import Counter, deque
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any
from unittest import mock

from keep3r_replay.what_if.sweep.children import ATTEMPTS, GLANCE, Child
from keep3r_replay.what_if.sweep.jobs import DIED, Ended, Job, prepare, run_job
from keep3r_replay.what_if.sweep.scenarios import FAILED

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from keep3r_replay.what_if.sweep.jobs import Work


def run_in_processes(work: Work) -> Generator[Ended, None, None]:
    """Run all jobs, `workers` at a time, and give each as it ends.

    A history is loaded in a process of its own, so that what loading takes goes with it, and while others compute.
    """
    desk = _Desk(work)
    # One thread each: the processes are many.
    with mock.patch.dict(os.environ, {"POLARS_MAX_THREADS": "1"}):
        try:
            while desk.fill():
                yield from desk.answers()
        finally:
            desk.close()


class _Desk:
    """Who does what: jobs wait for their history, histories for a process that loads them."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._waiting = {name: deque(jobs) for name, jobs in work.by_source().items()}
        self._left = {name: len(jobs) for name, jobs in self._waiting.items()}
        self._unloaded = deque(self._waiting)
        self._ready: list[str] = []
        self._idle: list[Child] = []
        self._busy: dict[Any, tuple[Child, Job | str]] = {}
        """Who computes what, by connection."""
        self._deaths: Counter[str] = Counter()

    def fill(self) -> bool:
        """Give every worker something to do; False if there is nothing left."""
        while len(self._busy) < self._work.workers:
            source = next((name for name in self._ready if self._waiting[name]), None)
            if source is not None:
                self._begin(self._waiting[source].popleft())
            elif self._unloaded:
                self._load(self._unloaded.popleft())
            else:
                break
        return bool(self._busy)

    def answers(self) -> Iterator[Ended]:
        """Wait, and give the jobs that have ended."""
        for connection in wait(list(self._busy), GLANCE):
            child, task = self._busy.pop(connection)
            try:
                answer = child.answer()
            except EOFError:
                child.close()
                yield from self._died(task)
                continue
            if isinstance(task, Job):
                self._idle.append(child)
                yield self._ended(task, answer)
            else:
                child.close()
                yield from self._is_loaded(task, answer)

    def close(self) -> None:
        """End all processes."""
        for child in [*self._idle, *(child for child, _ in self._busy.values())]:
            child.close()

    def _history(self, source: str) -> Path:
        return self._work.place / source

    def _load(self, source: str) -> None:
        child = Child()
        child.call(prepare, self._work.sources[source], self._history(source))
        self._busy[child.connection] = child, source

    def _begin(self, job: Job) -> None:
        child = next((child for child in self._idle if child.source == job.source), None)
        if child is None:
            child = self._idle[0] if self._idle else Child()
        if child in self._idle:
            self._idle.remove(child)
        child.call(run_job, job, self._history(job.source), self._work.folder)
        child.source = job.source
        self._busy[child.connection] = child, job

    def _is_loaded(self, source: str, error: str) -> Iterator[Ended]:
        if not error:
            self._ready.append(source)
            return
        for job in self._waiting.pop(source):
            yield Ended(job.name, FAILED, error, {})

    def _ended(self, job: Job, ended: Ended) -> Ended:
        self._left[job.source] -= 1
        if not self._left[job.source]:
            self._ready.remove(job.source)
            self._history(job.source).unlink()
        return ended

    def _died(self, task: Job | str) -> Iterator[Ended]:
        name = task.name if isinstance(task, Job) else task
        self._deaths[name] += 1
        again = self._deaths[name] < ATTEMPTS
        if isinstance(task, Job):
            if again:
                self._waiting[task.source].append(task)
            else:
                yield self._ended(task, Ended(task.name, FAILED, DIED, {}))
        elif again:
            self._unloaded.append(task)
        else:
            yield from self._is_loaded(task, "the process that loaded its history died")
