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
LOWEST = 256 << 10

# Seconds, 30 days: an operator may have raised the limit since.
_REMEMBERED_FOR = 30 * 86400


class Ceiling:
    """The limit in front of one server, kept as a file in `folder`; any thread may meet it.

    `most` is in bytes, None as long as no limit was met. `tell` gets one sentence about it, once.
    """

    def __init__(
        self, server: str = "", folder: Path | None = None, tell: Callable[[str], None] = lambda _: None
    ) -> None:
        self._server = server
        self._tell = tell
        name = hashlib.sha256(server.encode()).hexdigest()[:32]
        self._file = folder / name if folder is not None and folder.is_absolute() else None
        self._lock = threading.Lock()
        self._is_news = False
        self._was_told = False
        self.most = self._remembered()

    def allows(self, size: int) -> bool:
        """Tell whether a request of `size` bytes may pass, as far as is known."""
        return self.most is None or size <= self.most

    def meet(self, error: LimitInFront) -> None:
        """Learn from a request that was too long; raises `error` when no shorter one is worth trying."""
        if error.size <= LOWEST:
            raise error
        with self._lock:
            # A power of two below, for that is what people set.
            lower = max(LOWEST, 1 << (error.size - 1).bit_length() - 1)
            if self.most is None or lower < self.most:
                self.most = lower
                self._is_news = True

    def passed(self, size: int) -> None:
        """Learn from a request that got through: what is nearly as long as it may be confirms the limit."""
        if not self._is_news or self.most is None or size <= self.most // 2:
            return
        with self._lock:
            is_first, self._was_told, self._is_news = not self._was_told, True, False
            self._remember(self.most)
        if is_first:
            limit = to_size(self.most)
            self._tell(f"The proxy in front of {self._server} takes at most {limit} per request.")

    def _remembered(self) -> int | None:
        if self._file is None:
            return None
        with suppress(OSError, ValueError):
            if self._file.stat().st_mtime > time.time() - _REMEMBERED_FOR:
                return max(LOWEST, int(self._file.read_bytes()))
        return None

    def _remember(self, most: int) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._file.write_text(f"{most}\n", encoding="ascii")


def default_folder() -> Path:
    """Return where the limits of servers are remembered; a relative path where nobody's home is known."""
    return state_folder() / "limits"
