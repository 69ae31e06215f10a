"""How many bytes one request carries: about two seconds of the line, as it was measured.

A request counts whole or not at all, so this is what Ctrl-C or a lost line costs at most. One pace is
kept for a whole command, for all its files go over one line.

Rule: it only counts; who sends decides.
"""

from __future__ import annotations

# Bytes. The first request is over soon on any line; the longest saves most of the round trips of a
# fast one.
FIRST = 256 << 10
LONGEST = 16 << 20

# Seconds that a request shall take.
SECONDS = 2.0

# Times the one before: many lines give the first bytes faster than they go on.
_GROWTH = 4


class Pace:
    """Learns from each request how long the next one shall be; any thread may tell."""

    def __init__(self) -> None:
        self.bytes = FIRST

    def passed(self, length: int, seconds: float) -> None:
        """Learn from a request of `length` bytes that was answered."""
        wanted = int(length / max(seconds, 0.001) * SECONDS)
        if wanted < self.bytes and length < self.bytes // 2:
            return  # what is short takes its time for other reasons than the line
        self.bytes = max(FIRST, min(wanted, self.bytes * _GROWTH, LONGEST))

    def lost(self) -> None:
        """Learn from a request that broke off: little shall be lost the next time."""
        self.bytes = FIRST
