"""What a disk says, in the words of the domain, and what makes its names durable.

Rule: knows files and folders, and no store.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cabinet.errors import StorageFault, StorageFull

# No room on the disk, in the system's quota, or in the limit on one file.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turn what the operating system says about a disk into the domain's errors."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise StorageFull from error
        raise StorageFault(reason=os.strerror(error.errno or 0)) from error


def sync_data(descriptor: int) -> None:
    """Make the bytes of a file durable, and its times only where the system knows no less."""
    (os.fdatasync if hasattr(os, "fdatasync") else os.fsync)(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
