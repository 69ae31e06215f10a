"""The most that one request may carry, where something in front of a server has a limit of its own.

A proxy or CDN answers 413 to what is longer than its operator allows, and nobody says how much that
is: it is found out by halves, and remembered for the server, so that it is met once.

Rule: what is remembered saves a few requests and is nothing to rely on; where it cannot be kept, all goes on.
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

# Bytes. Whatever refuses this much is not meant to let files pass.
MIN_LIMIT = 256 << 10

# Seconds, 30 days: an operator may have raised the limit since.
_REMEMBERED_FOR = 30 * 86400


class RequestLimit:
    """The limit in front of one server, kept as a file in `folder`; any thread may meet it.

    `most` is in bytes, None as long as no limit was met. `tell` gets one sentence about it, once.
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
        """Tell whether a request of `size` bytes may pass, as far as is known."""
        return self.max_bytes is None or size <= self.max_bytes

    def refused(self, error: LimitInFront) -> None:
        """Learn from a request that was too long; raises `error` when no shorter one is worth trying."""
        if error.size <= MIN_LIMIT:
            raise error
        with self._lock:
            # A power of two below, for that is what people set.
            lower = max(MIN_LIMIT, 1 << (error.size - 1).bit_length() - 1)
            if self.max_bytes is None or lower < self.max_bytes:
                self.max_bytes = lower
                self._is_unconfirmed = True

    def succeeded(self, size: int) -> None:
        """Learn from a request that got through: what is nearly as long as it may be confirms the limit."""
        if not self._is_unconfirmed or self.max_bytes is None or size <= self.max_bytes // 2:
            return
        with self._lock:
            is_first, self._was_reported, self._is_unconfirmed = not self._was_reported, True, False
            self._remember(self.max_bytes)
        if is_first:
            limit = to_size(self.max_bytes)
            self._report(f"The proxy in front of {self._server} takes at most {limit} per request.")

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
    """Return where the limits of servers are remembered; a relative path where nobody's home is known."""
    return state_folder() / "limits"
