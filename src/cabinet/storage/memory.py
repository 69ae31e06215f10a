"""How many bytes this process holds of what its clients have sent and no disk has yet.

Each of hundreds of uploads is quickest with megabytes in hand, and all of them together would fill
the memory of a small machine; those that stall would keep it. So everybody counts what they hold,
and once it is too much they let go of it sooner.

Rule: it counts and refuses nobody; what follows from a full memory is for whoever holds bytes.
"""

from __future__ import annotations

import threading

# Bytes, until the setting is read.
_LIMIT = 64 << 20


class Memory:
    """A count of bytes, and how many there should be at most. Safe for many threads."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0
        self._lock = threading.Lock()

    @property
    def is_scarce(self) -> bool:
        """Tell whether more than half is held: whoever can let go does, for the rest is for who cannot."""
        return self.held > self.limit // 2

    @property
    def is_full(self) -> bool:
        """Tell whether more is held than should be."""
        return self.held > self.limit

    def take(self, size: int) -> None:
        """Count `size` more bytes; fewer where it is negative."""
        with self._lock:
            self.held += size


# Of all uploads of this process, and of requests that have not wholly come.
UPLOADS = Memory(_LIMIT)
