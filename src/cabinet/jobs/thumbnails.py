"""The thumbnail job: generates requested thumbnails, in any process that runs jobs, not only the leader.

With jobs inside the server, a request wakes the thread of its own process. With jobs apart, each
process that runs jobs polls for requested thumbnails. The leader's scheduled run finds those that a
killed process had claimed.

Rule: a process has at most one such thread; it ends, with its decoder, when it is idle.
"""

from __future__ import annotations

import os
import threading
import time
from datetime import datetime

from flask import Flask

from cabinet.jobs.registry import Job, RunOptions
from cabinet.jobs.runner import start_thread
from cabinet.web.runtime import runtime
from cabinet.web.services import job_runs

EVERY = 60.0

# Seconds until the idle thread and its decoder end; a page requests only a few thumbnails at a time.
IDLE_SECONDS = 10.0
# Seconds between two polls where requests cannot wake the thread; a request waits twice as long.
LOOK_SECONDS = 0.25


def make(options: RunOptions) -> int:
    """Generate all requested thumbnails, and return their number."""
    maker = runtime().thumbnail_maker
    try:
        return maker.make_waiting(options.stop)
    finally:
        maker.close()


def _every() -> float:
    return EVERY


def _has_work() -> bool:
    return runtime().thumbnail_maker.has_work()


JOB = Job(
    name="thumbnails",
    description="generates the thumbnails that were requested",
    run=make,
    every=_every,
    has_work=_has_work,
)


class ThumbnailWorker:
    """The thread of one process that generates thumbnails."""

    def __init__(self, app: Flask, stop: threading.Event) -> None:
        self._app = app
        self._stop = stop
        self._changed = threading.Condition()
        self._is_requested = False
        # The id of the process whose thread runs; threads do not survive a fork.
        self._working_in: int | None = None
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Generate requested thumbnails soon; does not wait."""
        with self._changed:
            self._is_requested = True
            self._changed.notify()
            if self._working_in != os.getpid():
                before = self._thread
                self._thread = start_thread(JOB.name, lambda: self._work(before))
                self._working_in = os.getpid()

    def end(self) -> None:
        """Wake the thread so that it sees the stop event."""
        with self._changed:
            self._changed.notify()

    def join(self, seconds: float) -> bool:
        """Wait up to `seconds` for the thread to end; return whether it has."""
        thread = self._thread
        if thread is None:
            return True
        thread.join(seconds)
        return not thread.is_alive()

    def watch(self) -> None:
        """Poll for requested thumbnails until the process should stop."""
        with self._app.app_context():
            maker = runtime().thumbnail_maker
        while not self._stop.wait(LOOK_SECONDS):
            try:
                if maker.has_work():
                    self.wake()
            except Exception:
                self._app.logger.exception("cannot check for requested thumbnails; will retry")
                self._stop.wait(IDLE_SECONDS)

    def _work(self, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()  # it only has to record its run
        with self._app.app_context():
            maker, started_at = runtime().thumbnail_maker, runtime().clock()
        began = ended = time.monotonic()
        error: Exception | None = None
        count = 0
        while self._wait():
            try:
                count += maker.make_waiting(self._stop)
            except Exception as raised:  # noqa: BLE001 - it is logged, and the next thumbnail may succeed
                error = raised
            ended = time.monotonic()
        maker.close()
        if count or error:
            self._record(started_at, ended - began, error)

    def _wait(self) -> bool:
        """Wait for work; return False when this thread was idle too long and must end."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_requested or self._stop.is_set(), IDLE_SECONDS)
            if self._is_requested and not self._stop.is_set():
                self._is_requested = False
                return True
            self._working_in = None
            return False

    def _record(self, started_at: datetime, took_seconds: float, error: Exception | None) -> None:
        try:
            with self._app.app_context():
                job_runs().record(JOB.name, started_at, took_seconds, error)
        except Exception:
            self._app.logger.exception("cannot record the run of the thumbnail job")
