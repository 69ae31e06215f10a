"""The maximum size of a request, if a proxy in front of the server limits it.

A proxy or CDN answers 413 to a longer request without naming its limit. The limit is found by halving,
and stored for the server, so that it is searched only once.

Rule: the stored limit only saves requests; uploads work without it.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cabinet.client.failures import LimitInFront
from cabinet.client.local import state_folder
from cabinet.terminal.text import to_size

# Bytes. A proxy that refuses this size is not meant for file uploads.
MIN_LIMIT = 256 << 10

# Seconds, 30 days: the limit may have been raised since.
_REMEMBERED_FOR = 30 * 86400


class RequestLimit:
    """The limit in front of one server, stored as a file in `folder`; thread-safe.

    `max_bytes` is None until a request was refused. `report` is called once, with a message.
    """

    def __init__(
        self, server: str = "", folder: Path | None = None, report: Callable[[str], None] = lambda _: None
    ) -> None:
        self._server = server
        self._report = report
        name = hashlib.sha256(server.encode()).hexdigest()[:32]
        self._file = folder / name if folder is not None and folder.is_absolute() else None
        self._lock = threading.Lock()
        self._is_unconfirmed = False
        self._was_reported = False
        self.max_bytes = self._remembered()

    def allows(self, size: int) -> bool:
        """Return whether a request of `size` bytes is within the known limit."""
        return self.max_bytes is None or size <= self.max_bytes

    def refused(self, error: LimitInFront) -> None:
        """Lower the limit after a refused request; raises `error` at the minimum."""
        if error.size <= MIN_LIMIT:
            raise error
        with self._lock:
            # The next lower power of two, because limits usually are one.
            lower = max(MIN_LIMIT, 1 << (error.size - 1).bit_length() - 1)
            if self.max_bytes is None or lower < self.max_bytes:
                self.max_bytes = lower
                self._is_unconfirmed = True

    def succeeded(self, size: int) -> None:
        """Store the limit once a request of more than half its size succeeded."""
        if not self._is_unconfirmed or self.max_bytes is None or size <= self.max_bytes // 2:
            return
        with self._lock:
            is_first, self._was_reported, self._is_unconfirmed = not self._was_reported, True, False
            self._remember(self.max_bytes)
        if is_first:
            limit = to_size(self.max_bytes)
            self._report(f"The proxy in front of {self._server} accepts at most {limit} per request.")

    def _remembered(self) -> int | None:
        if self._file is None:
            return None
        with suppress(OSError, ValueError):
            if self._file.stat().st_mtime > time.time() - _REMEMBERED_FOR:
                return max(MIN_LIMIT, int(self._file.read_bytes()))
        return None

    def _remember(self, most: int) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._file.write_text(f"{most}\n", encoding="ascii")


def default_folder() -> Path:
    """Return the folder of stored limits; a relative path if there is no home folder."""
    return state_folder() / "limits"
