"""What a worker asks of the system: as many descriptors as it may have, and memory that goes back.

Rule: it asks for no more than the system allows this user anyway (the hard limit), and what a
system does not have is done without.
"""

from __future__ import annotations

import ctypes
import errno
import resource
from contextlib import suppress

# What accept() says when descriptors, or the memory for one more connection, have run out.
EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

# Besides its connection a request may have a staged file, its digests and its lock open; and the
# process its log, its listeners, its poller, its database connections.
_OF_A_REQUEST = 3
_OF_THE_PROCESS = 128


def raise_limit() -> int:
    """Let this process have as many descriptors as its hard limit allows; returns how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # some systems have a lower limit besides
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return soft


def connections_within(limit: int, wanted: int, threads: int) -> int:
    """Return how many of `wanted` connections fit into `limit` descriptors beside the work of `threads`."""
    if limit == resource.RLIM_INFINITY:
        return wanted
    # Where the limit is low, a connection that waits is worth as much as a file of a request that runs.
    return max(1, min(wanted, max(limit - _OF_A_REQUEST * threads - _OF_THE_PROCESS, limit // 2)))


# Of <malloc.h>. Bytes of an allocation that gets memory of its own, and loses it when it is freed.
_M_MMAP_THRESHOLD = -3
_OWN_MEMORY = 64 << 10
# Heaps besides the first, which hundreds of threads would share out among them and leave half empty.
_M_ARENA_MAX = -8
_HEAPS = 1


def give_memory_back() -> None:
    """Have every large buffer that is freed go back to the system at once, where the C library is GNU's.

    It does so by itself until the first of them is freed, then learns to keep ever larger ones: 300
    uploads that had stalled held 270 MiB and left 140 behind; with this, 24 and 14.
    """
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, _OWN_MEMORY)
        library.mallopt(_M_ARENA_MAX, _HEAPS)
