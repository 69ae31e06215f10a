"""Exclusive and shared file locks between threads and processes.

The kernel keeps a lock with the open file description (`flock`, which every current POSIX system
has): closing the file, or the death of the process, releases it.

`timeout` is in seconds: 0 does not wait, None waits without limit.

Rule: files are only locked here, never read or written.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC

# Seconds between two attempts while waiting with a timeout, because `flock` has none.
POLL_SECONDS = 0.02


class LockTaken(Exception):
    """The lock is held elsewhere; callers translate this into an error of their own."""


def poll(attempt: Callable[[], bool], timeout: float) -> None:
    """Call `attempt` until it returns True; raises `LockTaken` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not attempt():
        if time.monotonic() >= deadline:
            raise LockTaken
        time.sleep(POLL_SECONDS)


def acquire(descriptor: int, *, timeout: float | None, shared: bool = False) -> None:
    """Lock an open file, exclusively or `shared`; raises `LockTaken`."""
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    if timeout is None:
        fcntl.flock(descriptor, kind)
    else:
        poll(lambda: _try_lock(descriptor, kind), timeout)


def release(descriptor: int) -> None:
    """Unlock a file and close it; errors of unlocking are ignored."""
    # A child process that is being started may briefly have a copy of the descriptor, which keeps the lock.
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


@contextmanager
def locked(path: Path, *, timeout: float | None, shared: bool = False, flags: int = FLAGS) -> Iterator[int]:
    """Hold the lock of the file at `path`, which is not removed, and yield its descriptor.

    Creates the file with mode 0600 if missing, unless `flags` say otherwise. Raises `LockTaken`, or
    OSError when the file cannot be opened.
    """
    descriptor = os.open(path, flags, 0o600)
    try:
        acquire(descriptor, timeout=timeout, shared=shared)
        yield descriptor
    finally:
        release(descriptor)


def open_locked(
    path: Path,
    flags: int,
    mode: int,
    look: Callable[[os.stat_result], None] | None = None,
    *,
    shared: bool = False,
) -> int:
    """Open and lock a file that the holder of the exclusive lock may remove or rename; the caller closes it.

    `look` is called with the status of the locked file, and may raise, or remove the file; the
    returned descriptor is of the file that is at `path` in the end. Does not wait: raises
    `LockTaken`, OSError, and what `look` raises.
    """
    while True:
        descriptor = os.open(path, flags, mode)
        try:
            acquire(descriptor, timeout=0, shared=shared)
            if look is not None:
                look(os.fstat(descriptor))
            # The previous holder may have removed or renamed the file meanwhile.
            if is_at(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def is_at(descriptor: int, path: Path) -> bool:
    """Return whether an open file is the one at `path`."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
