"""Limit the requests that one process runs at a time, by client and user, so that none takes all threads.

A transfer lasts as long as its client is slow, so an eighth of the threads is reserved for other requests.

Rule: counts and refuses; knows neither requests nor responses.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from cabinet.errors import TooManyRequests

TRANSFERS_OF_A_USER = 64


class ConcurrencyLimits:
    """The counters of one process with `threads` threads. Thread-safe."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def request(self, network: str) -> Iterator[None]:
        """Count a request of `network` while it runs; raises `TooManyRequests`."""
        with self._counted(f"from {network}", max(1, self.threads // 2)):
            yield

    @contextmanager
    def transfer(self) -> Iterator[None]:
        """Count a transfer of any user while it lasts; raises `TooManyRequests`."""
        with self._counted("transfers", max(1, self.threads * 7 // 8)):
            yield

    @contextmanager
    def transfer_of(self, user_id: int) -> Iterator[None]:
        """Count a transfer of one user while it lasts; raises `TooManyRequests`."""
        with self._counted(f"of user {user_id}", TRANSFERS_OF_A_USER):
            yield

    @contextmanager
    def _counted(self, name: str, limit: int) -> Iterator[None]:
        with self._lock:
            if self._counts[name] >= limit:
                raise TooManyRequests
            self._counts[name] += 1
        try:
            yield
        finally:
            with self._lock:
                self._counts[name] -= 1
                if not self._counts[name]:
                    del self._counts[name]
