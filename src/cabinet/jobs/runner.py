"""Runs the jobs of an instance: one of its processes is the leader, and only the leader starts jobs.

The other processes try to acquire the leader's lock, which is released when its process ends in any
way. Once a second the leader checks which jobs were requested and which are due. Each job has its
own thread, so that a hanging or failing job does not delay others; a lock per job prevents
concurrent runs of it even then.

The times of the last runs are rows, so that a restart does not reset the schedule. They are wall
clock times: a run in the future counts as one just as long ago.

Rule: nothing waits for a job, and a failure is only recorded; threads end with the process.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from flask import Flask

from cabinet.jobs.registry import Job, RunOptions, run_job
from cabinet.services.kernel.interruption import Interrupted
from cabinet.services.maintenance.job_runs import JobRun
from cabinet.storage.file_locks import LockTaken
from cabinet.storage.protocols import Locker
from cabinet.web.runtime import runtime
from cabinet.web.services import job_runs

LEADER = "jobs"

# Seconds between two checks of the leader, and between two attempts of the others to become it.
TICK = 1.0
# Seconds until the first scheduled job, so that a short-lived process starts none.
GRACE = 60.0
# Seconds until a failed or interrupted job is scheduled again.
RETRY = 300.0
# Seconds until a retry after an error of the checks, after a failed requested run, and while another
# run is in progress; and between two checks whether a job has work.
PAUSE = 30.0

Start = Callable[[str, Callable[[], None]], threading.Thread | None]


def start_thread(name: str, work: Callable[[], None]) -> threading.Thread:
    """Start a daemon thread."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread


def lock_of(job: Job[Any]) -> str:
    """Return the name of the lock that is held while a job runs."""
    return f"job-{job.name}"


@contextmanager
def try_hold(locker: Locker, name: str) -> Iterator[bool]:
    """Try to hold a lock exclusively, without waiting; yield whether it is held."""
    with ExitStack() as held:
        is_held = True
        try:
            held.enter_context(locker.hold(name, timeout=0))
        except LockTaken:
            is_held = False
        yield is_held


class Runner:
    """Runs the jobs while this process is the leader."""

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
        # No job is checked before the first time, none is run before its second, or scheduled before its third.
        self._paused_until = 0.0
        self._not_before: dict[str, float] = {}
        self._next_look: dict[str, float] = {}

    def lead(self) -> None:
        """Try to become and stay the leader until the process should stop."""
        while not self._stop.is_set():
            try:
                with try_hold(self._locker, LEADER) as is_leader:
                    while is_leader and not self._stop.wait(TICK):
                        self.tick()
            except Exception:
                self._app.logger.exception("cannot run jobs; will retry")
                self._stop.wait(PAUSE)
            self._stop.wait(TICK)

    def tick(self) -> None:
        """Start each job that is due or requested."""
        if time.monotonic() < self._paused_until:
            return
        try:
            with self._app.app_context():
                runs = job_runs().last()
                for job in self._jobs:
                    self._look_at(job, runs.get(job.name, JobRun()))
        except Exception:
            self._app.logger.exception("cannot check jobs; will retry")
            self._paused_until = time.monotonic() + PAUSE

    def join(self, seconds: float) -> bool:
        """Wait up to `seconds` for running jobs to end; return whether they have."""
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
        # Set here too, because the run may fail to be recorded.
        self._next_look[job.name] = now + min(every, RETRY)
        self._begin(job, RunOptions(is_urgent, self._stop))

    def _has_work(self, job: Job[Any]) -> bool:
        try:
            return job.has_work()
        except Exception:
            self._app.logger.exception("cannot check job %s; will retry", job.name)
            return False

    def _begin(self, job: Job[Any], options: RunOptions) -> None:
        with self._lock:
            self._threads[job.name] = None
        try:
            thread = self._start(job.name, lambda: self._run(job, options))
        except RuntimeError:  # the system allows no more threads
            with self._lock:
                del self._threads[job.name]
            raise
        with self._lock:
            if job.name in self._threads:
                self._threads[job.name] = thread

    def _run(self, job: Job[Any], options: RunOptions) -> None:
        began = time.monotonic()
        pause = PAUSE
        try:
            with try_hold(self._locker, lock_of(job)) as is_alone:
                if is_alone:
                    done = run_job(self._app, job, options)
                    self._app.logger.info(
                        "job %s%s: %s", job.name, " (requested)" if options.urgent else "", done
                    )
                    pause = 0
        except Interrupted:
            self._app.logger.info("job %s was interrupted because the process is stopping", job.name)
        except Exception:
            self._app.logger.exception("job %s failed; will retry", job.name)
        finally:
            ended = time.monotonic()
            self._not_before[job.name] = ended + max(pause, job.rest * (ended - began))
            with self._lock:
                del self._threads[job.name]


def _is_due(run: JobRun, every: float) -> bool:
    """Return whether the last run is so long ago that the next one is due."""
    if run.started_at is None:
        return True
    # The absolute value, because the clock may have been set back since.
    passed = abs((runtime().clock() - run.started_at).total_seconds())
    is_done = run.took_seconds is not None and run.error is None
    return passed >= (every if is_done else min(every, RETRY))
