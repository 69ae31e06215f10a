"""Everything that runs beside the requests: one module a job, and what runs them.

Inside the server the jobs begin with it, whichever server that is: gunicorn says so, of any other
the first request tells. Tests and commands begin none by themselves.

Rule: whoever wants something done beside requests writes a job and names it in `JOBS`.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from functools import cached_property
from typing import Any, cast

from flask import Flask

from cabinet.jobs import recovery, removal, requests, sweep, thumbnails
from cabinet.jobs.registry import Job
from cabinet.jobs.runner import Runner, start_thread
from cabinet.jobs.thumbnails import ThumbnailWorker
from cabinet.serving.background import EXTENSION
from cabinet.storage.protocols import Locker
from cabinet.web.runtime import EXTENSION as RUNTIME

JOBS: tuple[Job[Any], ...] = (sweep.JOB, removal.JOB, recovery.JOB, thumbnails.JOB)

# Seconds that the end of a process waits for a job to come to a place where it can be broken off.
END_SECONDS = 5.0


def init_app(app: Flask) -> None:
    """Bind the jobs to `app`; they begin when it serves."""
    beside = Beside(app)
    app.extensions[EXTENSION] = beside
    requests.init_app(app, beside.start_with_server)
    if beside.is_inside:
        app.extensions[RUNTIME].wake_thumbnails = beside.worker.wake


def beside_of(app: Flask) -> Beside:
    """Return what runs beside the requests of `app`."""
    return cast(Beside, app.extensions[EXTENSION])


class Beside:
    """The threads of one process beside those of its requests; a `Background`."""

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
        """What keeps all but one process from leading."""
        return cast(Locker, self.app.extensions[RUNTIME].locker)

    @cached_property
    def runner(self) -> Runner:
        """The jobs of this process."""
        return Runner(self.app, JOBS, self.locker, self._stop)

    def start_with_server(self) -> None:
        """Start, unless it runs already or the settings have it run apart; once a process serves."""
        if self._begins_with_server:
            self.start()

    def start(self) -> None:
        """Be ready to lead in this process."""
        # Looked at with every request; a thread does not survive a fork.
        if self._started_in == os.getpid():
            return
        with self._lock:
            if self._started_in == os.getpid():
                return
            self._started_in = os.getpid()
        self._leading = start_thread("jobs", self.runner.lead)
        atexit.register(self._end)

    def start_apart(self) -> None:
        """Be ready to lead in this process, and look for thumbnails, of which no request tells it."""
        self.start()
        start_thread("look", self.worker.watch)

    def stop(self) -> None:
        """Have all of it end soon; waits for nothing."""
        self._stop.set()
        self.worker.end()

    def join(self, seconds: float) -> bool:
        """Wait for the jobs to end, no longer than so many seconds; tells whether they have."""
        deadline = time.monotonic() + seconds
        if self._leading is not None:
            # It begins none any more, and lets go of the lock of the leader.
            self._leading.join(seconds)
        have_jobs_ended = self.runner.join(max(0, deadline - time.monotonic()))
        return self.worker.join(max(0, deadline - time.monotonic())) and have_jobs_ended

    def _end(self) -> None:
        self.stop()
        self.join(END_SECONDS)
