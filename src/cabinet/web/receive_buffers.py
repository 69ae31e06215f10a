"""Buffers for the bodies of fast clients, which are received into the same memory again and again.

The system maps new memory page by page, when it is first written to. For the buffers of a large upload that
takes four times as long as receiving into them.

Rule: nobody returns a buffer. It is free once no view of it exists, so nothing is overwritten while it can
still be read.
"""

from __future__ import annotations

import threading


class ReceiveBuffers:
    """At most `most` buffers of `size` bytes. Thread-safe."""

    def __init__(self, size: int, most: int) -> None:
        self._size = size
        self._most = most
        self._lock = threading.Lock()
        self._users: set[object] = set()
        self._buffers: list[bytearray] = []

    def take(self, user: object) -> memoryview:
        """Return a view of a free buffer with arbitrary content; it is empty if none is free.

        `user` counts as a user of the buffers until it calls `release`.
        """
        with self._lock:
            self._users.add(user)
            for buffer in self._buffers:
                if _is_free(buffer):
                    return memoryview(buffer)
            if len(self._buffers) == self._most:
                return memoryview(b"")
            self._buffers.append(bytearray(self._size))
            return memoryview(self._buffers[-1])

    def release(self, user: object) -> None:
        """Note that `user` receives nothing now; the last one releases the memory that nothing refers to."""
        with self._lock:
            self._users.discard(user)
            if not self._users:
                self._buffers.clear()


def _is_free(buffer: bytearray) -> bool:
    """Return whether no view of `buffer` exists: only then Python allows to change its length."""
    try:
        buffer.append(buffer.pop())
    except BufferError:
        return False
    return True
