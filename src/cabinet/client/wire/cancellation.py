"""Cancellation of all threads of a command: one flag, and the sockets that threads wait on.

Rule: threads wait only here or on a socket that is watched here, so that Ctrl-C ends every wait.
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
    """Cancels all threads of a command, permanently."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._sockets: WeakSet[socket.socket] = WeakSet()

    @property
    def is_set(self) -> bool:
        """Whether the command is canceled."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Make `check` and `wait` raise from now on, and end every wait on a watched socket."""
        import socket  # not needed for --help, which must be fast

        self._event.set()
        with self._lock:
            for waiting in self._sockets:
                # Not SSLSocket.shutdown, which would drop the TLS state of the thread that reads.
                with suppress(OSError):
                    socket.socket.shutdown(waiting, socket.SHUT_RDWR)

    def watch(self, connected: socket.socket) -> None:
        """Shut `connected` down on cancellation; raises `Stopped` if canceled already."""
        with self._lock:
            self._sockets.add(connected)
        self.check()

    def check(self) -> None:
        """Raise `Stopped` if the command is canceled."""
        if self._event.is_set():
            raise Stopped

    def wait(self, seconds: float) -> None:
        """Wait; raises `Stopped` as soon as the command is canceled."""
        if self._event.wait(seconds):
            raise Stopped
