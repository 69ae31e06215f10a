"""Threads on demand, which end when there is nothing to do for a while.

The pool of the standard library keeps every thread that it ever made, each with a stack and an
arena of its own: what one busy minute took would never come back.

Rule: whoever rested last works first, so that the others can go.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

T = TypeVar("T")

# Seconds without work until a thread ends: long beside a pause between two requests.
REST = 5.0


class _Job:
    def __init__(self, future: Future[Any], work: Callable[[], Any]) -> None:
        self._future = future
        self._work = work

    def run(self) -> None:
        """Do the work, unless its future was cancelled; an error is the future's."""
        if not self._future.set_running_or_notify_cancel():
            return
        try:
            result = self._work()
        except BaseException as error:  # noqa: BLE001 - whoever holds the future decides on it
            self._future.set_exception(error)
        else:
            self._future.set_result(result)


class _Hand:
    """One thread that rests; `job` is what it was woken for."""

    def __init__(self) -> None:
        self.job: _Job | None = None
        self.woken = threading.Lock()  # held while it rests
        self.woken.acquire()


class Crew(Executor):
    """At most `size` threads, none of which outlives the process."""

    def __init__(self, size: int, *, rest: float = REST) -> None:
        self._size = size
        self._rest = rest
        self._lock = threading.Lock()
        self._count = 0
        self._resting: list[_Hand] = []
        self._jobs: deque[_Job] = deque()
        self._is_over = False

    def submit(self, work: Callable[..., T], /, *args: Any, **options: Any) -> Future[T]:
        """Have `work` done by a thread; raises RuntimeError after `shutdown`."""
        future: Future[T] = Future()
        job = _Job(future, lambda: work(*args, **options))
        with self._lock:
            if self._is_over:
                raise RuntimeError("the crew has gone")
            if self._resting:
                hand = self._resting.pop()
                hand.job = job
                hand.woken.release()
            elif self._count < self._size:
                self._count += 1
                self._hire(job)
            else:
                self._jobs.append(job)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work; threads end with what they do. Waits for nobody, as a server that ends must not."""
        with self._lock:
            self._is_over = True
            while self._resting:
                self._resting.pop().woken.release()

    def _hire(self, job: _Job) -> None:
        try:
            threading.Thread(target=self._serve, args=(job,), name="request", daemon=True).start()
        except RuntimeError:  # the system has no more threads; those that there are go on
            self._count -= 1
            if not self._count:
                raise
            self._jobs.append(job)

    def _serve(self, job: _Job | None) -> None:
        hand = _Hand()
        while job is not None:
            job.run()
            job = None  # what it holds is not kept while this thread rests
            with self._lock:
                if self._jobs:
                    job = self._jobs.popleft()
                    continue
                if self._is_over:
                    self._count -= 1
                    return
                self._resting.append(hand)
            job = self._rest_with(hand)

    def _rest_with(self, hand: _Hand) -> _Job | None:
        """Return the next job, None when none has come for a while and this thread has gone."""
        if not hand.woken.acquire(timeout=self._rest):
            with self._lock:
                if hand in self._resting:
                    self._resting.remove(hand)
                    self._count -= 1
                    return None
            # Somebody was quicker by a moment.
            hand.woken.acquire()
        job, hand.job = hand.job, None
        if job is None:
            with self._lock:
                self._count -= 1
        return job
