"""Who may do what at a time, across processes; the kernel takes a lock back when its process dies.

One writer a staged upload, who lets go when another one comes, by two flocks. Whoever holds the one
on the digests may write. Whoever waits for it holds a shared one on the content; the holder tries
now and then whether somebody does.

And any number of those who need that all blobs stay, or one who removes some, by a third.

Rule: the files are only locked here, never read or written.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cabinet.errors import UploadGone, UploadLocked
from cabinet.storage.disk import disk_errors
from cabinet.storage.local.staging import digests_of

# Seconds between two looks: of who waits, whether the lock is free; of the holder, whether somebody waits.
TRY_AGAIN = 0.02
LOOK_OUT = 0.1


@contextmanager
def hold_staged(path: Path, patience: float, let_go: Callable[[], None] | None) -> Iterator[None]:
    """Hold the lock of the staged upload `path`; see `BlobStore.lock`."""
    with _opened(digests_of(path)) as lock:
        if not _try(lock, fcntl.LOCK_EX):
            with _opened(path) as content:
                _wait(lock, content, patience)
        if let_go is None:
            yield
            return
        released = threading.Event()
        lookout = threading.Thread(target=_look_out, args=(path, released, let_go), daemon=True)
        lookout.start()
        try:
            yield
        finally:
            released.set()
            # Its call must not reach whatever this thread does next.
            lookout.join()


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise UploadGone from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(lock: int, content: int, patience: float) -> None:
    deadline = time.monotonic() + patience
    is_seen = False
    while not _try(lock, fcntl.LOCK_EX):
        # Not at once while the holder is just looking, and never while it is stopped in that.
        is_seen = is_seen or _try(content, fcntl.LOCK_SH)
        if time.monotonic() >= deadline:
            raise UploadLocked
        time.sleep(TRY_AGAIN)


def _look_out(path: Path, released: threading.Event, let_go: Callable[[], None]) -> None:
    """Call `let_go` once somebody waits for the lock, unless it is released before."""
    try:
        with _opened(path) as content:
            while not released.wait(LOOK_OUT):
                if not _try(content, fcntl.LOCK_EX):
                    let_go()
                    return
                fcntl.flock(content, fcntl.LOCK_UN)
    except UploadGone:
        return


@contextmanager
def hold_together(path: Path) -> Iterator[None]:
    """Hold the lock file `path` together with others, once nobody has it alone."""
    with _made(path) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield


@contextmanager
def try_alone(path: Path) -> Iterator[bool]:
    """Hold the lock file `path` alone, unless others have it; gives whether it is held."""
    with _made(path) as descriptor:
        yield _try(descriptor, fcntl.LOCK_EX)


@contextmanager
def _made(path: Path) -> Iterator[int]:
    with disk_errors():
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
