"""Disk space that uploads must leave free, so that the database can still write.

Deleting needs space, too: rows change, and the change is logged. So uploads are refused while some
space is left.

Rule: check before each write of content; deleting needs no check.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cabinet.errors import StorageFull

# The default is 1 % of the disk, within these limits in bytes, and at most a tenth of a small disk.
_MIN_RESERVE = 64 << 20
_MAX_RESERVE = 1 << 30


@dataclass(frozen=True, slots=True)
class Reserve:
    """Bytes that stay free on the disk of a store, and on the disks of the `other_folders`.

    A `size` of None means the default for each disk.
    """

    size: int | None = 0
    other_folders: tuple[Path, ...] = ()

    def on(self, total: int) -> int:
        """Return the reserve, in bytes, of a disk of `total` bytes."""
        if self.size is not None:
            return self.size
        return min(_MAX_RESERVE, max(_MIN_RESERVE, total // 100), total // 10)


NO_RESERVE = Reserve()


@dataclass(frozen=True, slots=True)
class FreeSpace:
    """Free bytes including the reserve, the reserve, and the bytes that content may use.

    `usable` is negative when the reserve is already in use, and None when it is unknown.
    """

    size: int
    reserve: int
    usable: int | None


def check_room(free: FreeSpace | None, size: int = 0) -> None:
    """Raise `StorageFull` when `size` bytes of content do not fit."""
    if free is not None and free.usable is not None and free.usable < max(0, size):
        raise StorageFull


class DiskSpace:
    """The space for content on the disk of `folder`; thread-safe.

    Writes in progress are counted for this process only, not for other processes.
    """

    def __init__(self, folder: Path, reserve: Reserve) -> None:
        self._folder = folder
        self._reserve = reserve
        self._lock = threading.Lock()
        self._writing = 0

    def check(self, size: int = 0) -> None:
        """Raise `StorageFull` when `size` bytes of content would leave less than the reserve."""
        usable = self._usable(os.statvfs(self._folder))
        if usable is not None and usable < max(0, size):
            raise StorageFull

    @contextmanager
    def writing(self, size: int) -> Iterator[None]:
        """Count `size` bytes as being written while the body runs; raises as `check` does."""
        with self._lock:
            self.check(size)
            self._writing += size
        try:
            yield
        finally:
            with self._lock:
                self._writing -= size

    def free(self) -> FreeSpace:
        """Return the free space."""
        status = os.statvfs(self._folder)
        total = status.f_blocks * status.f_frsize
        return FreeSpace(status.f_bavail * status.f_frsize, self._reserve.on(total), self._usable(status))

    def _usable(self, status: os.statvfs_result) -> int | None:
        """Return the bytes that content may use, as in `FreeSpace`; `status` is that of the own disk."""
        usable = self._beyond_reserve(status)
        if usable is not None:
            usable -= self._writing
        for folder in self._reserve.other_folders:
            left = self._beyond_reserve(os.statvfs(folder))
            if left is not None and left < 0:
                usable = left if usable is None else min(usable, left)
        return usable

    def _beyond_reserve(self, status: os.statvfs_result) -> int | None:
        """Return the free bytes of a disk beyond the reserve, None when its size is unknown."""
        if not status.f_blocks:
            return None
        return status.f_bavail * status.f_frsize - self._reserve.on(status.f_blocks * status.f_frsize)
