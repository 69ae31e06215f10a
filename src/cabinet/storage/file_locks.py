"""Locks of files, for threads and processes alike: alone or together with others, at once or with patience.

The kernel keeps them with the open file (`flock`, which every POSIX system of today has): whoever
closes it, or is killed, holds it no more.

A lock is taken with `patience`: so many seconds, 0 for not waiting at all, None for as long as it takes.

Rule: a file is only locked here, never read or written.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC

# Seconds between two looks of whoever waits up to a deadline, for the kernel knows none.
LOOK_AGAIN = 0.02


class LockTaken(Exception):
    """Somebody else has the lock; whoever asked for it turns this into an error of its own."""


def wait_for(try_it: Callable[[], bool], patience: float) -> None:
    """Call `try_it` until it is true; raises `LockTaken` once `patience` seconds are over."""
    deadline = time.monotonic() + patience
    while not try_it():
        if time.monotonic() >= deadline:
            raise LockTaken
        time.sleep(LOOK_AGAIN)


def take(descriptor: int, *, patience: float | None, together: bool = False) -> None:
    """Lock an open file, alone or `together` with others who do; raises `LockTaken`."""
    kind = fcntl.LOCK_SH if together else fcntl.LOCK_EX
    if patience is None:
        fcntl.flock(descriptor, kind)
    else:
        wait_for(lambda: _try(descriptor, kind), patience)


def release(descriptor: int) -> None:
    """Unlock a file and close it; raises nothing of the lock."""
    # A program that is being started may have a copy of the descriptor for a moment, which keeps the lock.
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


@contextmanager
def locked(
    path: Path, *, patience: float | None, together: bool = False, flags: int = FLAGS
) -> Iterator[int]:
    """Hold the lock of the file at `path`, which stays there, and give its descriptor.

    Made where missing, for its owner alone, unless `flags` say otherwise. Raises `LockTaken`, or
    OSError where it cannot be opened.
    """
    descriptor = os.open(path, flags, 0o600)
    try:
        take(descriptor, patience=patience, together=together)
        yield descriptor
    finally:
        release(descriptor)


def open_locked(
    path: Path,
    flags: int,
    mode: int,
    look: Callable[[os.stat_result], None] | None = None,
    *,
    together: bool = False,
) -> int:
    """Open and lock a file that whoever holds it alone may remove or rename; the caller closes it.

    `look` sees what was locked, and may raise, or remove it; in the end what is at `path` is locked.
    Raises `LockTaken` at once, OSError, and what `look` raises.
    """
    while True:
        descriptor = os.open(path, flags, mode)
        try:
            take(descriptor, patience=0, together=together)
            if look is not None:
                look(os.fstat(descriptor))
            # Whoever held it before may have removed it, or given it another name, by now.
            if is_at(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def is_at(descriptor: int, path: Path) -> bool:
    """Tell whether an open file is the one at `path`."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
