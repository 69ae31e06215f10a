"""Background jobs: one module per job, and the threads that run them.

Inside the server, jobs start with it: under gunicorn when a worker starts, under any other server
at the first request. Tests and commands start none by themselves.

Rule: work outside of requests is a job and is listed in `JOBS`.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from functools import cached_property
from typing import Any, cast

from flask import Flask

from cabinet.jobs import activity, locks, recovery, removal, sweep, thumbnails, triggers
from cabinet.jobs.registry import Job
from cabinet.jobs.runner import Runner, start_thread
from cabinet.jobs.thumbnails import ThumbnailWorker
from cabinet.serving.background import EXTENSION
from cabinet.storage.protocols import Locker
from cabinet.web.runtime import EXTENSION as RUNTIME

JOBS: tuple[Job[Any], ...] = (sweep.JOB, removal.JOB, recovery.JOB, thumbnails.JOB, activity.JOB, locks.JOB)

# Seconds that an exiting process waits for its jobs to reach a point where they can stop.
STOP_SECONDS = 5.0


def init_app(app: Flask) -> None:
    """Bind the jobs to `app`; they start when it serves."""
    threads = JobThreads(app)
    app.extensions[EXTENSION] = threads
    triggers.init_app(app, threads.start_with_server)
    if threads.is_inside:
        app.extensions[RUNTIME].wake_thumbnails = threads.worker.wake


def job_threads_of(app: Flask) -> JobThreads:
    """Return the job threads of `app`."""
    return cast(JobThreads, app.extensions[EXTENSION])


class JobThreads:
    """The background threads of one process; implements `Background`."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._started_in: int | None = None
        self._leading: threading.Thread | None = None
        self._begins_with_server = app.config["JOBS"] == "inside" and not app.testing
        self.is_inside = app.config["JOBS"] == "inside"
        self.worker = ThumbnailWorker(app, self._stop)

    @property
    def locker(self) -> Locker:
        """The locker that allows only one process to be the leader."""
        return cast(Locker, self.app.extensions[RUNTIME].locker)

    @cached_property
    def runner(self) -> Runner:
        """The runner of this process's jobs."""
        return Runner(self.app, JOBS, self.locker, self._stop)

    def start_with_server(self) -> None:
        """Start the threads once the process serves, unless they run or the settings say `apart`."""
        if self._begins_with_server:
            self.start()

    def start(self) -> None:
        """Start the thread that tries to become the leader, once per process."""
        # Checked without the lock, because every request calls this; threads do not survive a fork.
        if self._started_in == os.getpid():
            return
        with self._lock:
            if self._started_in == os.getpid():
                return
            self._started_in = os.getpid()
        self._leading = start_thread("jobs", self.runner.lead)
        atexit.register(self._end)

    def start_apart(self) -> None:
        """Start in a process without requests, where waiting thumbnails must be polled for."""
        self.start()
        start_thread("look", self.worker.watch)

    def stop(self) -> None:
        """Ask all threads to stop soon; does not wait."""
        self._stop.set()
        self.worker.end()

    def join(self, seconds: float) -> bool:
        """Wait up to `seconds` for the jobs to end; return whether they have."""
        deadline = time.monotonic() + seconds
        if self._leading is not None:
            # Once it has ended, no more jobs are started and the leader's lock is released.
            self._leading.join(seconds)
        have_jobs_ended = self.runner.join(max(0, deadline - time.monotonic()))
        return self.worker.join(max(0, deadline - time.monotonic())) and have_jobs_ended

    def _end(self) -> None:
        self.stop()
        self.join(STOP_SECONDS)
