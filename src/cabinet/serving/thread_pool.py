"""A thread pool that starts threads on demand and ends idle ones.

The standard library's pool keeps every thread that it ever started, each with a stack and a malloc
arena: the memory of one busy minute would never be released.

Rule: the thread that became idle last works first, so that the others can end. Each time that half of the
threads have ended, `on_shrunk` runs in the one that ends.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

T = TypeVar("T")

# Seconds without work until a thread ends: long compared with the pause between two requests.
IDLE_SECONDS = 5.0


class _Task:
    def __init__(self, future: Future[Any], work: Callable[[], Any]) -> None:
        self._future = future
        self._work = work

    def run(self) -> None:
        """Do the work, unless its future was canceled; errors go to the future."""
        if not self._future.set_running_or_notify_cancel():
            return
        try:
            result = self._work()
        except BaseException as error:  # noqa: BLE001 - raised by the future's `result`
            self._future.set_exception(error)
        else:
            self._future.set_result(result)


class _PooledThread:
    """A thread of the pool; `task` is the task that it was woken for."""

    def __init__(self) -> None:
        self.task: _Task | None = None
        self.woken = threading.Lock()  # held while the thread is idle
        self.woken.acquire()


class ThreadPool(Executor):
    """An executor with at most `size` daemon threads; `on_shrunk` must not raise."""

    def __init__(
        self, size: int, *, idle_seconds: float = IDLE_SECONDS, on_shrunk: Callable[[], None] = lambda: None
    ) -> None:
        self._size = size
        self._idle_seconds = idle_seconds
        self._on_shrunk = on_shrunk
        self._lock = threading.Lock()
        self._count = 0
        # The most threads since the pool last shrank by half.
        self._peak = 0
        self._idle: list[_PooledThread] = []
        self._tasks: deque[_Task] = deque()
        self._is_over = False

    def submit(self, work: Callable[..., T], /, *args: Any, **options: Any) -> Future[T]:
        """Run `work` in a thread; raises RuntimeError after `shutdown`."""
        future: Future[T] = Future()
        task = _Task(future, lambda: work(*args, **options))
        with self._lock:
            if self._is_over:
                raise RuntimeError("the pool was shut down")
            if self._idle:
                thread = self._idle.pop()
                thread.task = task
                thread.woken.release()
            elif self._count < self._size:
                self._count += 1
                self._peak = max(self._peak, self._count)
                self._start_thread(task)
            else:
                self._tasks.append(task)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Accept no more work; threads end after their current task. Never waits, so that the server can exit."""
        with self._lock:
            self._is_over = True
            while self._idle:
                self._idle.pop().woken.release()

    def _start_thread(self, task: _Task) -> None:
        try:
            threading.Thread(target=self._serve, args=(task,), name="request", daemon=True).start()
        except RuntimeError:  # the system allows no more threads; the existing ones take the task
            self._count -= 1
            if not self._count:
                raise
            self._tasks.append(task)

    def _serve(self, task: _Task | None) -> None:
        thread = _PooledThread()
        while task is not None:
            task.run()
            task = None  # release its references while this thread is idle
            with self._lock:
                if self._tasks:
                    task = self._tasks.popleft()
                    continue
                if self._is_over:
                    self._count -= 1
                    return
                self._idle.append(thread)
            task = self._wait_for_task(thread)

    def _wait_for_task(self, thread: _PooledThread) -> _Task | None:
        """Return the next task, or None when this thread has been idle too long and must end."""
        if not thread.woken.acquire(timeout=self._idle_seconds):
            if self._end_idle(thread):
                return None
            # `submit` has just taken this thread off the idle list.
            thread.woken.acquire()
        task, thread.task = thread.task, None
        if task is None:
            with self._lock:
                self._count -= 1
        return task

    def _end_idle(self, thread: _PooledThread) -> bool:
        """Take a thread that was idle too long out of the pool; return whether it was still idle."""
        with self._lock:
            if thread not in self._idle:
                return False
            self._idle.remove(thread)
            self._count -= 1
            has_shrunk = 2 * self._count <= self._peak
            if has_shrunk:
                self._peak = self._count
        if has_shrunk:
            self._on_shrunk()
        return True
