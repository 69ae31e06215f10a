"""Network namespaces for a thread and the processes that it starts.

Rule: a namespace has no name and no file; it ends with its last process. Python has these two calls since
3.12 only.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

# linux/sched.h: the new namespace is of the network
_CLONE_NEWNET = 0x40000000

_OWN = "/proc/thread-self/ns/net"

_libc = ctypes.CDLL(None, use_errno=True)


def leave_for_new_namespace() -> int:
    """Move the calling thread into a new, empty network; returns a descriptor that keeps it and leads back."""
    _call(_libc.unshare, _CLONE_NEWNET)
    return os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Let the calling thread, and what it starts, use the network behind the path `namespace`."""
    home = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _enter(namespace)
        try:
            yield
        finally:
            _call(_libc.setns, home, _CLONE_NEWNET)
    finally:
        os.close(home)


def _enter(namespace: str) -> None:
    descriptor = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _call(_libc.setns, descriptor, _CLONE_NEWNET)
    finally:
        os.close(descriptor)


def _call(function: ctypes._NamedFuncPointer, *arguments: int) -> None:
    if function(*arguments):
        error = ctypes.get_errno()
        raise OSError(error, f"{os.strerror(error)}: a network namespace takes root")
