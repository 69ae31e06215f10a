"""How many bytes one request carries: about two seconds of the line, as it was measured.

A request counts whole or not at all, so this is what Ctrl-C or a lost line costs at most. One pace is
kept for a whole command, for all its files go over one line.

Rule: it only counts; who sends decides.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from cabinet.client.local import Body
from cabinet.client.transfer.request_limit import RequestLimit

# Bytes. The first request is over soon on any line; the longest saves most of the round trips of a
# fast one.
FIRST_SIZE = 256 << 10
MAX_SIZE = 16 << 20

# Seconds that a request shall take.
TARGET_SECONDS = 2.0

# Seconds. What takes longer goes in several requests, even if it is no large file.
MAX_SECONDS = 5 * TARGET_SECONDS

# Times the one before: many lines give the first bytes faster than they go on.
_GROWTH = 4

# Bytes of a whole file that pass between two looks at the clock.
_PIECE = 256 << 10


class RequestSizer:
    """Learns from each request how long the next one shall be; any thread may tell.

    `ceiling` is what no request may exceed, however fast the line is.
    """

    def __init__(self, limit: RequestLimit | None = None) -> None:
        self.limit = limit or RequestLimit()
        self._bytes = FIRST_SIZE
        self._rate: float | None = None

    @property
    def bytes(self) -> int:
        """How many bytes the next request shall have."""
        return self._bytes if self.limit.max_bytes is None else min(self._bytes, self.limit.max_bytes)

    def takes_too_long(self, size: int) -> bool:
        """Tell whether `size` bytes are too many for one request over the line as it was measured."""
        return self._rate is not None and size > self._rate * MAX_SECONDS

    def succeeded(self, length: int, seconds: float) -> None:
        """Learn from a request of `length` bytes that was answered."""
        self.limit.succeeded(length)
        rate = length / max(seconds, 0.001)
        wanted = int(rate * TARGET_SECONDS)
        if wanted < self._bytes and length < self._bytes // 2:
            return  # what is short takes its time for other reasons than the line
        if length >= FIRST_SIZE:
            self._rate = rate
        self._bytes = max(FIRST_SIZE, min(wanted, self._bytes * _GROWTH, MAX_SIZE))

    def failed(self) -> None:
        """Learn from a request that broke off: little shall be lost the next time."""
        self._bytes = FIRST_SIZE


class TooSlow(Exception):
    """A request was broken off, for it would have taken too long."""


class TimeLimitedBody:
    """A `Body` that is broken off by `TooSlow` as soon as it shows that the line is too slow for it."""

    def __init__(self, body: Body, sizer: RequestSizer) -> None:
        self.length = body.length
        self._body = body
        self._sizer = sizer

    def chunks(self) -> Iterator[bytes]:
        """Yield the body in pieces, until what is left of it would take too long."""
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
