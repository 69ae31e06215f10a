"""The limit of `--limit-rate` over all transfers of a command.

Rule: it only waits, and `Cancellation` ends the wait.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator

from cabinet.client.failures import BadUsage
from cabinet.client.quantities import to_bytes
from cabinet.client.wire.cancellation import Cancellation

# Pieces per second: few enough to cost little, and enough for no server to see a stall.
_PIECES = 8
_SMALLEST = 1024


class RateLimiter:
    """Limits all threads together to `rate` bytes per second; None is unlimited."""

    def __init__(
        self, rate: int | None, cancellation: Cancellation, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._cancellation = cancellation
        self._clock = clock
        self._lock = threading.Lock()
        self._free_at = clock()

    def limit(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield `chunks`, in smaller pieces and with delays if there is a limit.

        Raises `Stopped` between two chunks.
        """
        for chunk in chunks:
            self._cancellation.check()
            if self._rate is None:
                yield chunk
            else:
                yield from self._pieces(chunk, self._rate)

    def _pieces(self, chunk: bytes, rate: int) -> Iterator[bytes]:
        size = max(_SMALLEST, rate // _PIECES)
        for start in range(0, len(chunk), size):
            piece = chunk[start : start + size]
            self._await(len(piece) / rate)
            yield piece

    def _await(self, seconds: float) -> None:
        """Reserve the next free `seconds`, and wait for their start."""
        with self._lock:
            now = self._clock()
            begins_at = max(now, self._free_at)
            self._free_at = begins_at + seconds
        if begins_at > now:
            self._cancellation.wait(begins_at - now)


def to_rate(text: str) -> int:
    """Parse a rate in bytes per second, such as 500k, 2M or 1.5MiB; raises `BadUsage`."""
    rate = to_bytes(text.strip().removesuffix("/s")) or 0
    if rate < _SMALLEST:
        raise BadUsage(
            reason=f"“{text}” is not a rate of at least {_SMALLEST} bytes per second, such as 500k or 2M."
        )
    return rate
