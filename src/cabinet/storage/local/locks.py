"""Locks by name, across the processes of one machine: the bytes of one file, which stays empty.

A name has two bytes, found by its hash. Whoever holds the first has the lock. Whoever waits for it
holds the second together with others, and the holder looks now and then whether somebody does.

Rule: nothing is written, so nothing is left behind by whoever is killed.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cabinet.storage.disk import disk_errors
from cabinet.storage.file_locks import FLAGS, LockTaken, is_byte_taken, release_bytes, take_byte

# Beside the folders of the blobs and of what is staged.
FILE = "locks"

# Seconds between two looks of a holder whether somebody waits.
LOOK_OUT = 0.1


class LocalLocker:
    """A `Locker` for the processes that see one folder."""

    def __init__(self, root: Path) -> None:
        self._file = root / FILE

    @contextmanager
    def hold(
        self,
        name: str,
        *,
        patience: float | None,
        together: bool = False,
        let_go: Callable[[], None] | None = None,
    ) -> Iterator[None]:
        place = _place_of(name)
        with disk_errors():
            descriptor = os.open(self._file, FLAGS, 0o600)
        try:
            _take(descriptor, place, patience, together=together)
            if let_go is None:
                yield
            else:
                with _looking_out(descriptor, place + 1, let_go):
                    yield
        finally:
            release_bytes(descriptor)


def _place_of(name: str) -> int:
    """Return where in the file the lock of that name is; two names that share a place only wait for each other."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:7]) * 2


def _take(descriptor: int, place: int, patience: float | None, *, together: bool) -> None:
    try:
        take_byte(descriptor, place, patience=0, together=together)
    except LockTaken:
        # Whoever does not wait asks nobody to let go.
        if patience == 0:
            raise
        # It stays locked while the lock is held, which its own holder does not see.
        take_byte(descriptor, place + 1, patience=None, together=True)
        take_byte(descriptor, place, patience=patience, together=together)


@contextmanager
def _looking_out(descriptor: int, place: int, let_go: Callable[[], None]) -> Iterator[None]:
    """Have `let_go` called, from another thread, once somebody waits."""
    released = threading.Event()

    def look_out() -> None:
        while not released.wait(LOOK_OUT):
            if is_byte_taken(descriptor, place):
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
