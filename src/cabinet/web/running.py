"""How many requests of one process run at a time, by whose they are, so that nobody has all threads.

Transfers, which last as long as somebody's line is slow, leave an eighth of the threads to requests
that end by themselves.

Rule: it counts and refuses, and knows neither requests nor answers.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from cabinet.errors import TooManyRequests

TRANSFERS_OF_A_USER = 64


class Running:
    """The counts of one process that serves with so many `threads`. Safe for all of them."""

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
        """Count a transfer, whoever's it is, while it lasts; raises `TooManyRequests`."""
        with self._counted("transfers", max(1, self.threads * 7 // 8)):
            yield

    @contextmanager
    def transfer_of(self, user_id: int) -> Iterator[None]:
        """Count a transfer for its user while it lasts; raises `TooManyRequests`."""
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
