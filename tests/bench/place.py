"""The working folders of the benchmark: one in memory, and one on a disk for what syncs cost.

Rule: everything is below them, and they are removed at the end; `SPARE` bytes of memory stay free.
"""

from __future__ import annotations

import os
import random
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MIB = 1 << 20
GIB = 1 << 30

# Bytes reserved for other programs of the machine.
SPARE = 8 * GIB

_MEMORY = Path("/dev/shm")


@contextmanager
def temporary_folder(home: Path | None = None) -> Iterator[Path]:
    """Create a folder in `home`; by default on a tmpfs, or where temporary files are on a machine without one."""
    if home is None:
        home = _MEMORY if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    folder = Path(tempfile.mkdtemp(prefix="cabinet-bench-", dir=home))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def filesystem_of(folder: Path, mounts: str) -> str:
    """Return the type of the filesystem of an absolute folder; `mounts` is the text of /proc/self/mounts."""
    found = "unknown", Path("/")
    for line in mounts.splitlines():
        _device, where, kind, *_options = line.split(" ")
        mounted = Path(where.encode().decode("unicode_escape"))
        # A later mount covers an earlier one at the same place.
        if folder.is_relative_to(mounted) and mounted.is_relative_to(found[1]):
            found = kind, mounted
    return found[0]


def room(folder: Path) -> int:
    """Return how many bytes may be written below `folder` without affecting other programs."""
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


def renew(path: Path) -> Path:
    """Make the content of a file one that was never sent."""
    with path.open("r+b", buffering=0) as file:
        file.write(secrets.token_bytes(16))
    return path


def make_folder(folder: Path, count: int, size: int) -> Path:
    """Create a folder of files of `size` bytes that were never sent."""
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:05}.bin").write_bytes(secrets.token_bytes(size))
    return folder


def warm_up(folder: Path, size: int) -> None:
    """Touch `size` bytes of memory once, for the first touch is slow on a virtual machine."""
    path = folder / "warm-up"
    make_file(path, min(size, room(folder)))
    path.unlink()
