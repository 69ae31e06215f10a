"""Passwords: the expensive work of hashing and checking one.

Rule: exactly as typed; never trimmed, normalised, logged or kept.
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

# How long a checked Basic password is remembered, in seconds, and how many of them.
REMEMBERED_SECONDS = 300
REMEMBERED_PASSWORDS = 4096

# Seconds that a request waits for its turn to hash, and requests of one process that may wait: at a
# quarter of a second a hash, more would wait for longer.
_PATIENCE = 5.0
_WAITERS = 64


class PasswordHasher(Protocol):
    """What Flask-Bcrypt offers."""

    def generate_password_hash(self, password: str) -> bytes: ...

    def check_password_hash(self, pw_hash: str, password: str) -> bool: ...


class Passwords:
    """Hashes and checks passwords, a few at a time; one object serves a whole process."""

    def __init__(self, hasher: PasswordHasher, concurrency: int) -> None:
        self._hasher = hasher
        self._turns = threading.BoundedSemaphore(concurrency)
        self._lock = threading.Lock()
        self._waiting = 0
        self._key = secrets.token_bytes(32)
        self._remembered: TTLCache[bytes, None] = TTLCache(REMEMBERED_PASSWORDS, REMEMBERED_SECONDS)
        self._decoy: str | None = None

    def hash(self, password: str) -> str:
        """Return the hash to store."""
        return self._hasher.generate_password_hash(password).decode()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one of the few places to hash in; raises `Unavailable` after five seconds.

        When many wait already, it raises at once. Whoever counts failures does so inside, or many
        guesses would pass before the first of them is counted.
        """
        if not self._wait():
            raise Unavailable(retry_after=int(_PATIENCE))
        try:
            yield
        finally:
            self._turns.release()

    def _wait(self) -> bool:
        """Tell whether this request has a place to hash in now."""
        with self._lock:
            if self._waiting == _WAITERS:
                return False
            self._waiting += 1
        try:
            return self._turns.acquire(timeout=_PATIENCE)
        finally:
            with self._lock:
                self._waiting -= 1

    def verify(self, password: str, stored: str | None) -> bool:
        """Tell whether `password` belongs to the hash `stored`.

        The same work is done when there is no such account and `stored` is None, and when the
        password is longer than any that was ever accepted.
        """
        # Made in any case, or the first unknown name that a process meets would take twice as long.
        decoy = self._get_decoy()
        acceptable = 0 < size_of(password) <= MAX_BYTES
        candidate = password if acceptable else "refused"
        matches = self._hasher.check_password_hash(stored or decoy, candidate)
        return matches and acceptable and stored is not None

    def remember(self, password: str, stored: str) -> None:
        """Note that `password` was checked against `stored`."""
        with self._lock:
            self._remembered[self._cache_key(password, stored)] = None

    def is_remembered(self, password: str, stored: str) -> bool:
        """Tell whether this very pair was checked lately, in this process.

        The key covers the stored hash: once the password is changed anywhere, no entry fits.
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
