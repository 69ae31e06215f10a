"""Who writes next on SQLite: a first-come queue of the threads, and of the processes, of one database.

SQLite has one writer at a time and no queue. Whoever finds the lock taken sleeps for up to 100 ms
and looks again, and is overtaken by everybody who comes at a better moment. So whoever is to write
stands in a queue of its process; its head takes a `flock` on a file beside the database, for which
the heads of all processes wait in the kernel, where a process that is killed loses it.

SQLite's own lock is what keeps two from writing. Where the file cannot be made or locked (no room,
no descriptor, a file system that locks nothing), the queue of the process is all there is, and
SQLite's `busy_timeout` does the rest; so it does for programs that know of no queue.

Rule: nobody waits past a deadline, for whatever reason the one in front does not go on. Like a pool of
connections, a queue goes through a fork only while nobody stands in it.
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

# What the name of the database file is followed by, as in `-wal` and `-shm`.
SUFFIX = "-writers"


class _Writer:
    """A thread that stands in the queue, or writes."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        # Held while it waits: to be the head, and then for the file.
        self.called = threading.Lock()
        self.called.acquire()
        self.wants_file = False
        # What holds the lock of the file, once it has that.
        self.descriptor: int | None = None


class WriterQueue:
    """The queue of one engine; `database` is the file of its database, None for one in memory."""

    def __init__(self, database: str | None, seconds: float) -> None:
        """Let nobody wait for longer than `seconds`."""
        self._database = None if database is None else Path(os.path.realpath(database))
        self._seconds = seconds
        self._lock = threading.Lock()
        self._head: _Writer | None = None
        self._waiting: deque[_Writer] = deque()
        # Whether a thread of ours is waiting for the file; there is one at most.
        self._is_fetching = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Run the body as the only writer, in the order of arrival.

        Raises `Unavailable` at the deadline, and RuntimeError in a thread whose turn it is already.
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
        """Let the next one be the head; whoever leaves may also have given up."""
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
        """Let `writer`, the head, hold the lock of the file, if there is a file that can be locked."""
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
        """Take the lock, or send a thread for it; raises OSError or RuntimeError where neither can be."""
        descriptor = _open(database)
        try:
            try:
                acquire(descriptor, timeout=0)
                writer.descriptor = descriptor
            except LockTaken:
                # To wait with a deadline is to look again and again, and whoever does that has no place in a queue.
                threading.Thread(target=self._fetch, args=(descriptor,), name="writers", daemon=True).start()
                self._is_fetching = True
        except BaseException:
            os.close(descriptor)
            raise

    def _fetch(self, descriptor: int) -> None:
        """Wait for the lock, and give it to whoever is the head by then."""
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
    """Open the file to lock, which belongs to whom the database belongs to."""
    path = f"{database}{SUFFIX}"
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        status = database.stat()
        descriptor = os.open(path, flags | os.O_CREAT, status.st_mode & 0o666)
        if not os.geteuid():
            # An operator's command may be what makes it, and the server has to open it.
            os.fchown(descriptor, status.st_uid, status.st_gid)
        return descriptor
