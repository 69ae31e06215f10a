"""The size of a request: about two seconds of the measured throughput.

A batch is stored whole or not at all, and a proxy may hold a request back until it has all of it, so
Ctrl-C or a lost connection costs at most this much. One sizer serves a whole command, because all its
files use the same network path.

Rule: it only computes sizes; the sender decides what to send.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from cabinet.client.local import Body
from cabinet.client.transfer.request_limit import RequestLimit

# Bytes. The first request is short on any connection; the largest one makes the cost of a request
# negligible, and is below what usual CDNs accept (100 MB).
FIRST_SIZE = 256 << 10
MAX_SIZE = 64 << 20

# Seconds: the intended duration of a request.
TARGET_SECONDS = 2.0

# Seconds. A file that takes longer is sent in several requests, even if it is small.
MAX_SECONDS = 5 * TARGET_SECONDS

# The maximum growth factor per request: many connections start faster than they continue.
_GROWTH = 4

# Bytes of a file between two checks of the clock.
_PIECE = 256 << 10


class RequestSizer:
    """Adapts the size of the next request to the previous ones; thread-safe.

    No request exceeds `limit`, however fast the connection is.
    """

    def __init__(self, limit: RequestLimit | None = None) -> None:
        self.limit = limit or RequestLimit()
        self._bytes = FIRST_SIZE
        self._rate: float | None = None

    @property
    def bytes(self) -> int:
        """The size of the next request in bytes."""
        return self._bytes if self.limit.max_bytes is None else min(self._bytes, self.limit.max_bytes)

    def takes_too_long(self, size: int) -> bool:
        """Return whether `size` bytes in one request would take too long at the measured throughput."""
        return self._rate is not None and size > self._rate * MAX_SECONDS

    def succeeded(self, length: int, seconds: float) -> None:
        """Adapt the size after a successful request of `length` bytes."""
        self.limit.succeeded(length)
        rate = length / max(seconds, 0.001)
        wanted = int(rate * TARGET_SECONDS)
        if wanted < self._bytes and length < self._bytes // 2:
            return  # a small request measures latency, not throughput
        if length >= FIRST_SIZE:
            self._rate = rate
        self._bytes = max(FIRST_SIZE, min(wanted, self._bytes * _GROWTH, MAX_SIZE))

    def failed(self) -> None:
        """Reset the size after a failed request, to lose little the next time."""
        self._bytes = FIRST_SIZE


class TooSlow(Exception):
    """A request was aborted because it would have taken too long."""


class TimeLimitedBody:
    """A `Body` that raises `TooSlow` as soon as the connection proves too slow for it."""

    def __init__(self, body: Body, sizer: RequestSizer) -> None:
        self.length = body.length
        self._body = body
        self._sizer = sizer

    def chunks(self) -> Iterator[bytes]:
        """Yield the body in pieces, unless the rest of it would take too long."""
        began, count = time.monotonic(), 0
        for chunk in self._body.chunks():
            for start in range(0, len(chunk), _PIECE):
                piece = chunk[start : start + _PIECE]
                yield piece
                count += len(piece)
                seconds = time.monotonic() - began
                if seconds > TARGET_SECONDS and (self.length - count) * seconds > MAX_SECONDS * count:
                    self._sizer.succeeded(count, seconds)
                    raise TooSlow
