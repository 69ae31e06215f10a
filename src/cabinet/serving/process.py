"""Process limits of a worker: file descriptors, and returning freed memory to the system.

Rule: never exceeds the hard limits; features that the system lacks are skipped.
"""

from __future__ import annotations

import ctypes
import errno
import resource
from contextlib import suppress

# Errors of accept() when there are no descriptors, or no memory for another connection.
EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

# Besides its connection, a request may have a staged file, its digests and its lock open. The
# process has its log, listeners, poller and database connections open.
_PER_REQUEST = 3
_PER_PROCESS = 128


def raise_descriptor_limit() -> int:
    """Raise the limit of file descriptors to the hard limit, and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # some systems have another, lower limit
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return soft


def max_connections(limit: int, wanted: int, threads: int) -> int:
    """Return how many of `wanted` connections fit into `limit` descriptors with `threads` running requests."""
    if limit == resource.RLIM_INFINITY:
        return wanted
    # With a low limit, at least half of the descriptors are for connections.
    return max(1, min(wanted, max(limit - _PER_REQUEST * threads - _PER_PROCESS, limit // 2)))


# From <malloc.h>: allocations of this many bytes or more are mapped separately, and unmapped when freed.
# Mapping costs more than filling them, so the content of a small file is below.
_M_MMAP_THRESHOLD = -3
_MMAP_THRESHOLD = 128 << 10
# The number of arenas; more of them would be half empty with hundreds of threads.
_M_ARENA_MAX = -8
_ARENAS = 1


def return_freed_memory() -> None:
    """Make glibc return every large freed buffer to the system at once.

    By default it does so until the first one is freed, and then raises its threshold: 300 stalled
    uploads held 270 MiB and left 140 MiB allocated; with this setting, 24 and 14 MiB.
    """
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, _MMAP_THRESHOLD)
        library.mallopt(_M_ARENA_MAX, _ARENAS)


def trim_heap() -> None:
    """Make glibc return the free pages between small allocations, which it never does by itself.

    Takes some milliseconds, in which other threads wait when they allocate. After 300 stalled
    resumable uploads two workers kept 28 MiB, and 23 with it.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
