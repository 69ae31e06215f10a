"""Ctrl-C for a command that does several things at once: one flag, and every socket that waits.

Rule: whoever waits, waits here or on a socket that is watched here; so nothing outlasts the key.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING
from weakref import WeakSet

from cabinet.client.failures import Stopped

if TYPE_CHECKING:
    import socket


class Cancellation:
    """Ends what all threads of a command do; once set, it stays so."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._sockets: WeakSet[socket.socket] = WeakSet()

    @property
    def is_set(self) -> bool:
        """Whether everything shall end."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Let `check` and `wait` raise from now on, and end every wait for a watched socket."""
        import socket  # not before something went wrong, for --help shall be quick

        self._event.set()
        with self._lock:
            for waiting in self._sockets:
                # Past the shutdown of ssl, which would take the state from under the thread that reads.
                with suppress(OSError):
                    socket.socket.shutdown(waiting, socket.SHUT_RDWR)

    def watch(self, connected: socket.socket) -> None:
        """End `connected`, too, when the time comes; raises `Stopped` if it has."""
        with self._lock:
            self._sockets.add(connected)
        self.check()

    def check(self) -> None:
        """Raise `Stopped` if everything shall end."""
        if self._event.is_set():
            raise Stopped

    def wait(self, seconds: float) -> None:
        """Pause; raises `Stopped` as soon as everything shall end."""
        if self._event.wait(seconds):
            raise Stopped
