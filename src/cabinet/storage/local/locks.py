"""Named locks between the processes of one machine: `locks/<hash of the name>` in the store's folder.

The file of a lock exists while the lock is held or waited for. On release it is removed, unless
other holders share the lock. A file is removed only under its exclusive lock, so a process that
has locked a file which is still at its path holds the lock. Waiters hold a shared lock on a second
file, `.wait`, and the holder checks regularly whether there are any.

Rule: the files are empty and their existence has no meaning. A file left by a killed process is
removed by the next user of the lock, or by the sweep.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cabinet.storage.disk import disk_errors
from cabinet.storage.file_locks import FLAGS, LockTaken, acquire, is_at, open_locked, poll, release

# Beside the folders `blobs` and `staging`.
FOLDER = "locks"

# The suffix of the file that waiters lock.
WAIT = ".wait"

# Seconds between two checks of a holder for waiters.
WAITER_CHECK_SECONDS = 0.1

_NAME = re.compile(rf"[0-9a-f]{{64}}({re.escape(WAIT)})?")


def path_of(root: Path, name: str) -> Path:
    """Return the path of the file of a lock."""
    return root / FOLDER / hashlib.sha256(name.encode()).hexdigest()


class LocalLocker:
    """A `Locker` for the processes that see one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def hold(
        self,
        name: str,
        *,
        timeout: float | None,
        shared: bool = False,
        request_release: Callable[[], None] | None = None,
    ) -> Iterator[None]:
        """Hold the lock `name`, as the protocol describes; the last holder removes its file."""
        path = path_of(self._root, name)
        lock, waiting = _LockFile(path), _LockFile(path.with_suffix(WAIT))
        with disk_errors():
            _acquire(lock, waiting, math.inf if timeout is None else timeout, shared=shared)
        try:
            if request_release is None:
                yield
            else:
                with _watching_for_waiters(waiting, request_release):
                    yield
        finally:
            lock.release()

    def remove_stale(self) -> None:
        """Remove the files that can be locked at once, because they have no holder."""
        # Entries that cannot be opened are not ours; a missing folder has no files.
        with disk_errors(), suppress(FileNotFoundError), os.scandir(self._root / FOLDER) as found:
            for entry in found:
                with suppress(OSError):
                    if _NAME.fullmatch(entry.name):
                        _LockFile(Path(entry.path)).is_taken()


class _LockFile:
    """A file that exists while it is locked; not thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def try_acquire(self, *, shared: bool) -> bool:
        """Acquire the lock without waiting, unless this object holds it; return whether it does now."""
        if self._descriptor is None:
            with suppress(LockTaken):
                self._descriptor = self._open(FLAGS, shared=shared)
        return self._descriptor is not None

    def is_taken(self) -> bool:
        """Return whether the lock has a holder; a file without one is removed."""
        try:
            self._descriptor = self._open(FLAGS & ~os.O_CREAT)
        except LockTaken:
            return True
        except FileNotFoundError:
            return False
        self.release()
        return False

    def release(self) -> None:
        """Release the lock if this object holds it, and remove the file unless others share the lock."""
        if self._descriptor is None:
            return
        with suppress(LockTaken, OSError):
            # Converting a shared lock gives it up for a moment, in which another process may remove the file.
            acquire(self._descriptor, timeout=0)
            if is_at(self._descriptor, self._path):
                self._path.unlink()
        release(self._descriptor)
        self._descriptor = None

    def _open(self, flags: int, *, shared: bool = False) -> int:
        try:
            return open_locked(self._path, flags, 0o600, shared=shared)
        except FileNotFoundError:
            if not flags & os.O_CREAT:
                raise
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            return open_locked(self._path, flags, 0o600, shared=shared)


def _acquire(lock: _LockFile, waiting: _LockFile, timeout: float, *, shared: bool) -> None:
    def attempt() -> bool:
        # On each attempt: the holder may hold the `.wait` file for a moment, while it checks for waiters.
        waiting.try_acquire(shared=True)
        return lock.try_acquire(shared=shared)

    if lock.try_acquire(shared=shared):
        return
    # Without waiting, the holder is not asked to release the lock.
    if timeout == 0:
        raise LockTaken
    try:
        poll(attempt, timeout)
    finally:
        waiting.release()


@contextmanager
def _watching_for_waiters(waiting: _LockFile, request_release: Callable[[], None]) -> Iterator[None]:
    """Call `request_release`, from another thread, once there is a waiter."""
    released = threading.Event()

    def watch() -> None:
        """Check for waiters until there is one, or the lock is released."""
        while not released.wait(WAITER_CHECK_SECONDS):
            # Out of descriptors: check again later.
            with suppress(OSError):
                if waiting.is_taken():
                    request_release()
                    return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        released.set()
        # A late call of `request_release` must not hit what this thread does next.
        watcher.join()
