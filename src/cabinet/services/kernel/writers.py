"""A first-come, first-served queue of the writers of a SQLite database, over threads and processes.

SQLite has one writer at a time and no queue: a writer that finds the database locked sleeps for up to
100 ms and tries again, and others may overtake it. So writers wait in a queue of their process. The
head of the queue takes a `flock` on a file beside the database, on which the heads of all processes
wait in the kernel; the death of a process releases it.

Mutual exclusion itself is SQLite's lock. Where the file cannot be created or locked (no space, no
descriptor, a filesystem without locks), only the queue of the process and SQLite's `busy_timeout`
remain; `busy_timeout` also applies to programs that do not use the queue.

Waiting uploads do not share a commit. When the head committed for all that waited, 8 connections were 1.0 to 1.3
times as fast and 32 of them 1.0 to 1.5 times, but one request wrote the rows of others, each in a savepoint.

Rule: no wait exceeds its deadline, whatever blocks the head. Like a connection pool, a queue may be
inherited through a fork only while it is empty.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cabinet.errors import Unavailable
from cabinet.storage.file_locks import LockTaken, acquire, release

# The suffix of the lock file's name, like SQLite's `-wal` and `-shm`.
SUFFIX = "-writers"


class _Writer:
    """A thread that waits in the queue or is writing."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        # Held while it waits to become the head, and then for the file.
        self.called = threading.Lock()
        self.called.acquire()
        self.wants_file = False
        # The descriptor of the locked file, once it has the lock.
        self.descriptor: int | None = None


class WriterQueue:
    """The queue of one engine; `database` is the file of its database, None for one in memory."""

    def __init__(self, database: str | None, seconds: float) -> None:
        """Limit each wait to `seconds`."""
        self._database = None if database is None else Path(os.path.realpath(database))
        self._seconds = seconds
        self._lock = threading.Lock()
        self._head: _Writer | None = None
        self._waiting: deque[_Writer] = deque()
        # Whether a thread of this process is waiting for the file; there is at most one.
        self._is_fetching = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Run the body as the only writer, in order of arrival.

        Raises `Unavailable` at the deadline, and RuntimeError in a thread that is writing already.
        """
        deadline = time.monotonic() + self._seconds
        writer = self._enter()
        try:
            _wait(writer, deadline)
            if self._database is not None:
                self._lock_file(writer, self._database, deadline)
            yield
        finally:
            self._leave(writer)

    def _enter(self) -> _Writer:
        writer = _Writer()
        with self._lock:
            if self._head is None:
                self._call(writer)
            elif self._head.thread == writer.thread:
                raise RuntimeError("this thread writes already, in another transaction")
            else:
                self._waiting.append(writer)
        return writer

    def _call(self, writer: _Writer) -> None:
        self._head = writer
        writer.called.release()

    def _leave(self, writer: _Writer) -> None:
        """Remove `writer`, which may have timed out, and make the next one the head."""
        with self._lock:
            if writer.descriptor is not None:
                release(writer.descriptor)
            if self._head is not writer:
                self._waiting.remove(writer)
                return
            self._head = None
            if self._waiting:
                self._call(self._waiting.popleft())

    def _lock_file(self, writer: _Writer, database: Path, deadline: float) -> None:
        """Acquire the file lock for `writer`, the head, if the file can be locked."""
        try:
            with self._lock:
                if not self._is_fetching:
                    self._try_file(writer, database)
                writer.wants_file = self._is_fetching
        except (OSError, RuntimeError):
            return
        if writer.wants_file:
            _wait(writer, deadline)

    def _try_file(self, writer: _Writer, database: Path) -> None:
        """Acquire the lock, or start a thread that waits for it; raises OSError or RuntimeError."""
        descriptor = _open(database)
        try:
            try:
                acquire(descriptor, timeout=0)
                writer.descriptor = descriptor
            except LockTaken:
                # `flock` has no timeout, and polling would lose the place in the kernel's queue.
                threading.Thread(target=self._fetch, args=(descriptor,), name="writers", daemon=True).start()
                self._is_fetching = True
        except BaseException:
            os.close(descriptor)
            raise

    def _fetch(self, descriptor: int) -> None:
        """Wait for the lock, and pass it to the writer that is the head by then."""
        with suppress(OSError):
            acquire(descriptor, timeout=None)
        with self._lock:
            self._is_fetching = False
            if self._head is not None and self._head.wants_file:
                self._head.descriptor = descriptor
                self._head.called.release()
            else:
                release(descriptor)


def _wait(writer: _Writer, deadline: float) -> None:
    if not writer.called.acquire(timeout=max(0.0, deadline - time.monotonic())):
        raise Unavailable


def _open(database: Path) -> int:
    """Open the file to lock; create it with the owner and mode of the database if missing."""
    path = f"{database}{SUFFIX}"
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        status = database.stat()
        descriptor = os.open(path, flags | os.O_CREAT, status.st_mode & 0o666)
        if not os.geteuid():
            # A command of root may create it, and the server must be able to open it.
            os.fchown(descriptor, status.st_uid, status.st_gid)
        return descriptor
