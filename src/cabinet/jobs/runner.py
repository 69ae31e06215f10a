"""Runs the jobs of an instance: of all its processes one is the leader, and only that one begins any.

The others try for the lock of the leader and have it when that process ends, however it ends. The
leader looks once a second who has asked for a job, and whose time it is. Each job has a thread of
its own, so that one that hangs or fails keeps no other from its time; a lock a job keeps two runs
of it from each other even then.

The times of the last runs are rows, so that a restart begins none anew. They are the clock's: a run
of the future is as old as one of the past.

Rule: nobody waits for a job, and its failure is only noted; the threads end with the process.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from flask import Flask

from cabinet.jobs.registry import Call, Job, perform
from cabinet.services.kernel.interruption import Interrupted
from cabinet.services.maintenance.job_runs import JobRun
from cabinet.storage.file_locks import LockTaken
from cabinet.storage.protocols import Locker
from cabinet.web.runtime import runtime
from cabinet.web.services import job_runs

LEADER = "jobs"

# Seconds between two looks of the leader, and of the others whether there still is one.
TICK = 1.0
# Seconds until the first job that nobody asked for: a process that lives for a moment begins none.
GRACE = 60.0
# Seconds until a job that failed, or was broken off, is tried again by itself.
RETRY = 300.0
# Seconds until another try where the jobs could not even be looked at, where one failed that somebody
# asked for, and where another run of it is under way; and between two looks whether there is work.
PAUSE = 30.0

Start = Callable[[str, Callable[[], None]], threading.Thread | None]


def start_thread(name: str, work: Callable[[], None]) -> threading.Thread:
    """Start a thread that no process waits for."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread


def lock_of(job: Job[Any]) -> str:
    """Return the name of the lock of whoever runs a job."""
    return f"job-{job.name}"


@contextmanager
def try_hold(locker: Locker, name: str) -> Iterator[bool]:
    """Hold a lock alone, unless somebody has it; gives whether it is held, and waits for nobody."""
    with ExitStack() as held:
        is_held = True
        try:
            held.enter_context(locker.hold(name, timeout=0))
        except LockTaken:
            is_held = False
        yield is_held


class Runner:
    """The jobs of one process, which may be the leader."""

    def __init__(
        self,
        app: Flask,
        jobs: Sequence[Job[Any]],
        locker: Locker,
        stop: threading.Event,
        start: Start = start_thread,
    ) -> None:
        self._app = app
        self._jobs = jobs
        self._locker = locker
        self._stop = stop
        self._start = start
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._threads: dict[str, threading.Thread | None] = {}
        # Until when no job is looked at, and until when one is not run; and from when on one comes by itself.
        self._paused_until = 0.0
        self._not_before: dict[str, float] = {}
        self._next_look: dict[str, float] = {}

    def lead(self) -> None:
        """Be the leader whenever nobody else is, until the process is to end."""
        while not self._stop.is_set():
            try:
                with try_hold(self._locker, LEADER) as is_leader:
                    while is_leader and not self._stop.wait(TICK):
                        self.tick()
            except Exception:
                self._app.logger.exception("no job can be run; it is tried again")
                self._stop.wait(PAUSE)
            self._stop.wait(TICK)

    def tick(self) -> None:
        """Begin each job for which it is time."""
        if time.monotonic() < self._paused_until:
            return
        try:
            with self._app.app_context():
                runs = job_runs().last()
                for job in self._jobs:
                    self._look_at(job, runs.get(job.name, JobRun()))
        except Exception:
            self._app.logger.exception("no job can be looked at; it is tried again")
            self._paused_until = time.monotonic() + PAUSE

    def join(self, seconds: float) -> bool:
        """Wait for what runs to end, no longer than so many seconds; tells whether it has."""
        deadline = time.monotonic() + seconds
        with self._lock:
            threads = [thread for thread in self._threads.values() if thread is not None]
        for thread in threads:
            thread.join(max(0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _look_at(self, job: Job[Any], run: JobRun) -> None:
        with self._lock:
            if job.name in self._threads:
                return
        now, every = time.monotonic(), job.every()
        if not every or now < self._not_before.get(job.name, 0):
            return
        is_urgent = run.wanted_at is not None
        if not is_urgent:
            if now < self._next_look.get(job.name, self._began + min(every, GRACE)):
                return
            if not _is_due(run, every):
                return
            self._next_look[job.name] = now + min(every, PAUSE)
            if not self._has_work(job):
                return
        # Also where the run cannot be noted.
        self._next_look[job.name] = now + min(every, RETRY)
        self._begin(job, Call(is_urgent, self._stop))

    def _has_work(self, job: Job[Any]) -> bool:
        try:
            return job.has_work()
        except Exception:
            self._app.logger.exception("job %s could not be looked at; it is tried again", job.name)
            return False

    def _begin(self, job: Job[Any], call: Call) -> None:
        with self._lock:
            self._threads[job.name] = None
        try:
            thread = self._start(job.name, lambda: self._run(job, call))
        except RuntimeError:  # the system has no more threads
            with self._lock:
                del self._threads[job.name]
            raise
        with self._lock:
            if job.name in self._threads:
                self._threads[job.name] = thread

    def _run(self, job: Job[Any], call: Call) -> None:
        began = time.monotonic()
        pause = PAUSE
        try:
            with try_hold(self._locker, lock_of(job)) as is_alone:
                if is_alone:
                    done = perform(self._app, job, call)
                    self._app.logger.info(
                        "job %s%s: %s", job.name, " (asked for)" if call.urgent else "", done
                    )
                    pause = 0
        except Interrupted:
            self._app.logger.info("job %s was broken off, for the process ends", job.name)
        except Exception:
            self._app.logger.exception("job %s failed; it is tried again", job.name)
        finally:
            ended = time.monotonic()
            self._not_before[job.name] = ended + max(pause, job.rest * (ended - began))
            with self._lock:
                del self._threads[job.name]


def _is_due(run: JobRun, every: float) -> bool:
    """Tell whether the last run was so long ago that another one is to come."""
    if run.started_at is None:
        return True
    # Until the clock is as far as the run says, or says the contrary: it may have been set back.
    passed = abs((runtime().clock() - run.started_at).total_seconds())
    is_done = run.took_seconds is not None and run.error is None
    return passed >= (every if is_done else min(every, RETRY))
