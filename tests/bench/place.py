"""Where the bench works: a temporary folder in memory, so that no disk is measured.

Rule: everything lies below one folder, which is gone at the end; `SPARE` bytes of memory stay free.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MIB = 1 << 20
GIB = 1 << 30

# Bytes that other programs of the machine may need meanwhile.
SPARE = 8 * GIB

_MEMORY = Path("/dev/shm")


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a folder on a tmpfs, or where temporary files go on a machine without one."""
    home = _MEMORY if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    folder = Path(tempfile.mkdtemp(prefix="cabinet-bench-", dir=home))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def room(folder: Path) -> int:
    """Return how many bytes may be written below `folder` without troubling anybody."""
    return max(0, min(shutil.disk_usage(folder).free, available_memory() - SPARE))


def available_memory() -> int:
    """Return the bytes that programs can get without swapping."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))


def make_file(path: Path, size: int) -> Path:
    """Write `size` bytes of noise to `path`; no two blocks of it are alike."""
    noise = random.Random(size).randbytes(MIB + 7)
    with path.open("wb", buffering=0) as file:
        left = size
        while left:
            left -= file.write(memoryview(noise)[:left])
    return path


def warm_up(folder: Path, size: int) -> None:
    """Touch `size` bytes of memory once, for the first touch is slow on a virtual machine."""
    path = folder / "warm-up"
    make_file(path, min(size, room(folder)))
    path.unlink()
