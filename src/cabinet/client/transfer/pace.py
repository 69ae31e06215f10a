"""How many bytes one request carries: about two seconds of the line, as it was measured.

A request counts whole or not at all, so this is what Ctrl-C or a lost line costs at most. One pace is
kept for a whole command, for all its files go over one line.

Rule: it only counts; who sends decides.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from cabinet.client.local import Body
from cabinet.client.transfer.ceiling import Ceiling

# Bytes. The first request is over soon on any line; the longest saves most of the round trips of a
# fast one.
FIRST = 256 << 10
LONGEST = 16 << 20

# Seconds that a request shall take.
SECONDS = 2.0

# Seconds. What takes longer goes in several requests, even if it is no large file.
TOO_LONG = 5 * SECONDS

# Times the one before: many lines give the first bytes faster than they go on.
_GROWTH = 4

# Bytes of a whole file that pass between two looks at the clock.
_PIECE = 256 << 10


class Pace:
    """Learns from each request how long the next one shall be; any thread may tell.

    `ceiling` is what no request may exceed, however fast the line is.
    """

    def __init__(self, ceiling: Ceiling | None = None) -> None:
        self.ceiling = ceiling or Ceiling()
        self._bytes = FIRST
        self._rate: float | None = None

    @property
    def bytes(self) -> int:
        """How many bytes the next request shall have."""
        return self._bytes if self.ceiling.most is None else min(self._bytes, self.ceiling.most)

    def takes_too_long(self, size: int) -> bool:
        """Tell whether `size` bytes are too many for one request over the line as it was measured."""
        return self._rate is not None and size > self._rate * TOO_LONG

    def passed(self, length: int, seconds: float) -> None:
        """Learn from a request of `length` bytes that was answered."""
        self.ceiling.passed(length)
        rate = length / max(seconds, 0.001)
        wanted = int(rate * SECONDS)
        if wanted < self._bytes and length < self._bytes // 2:
            return  # what is short takes its time for other reasons than the line
        if length >= FIRST:
            self._rate = rate
        self._bytes = max(FIRST, min(wanted, self._bytes * _GROWTH, LONGEST))

    def lost(self) -> None:
        """Learn from a request that broke off: little shall be lost the next time."""
        self._bytes = FIRST


class TooSlow(Exception):
    """A request was broken off, for it would have taken too long."""


class HurriedBody:
    """A `Body` that is broken off by `TooSlow` as soon as it shows that the line is too slow for it."""

    def __init__(self, body: Body, pace: Pace) -> None:
        self.length = body.length
        self._body = body
        self._pace = pace

    def chunks(self) -> Iterator[bytes]:
        """Yield the body in pieces, until what is left of it would take too long."""
        began, count = time.monotonic(), 0
        for chunk in self._body.chunks():
            for start in range(0, len(chunk), _PIECE):
                piece = chunk[start : start + _PIECE]
                yield piece
                count += len(piece)
                seconds = time.monotonic() - began
                if seconds > SECONDS and (self.length - count) * seconds > TOO_LONG * count:
                    self._pace.passed(count, seconds)
                    raise TooSlow
