"""Count the bytes that this process has received but not yet written to disk.

Each of hundreds of uploads is fastest with megabytes of buffer, but all of them together would fill
the memory of a small machine, and stalled ones would keep it. So every buffer is counted, and
buffers are flushed sooner once the total is high.

Rule: this module only counts and never refuses; those that buffer bytes react to a high count.
"""

from __future__ import annotations

import threading

# Bytes, until the UPLOAD_MEMORY setting is read.
_LIMIT = 64 << 20


class MemoryBudget:
    """A count of buffered bytes and its limit. Thread-safe."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0
        self._lock = threading.Lock()

    @property
    def is_scarce(self) -> bool:
        """Return whether more than half is in use.

        Buffers that can be flushed then are; the other half is for those that cannot.
        """
        return self.held > self.limit // 2

    @property
    def is_full(self) -> bool:
        """Return whether more than the limit is in use."""
        return self.held > self.limit

    def add(self, size: int) -> None:
        """Add `size` bytes to the count; a negative size subtracts."""
        with self._lock:
            self.held += size


# Counts all uploads of this process, and requests that are not yet complete.
UPLOAD_MEMORY = MemoryBudget(_LIMIT)
