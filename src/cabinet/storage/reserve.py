"""Room that content may not take: what is left for the database when a disk is full of uploads.

To delete something needs room as well: its row changes, and the change is logged. So uploads end
while there still is some.

Rule: whoever writes content asks before each write; whoever deletes asks nobody.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cabinet.errors import StorageFull

# By default 1 % of a disk, in bytes at least and at most; of a small one, a tenth.
_LEAST = 64 << 20
_MOST = 1 << 30


@dataclass(frozen=True, slots=True)
class Reserve:
    """Bytes that stay free on the disk of a store, and on the disks of the folders `beside` it.

    A `size` of None is what suits each disk.
    """

    size: int | None = 0
    beside: tuple[Path, ...] = ()

    def on(self, total: int) -> int:
        """Return how much of a disk of `total` bytes stays free."""
        if self.size is not None:
            return self.size
        return min(_MOST, max(_LEAST, total // 100), total // 10)


NO_RESERVE = Reserve()


@dataclass(frozen=True, slots=True)
class Free:
    """Bytes that are free, the reserve included; the reserve; and what content may take.

    That is negative where the reserve is touched already, and None where nobody knows.
    """

    size: int
    reserve: int
    usable: int | None


def check_room(free: Free | None, size: int = 0) -> None:
    """Raise `StorageFull` where `size` bytes of content have no room."""
    if free is not None and free.usable is not None and free.usable < max(0, size):
        raise StorageFull


class Room:
    """What the disk of `folder` still has for content; safe for many threads.

    Other processes are seen by what they have written, not by what they are about to write.
    """

    def __init__(self, folder: Path, reserve: Reserve) -> None:
        self._folder = folder
        self._reserve = reserve
        self._lock = threading.Lock()
        self._being_written = 0

    def check(self, size: int = 0) -> None:
        """Raise `StorageFull` where `size` bytes of content would leave less than the reserve."""
        check_room(self.free(), size)

    @contextmanager
    def taking(self, size: int) -> Iterator[None]:
        """Let the body write `size` bytes; raises as `check`."""
        with self._lock:
            self.check(size)
            self._being_written += size
        try:
            yield
        finally:
            with self._lock:
                self._being_written -= size

    def free(self) -> Free:
        """Return what is free."""
        status = os.statvfs(self._folder)
        usable = self._left(self._folder)
        if usable is not None:
            usable -= self._being_written
        for folder in self._reserve.beside:
            left = self._left(folder)
            if left is not None and left < 0:
                usable = left if usable is None else min(usable, left)
        total = status.f_blocks * status.f_frsize
        return Free(status.f_bavail * status.f_frsize, self._reserve.on(total), usable)

    def _left(self, folder: Path) -> int | None:
        """Return the free bytes of a disk beyond the reserve, None where it does not tell its size."""
        status = os.statvfs(folder)
        if not status.f_blocks:
            return None
        return status.f_bavail * status.f_frsize - self._reserve.on(status.f_blocks * status.f_frsize)
