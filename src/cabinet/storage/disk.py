"""Translate disk errors into domain errors, and sync files and folders.

Rule: handles files and folders, and knows no store.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cabinet.errors import StorageFault, StorageFull

# The disk is full, or the system's quota or file size limit is reached.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def disk_errors() -> Iterator[None]:
    """Raise OSErrors of the body as `StorageFull` or `StorageFault`."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise StorageFull from error
        raise StorageFault(reason=os.strerror(error.errno or 0)) from error


def sync_data(descriptor: int) -> None:
    """Make the bytes of a file durable, with `fdatasync` where the system has it."""
    (os.fdatasync if hasattr(os, "fdatasync") else os.fsync)(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the directory entries of `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
