"""Locks by name, across the processes of one machine: `locks/<hash of the name>` below the store's folder.

The file of a name is there while somebody holds it or waits. Whoever lets go removes it, unless
others hold it, too; only what is held alone is ever removed, so whoever locked a file that is still
at its path has the lock. Whoever waits holds a second file, `.wait`, together with others, and the
holder looks now and then whether somebody does.

Rule: the files are empty, and one that a killed process left is removed by whoever comes to it next,
or by the sweep; at no time does it mean anything.
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
from cabinet.storage.file_locks import FLAGS, LockTaken, is_at, open_locked, release, take, wait_for

# Beside the folders of the blobs and of what is staged.
FOLDER = "locks"

# What the name of the file of those who wait ends with.
WAIT = ".wait"

# Seconds between two looks of a holder whether somebody waits.
LOOK_OUT = 0.1

_NAME = re.compile(rf"[0-9a-f]{{64}}({re.escape(WAIT)})?")


def path_of(root: Path, name: str) -> Path:
    """Return where the file of a lock is, when it is there."""
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
        patience: float | None,
        together: bool = False,
        let_go: Callable[[], None] | None = None,
    ) -> Iterator[None]:
        """Hold the file of the lock `name`, as the protocol says; the last who lets go removes it."""
        path = path_of(self._root, name)
        lock, waiting = _LockFile(path), _LockFile(path.with_suffix(WAIT))
        with disk_errors():
            _take(lock, waiting, math.inf if patience is None else patience, together=together)
        try:
            if let_go is None:
                yield
            else:
                with _looking_out(waiting, let_go):
                    yield
        finally:
            lock.release()

    def tidy(self) -> None:
        """Remove the files that can be locked at once, for nobody holds them."""
        # What cannot be opened, or is no file, is none of ours; and a folder that is missing has none.
        with disk_errors(), suppress(FileNotFoundError), os.scandir(self._root / FOLDER) as found:
            for entry in found:
                with suppress(OSError):
                    if _NAME.fullmatch(entry.name):
                        _LockFile(Path(entry.path)).is_taken()


class _LockFile:
    """A file that is there while it is locked; used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def try_take(self, *, together: bool) -> bool:
        """Take the lock unless it is held here already; tells whether it is held here then."""
        if self._descriptor is None:
            with suppress(LockTaken):
                self._descriptor = self._open(FLAGS, together=together)
        return self._descriptor is not None

    def is_taken(self) -> bool:
        """Tell whether anybody has the lock; a file that nobody has is gone then."""
        try:
            self._descriptor = self._open(FLAGS & ~os.O_CREAT)
        except LockTaken:
            return True
        except FileNotFoundError:
            return False
        self.release()
        return False

    def release(self) -> None:
        """Let go of the lock if it is held here, and remove the file if nobody else holds it."""
        if self._descriptor is None:
            return
        with suppress(LockTaken, OSError):
            # What was held together with others is lost here for a moment, in which another may remove it.
            take(self._descriptor, patience=0)
            if is_at(self._descriptor, self._path):
                self._path.unlink()
        release(self._descriptor)
        self._descriptor = None

    def _open(self, flags: int, *, together: bool = False) -> int:
        try:
            return open_locked(self._path, flags, 0o600, together=together)
        except FileNotFoundError:
            if not flags & os.O_CREAT:
                raise
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            return open_locked(self._path, flags, 0o600, together=together)


def _take(lock: _LockFile, waiting: _LockFile, patience: float, *, together: bool) -> None:
    def try_again() -> bool:
        # Again and again, for the holder may be just looking, or be stopped in that.
        waiting.try_take(together=True)
        return lock.try_take(together=together)

    if lock.try_take(together=together):
        return
    # Whoever does not wait asks nobody to let go.
    if patience == 0:
        raise LockTaken
    try:
        wait_for(try_again, patience)
    finally:
        waiting.release()


@contextmanager
def _looking_out(waiting: _LockFile, let_go: Callable[[], None]) -> Iterator[None]:
    """Have `let_go` called, from another thread, once somebody waits."""
    released = threading.Event()

    def look_out() -> None:
        """Look until the lock is released, or somebody waits."""
        while not released.wait(LOOK_OUT):
            # Without a descriptor to spare it looks again.
            with suppress(OSError):
                if waiting.is_taken():
                    let_go()
                    return

    lookout = threading.Thread(target=look_out, daemon=True)
    lookout.start()
    try:
        yield
    finally:
        released.set()
        # Its call must not reach whatever this thread does next.
        lookout.join()
