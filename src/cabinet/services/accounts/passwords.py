"""Hash and verify passwords.

Rule: passwords are used exactly as typed, and never trimmed, normalized, logged or stored.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from cachetools import TTLCache

from cabinet.errors import Unavailable
from cabinet.services.accounts.password_strength import MAX_BYTES, size_of

# How long a verified Basic password is cached, in seconds, and the size of the cache.
REMEMBERED_SECONDS = 300
REMEMBERED_PASSWORDS = 4096

# Seconds that a request waits for its turn to hash, and the maximum number of waiting requests of one
# process: at a quarter of a second per hash, more would exceed that time.
_TURN_TIMEOUT = 5.0
_MAX_WAITING = 64


class PasswordHasher(Protocol):
    """The interface of Flask-Bcrypt."""

    def generate_password_hash(self, password: str) -> bytes: ...

    def check_password_hash(self, pw_hash: str, password: str) -> bool: ...


class Passwords:
    """Hashes and verifies passwords with limited concurrency; one object per process."""

    def __init__(self, hasher: PasswordHasher, concurrency: int) -> None:
        self._hasher = hasher
        self._turns = threading.BoundedSemaphore(concurrency)
        self._lock = threading.Lock()
        self._waiting = 0
        self._key = secrets.token_bytes(32)
        self._remembered: TTLCache[bytes, None] = TTLCache(REMEMBERED_PASSWORDS, REMEMBERED_SECONDS)
        self._decoy: str | None = None

    def hash(self, password: str) -> str:
        """Return the hash of a password."""
        return self._hasher.generate_password_hash(password).decode()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a slot to hash in; raises `Unavailable` after five seconds.

        Raises at once when too many requests are waiting. Failures must be counted inside, otherwise
        many guesses would pass before the first one is counted.
        """
        if not self._wait():
            raise Unavailable(retry_after=int(_TURN_TIMEOUT))
        try:
            yield
        finally:
            self._turns.release()

    def _wait(self) -> bool:
        """Wait for a slot; return whether it was acquired."""
        with self._lock:
            if self._waiting == _MAX_WAITING:
                return False
            self._waiting += 1
        try:
            return self._turns.acquire(timeout=_TURN_TIMEOUT)
        finally:
            with self._lock:
                self._waiting -= 1

    def verify(self, password: str, stored: str | None) -> bool:
        """Return whether `password` matches the hash `stored`.

        Takes the same time for an unknown account (`stored` is None), and for a password that is too
        long to be accepted.
        """
        # Created in any case, otherwise the first unknown name in a process would take twice as long.
        decoy = self._get_decoy()
        acceptable = 0 < size_of(password) <= MAX_BYTES
        candidate = password if acceptable else "refused"
        matches = self._hasher.check_password_hash(stored or decoy, candidate)
        return matches and acceptable and stored is not None

    def remember(self, password: str, stored: str) -> None:
        """Cache that `password` matches the hash `stored`."""
        with self._lock:
            self._remembered[self._cache_key(password, stored)] = None

    def is_remembered(self, password: str, stored: str) -> bool:
        """Return whether this pair was recently verified in this process.

        The cache key includes the stored hash, so a password change invalidates the entry.
        """
        with self._lock:
            return self._cache_key(password, stored) in self._remembered

    def _cache_key(self, password: str, stored: str) -> bytes:
        text = f"{stored}\0{password}".encode(errors="surrogatepass")
        return hmac.digest(self._key, text, "sha256")

    def _get_decoy(self) -> str:
        if self._decoy is None:
            self._decoy = self.hash(secrets.token_hex())
        return self._decoy
