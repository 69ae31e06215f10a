"""A pool of worker threads for the jobs of one command.

Rule: jobs are planned on the main thread, which also prompts and receives Ctrl-C; the first error that a
job raises cancels all others.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable

from cabinet.client.wire.cancellation import Cancellation

Job = Callable[[], None]

DEFAULT_JOBS = 4
MAX_JOBS = 32

# Seconds to wait for threads after cancellation; threads that still run then end with the process.
_GRACE = 2.0


class WorkerPool:
    """Runs the jobs of one command, at most `size` at a time."""

    def __init__(self, size: int, cancellation: Cancellation) -> None:
        self._size = size
        self._cancellation = cancellation
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._threads: list[threading.Thread] = []
        self._busy = 0
        self._is_closed = False
        self._error: BaseException | None = None

    def run(self, jobs: Iterable[Job]) -> None:
        """Run all `jobs`; takes the next one from the iterable when a worker is free.

        Raises the first error of a job or of the iterable, or KeyboardInterrupt, after all threads have
        ended.
        """
        try:
            for job in jobs:
                self._submit(job)
            self._wait_until_done()
        except BaseException:
            self._cancellation.cancel()
            raise
        finally:
            self._shut_down()

    def _submit(self, job: Job) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._error or len(self._waiting) < self._size)
            self._raise_error()
            self._waiting.append(job)
            self._changed.notify_all()
        if len(self._threads) < self._size:
            # A daemon thread: a blocking call must not keep the process alive.
            thread = threading.Thread(target=self._work, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _wait_until_done(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._error or not (self._waiting or self._busy))
            self._raise_error()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _shut_down(self) -> None:
        with self._changed:
            self._is_closed = True
            self._waiting.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(_GRACE)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                job()
            except BaseException as error:  # noqa: BLE001 - re-raised on the main thread
                self._record_error(error)
            finally:
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()

    def _next(self) -> Job | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            if self._is_closed:
                return None
            self._busy += 1
            job = self._waiting.popleft()
            self._changed.notify_all()
            return job

    def _record_error(self, error: BaseException) -> None:
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()
