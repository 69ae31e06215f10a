"""Locks of files, for threads and processes alike: alone or together with others, at once or with patience.

The kernel keeps them with the open file: whoever closes it, or is killed, holds it no more. They are
of a whole file (`flock`), or of one byte of it, which need not be there (`F_OFD_SETLK`): so one file
has room for any number of locks, and none of them leaves anything behind.

A lock is taken with `patience`: so many seconds, 0 for not waiting at all, None for as long as it takes.

Rule: a file is only locked here, never read or written.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC

# `struct flock` of Linux: kind, whence, start, length, and a process id that is none here.
_FLOCK = "@hhqqi0q"

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
    _close(descriptor, lambda: fcntl.flock(descriptor, fcntl.LOCK_UN))


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


def open_alone(path: Path, flags: int, mode: int, look: Callable[[os.stat_result], None]) -> int:
    """Open and lock a file that whoever holds it may remove or rename; the caller closes it.

    `look` sees what was locked, and may raise, or remove it; in the end what is at `path` is locked.
    Raises `LockTaken` at once, OSError, and what `look` raises.
    """
    while True:
        descriptor = os.open(path, flags, mode)
        try:
            take(descriptor, patience=0)
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


def take_byte(descriptor: int, place: int, *, patience: float | None, together: bool = False) -> None:
    """Lock one byte of a file that is open for reading and writing, as `take` does the whole."""
    wanted = _byte(fcntl.F_RDLCK if together else fcntl.F_WRLCK, place)
    if patience is None:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLKW, wanted)
    else:
        wait_for(lambda: _try_byte(descriptor, wanted), patience)


def is_byte_taken(descriptor: int, place: int) -> bool:
    """Tell whether another open file has that byte locked, alone or together."""
    told = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _byte(fcntl.F_WRLCK, place))
    return bool(struct.unpack(_FLOCK, told)[0] != fcntl.F_UNLCK)


def release_bytes(descriptor: int) -> None:
    """Unlock all bytes of a file that were locked by its descriptor, and close it; raises nothing of the locks."""
    _close(descriptor, lambda: fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _byte(fcntl.F_UNLCK, 0, 0)))


def _close(descriptor: int, unlock: Callable[[], object]) -> None:
    # A program that is being started may have a copy of the descriptor for a moment, which keeps the lock.
    with suppress(OSError):
        unlock()
    os.close(descriptor)


def _byte(kind: int, place: int, length: int = 1) -> bytes:
    return struct.pack(_FLOCK, kind, os.SEEK_SET, place, length, 0)


def _try_byte(descriptor: int, wanted: bytes) -> bool:
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, wanted)
    except BlockingIOError:
        return False
    return True


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
