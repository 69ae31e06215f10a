"""The thumbnails that wait, made by any process that may: the leader is nothing special here.

Where the jobs run inside the server, a request wakes the thread of its own process. Where they run
apart, each process that runs them looks for what waits. What a process that died has claimed is
found by a look of the leader.

Rule: a process has one such thread, which ends, with its decoder, when there is nothing to do for long.
"""

from __future__ import annotations

import os
import threading
import time
from datetime import datetime

from flask import Flask

from cabinet.jobs.registry import Call, Job
from cabinet.jobs.runner import start_thread
from cabinet.web.runtime import runtime
from cabinet.web.services import job_runs

EVERY = 60.0

# Seconds that the decoder outlasts the last picture, for a page asks for a few at a time.
IDLE_SECONDS = 10.0
# Seconds between two looks where no request can wake it: a request waits for twice as long.
LOOK_SECONDS = 0.25


def make(call: Call) -> int:
    """Make all that wait, and tell how many that were."""
    maker = runtime().thumbnail_maker
    try:
        return maker.make_waiting(call.stop)
    finally:
        maker.close()


def _every() -> float:
    return EVERY


def _has_work() -> bool:
    return runtime().thumbnail_maker.has_work()


JOB = Job(
    name="thumbnails",
    meaning="makes the small pictures that somebody waits for",
    run=make,
    every=_every,
    has_work=_has_work,
)


class ThumbnailWorker:
    """The thread of one process that makes thumbnails."""

    def __init__(self, app: Flask, stop: threading.Event) -> None:
        self._app = app
        self._stop = stop
        self._changed = threading.Condition()
        self._is_asked = False
        # The process whose thread works, for a thread does not survive a fork.
        self._working_in: int | None = None
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Have made what waits; waits for nothing."""
        with self._changed:
            self._is_asked = True
            self._changed.notify()
            if self._working_in != os.getpid():
                before = self._thread
                self._thread = start_thread(JOB.name, lambda: self._work(before))
                self._working_in = os.getpid()

    def end(self) -> None:
        """Let the thread see that it is to stop."""
        with self._changed:
            self._changed.notify()

    def join(self, seconds: float) -> bool:
        """Wait for the thread to end, no longer than so many seconds; tells whether it has."""
        thread = self._thread
        if thread is None:
            return True
        thread.join(seconds)
        return not thread.is_alive()

    def watch(self) -> None:
        """Have made what waits and what will, until the process is to end."""
        with self._app.app_context():
            maker = runtime().thumbnail_maker
        while not self._stop.wait(LOOK_SECONDS):
            try:
                if maker.has_work():
                    self.wake()
            except Exception:
                self._app.logger.exception("nobody knows which thumbnails wait; it is tried again")
                self._stop.wait(IDLE_SECONDS)

    def _work(self, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()  # it has only to note what it did
        with self._app.app_context():
            maker, started_at = runtime().thumbnail_maker, runtime().clock()
        began = ended = time.monotonic()
        error: Exception | None = None
        count = 0
        while self._wait():
            try:
                count += maker.make_waiting(self._stop)
            except Exception as raised:  # noqa: BLE001 - what failed is logged, and the next may be made
                error = raised
            ended = time.monotonic()
        maker.close()
        if count or error:
            self._note(started_at, ended - began, error)

    def _wait(self) -> bool:
        """Wait until there may be something to do; when there is nothing for long, this thread has gone."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_asked or self._stop.is_set(), IDLE_SECONDS)
            if self._is_asked and not self._stop.is_set():
                self._is_asked = False
                return True
            self._working_in = None
            return False

    def _note(self, started_at: datetime, took_seconds: float, error: Exception | None) -> None:
        try:
            with self._app.app_context():
                job_runs().note(JOB.name, started_at, took_seconds, error)
        except Exception:
            self._app.logger.exception("when thumbnails were made could not be noted")
