"""A connection between client and server that can be cut at any byte.

Rule: bytes pass unchanged; a cut happens once, at the planned byte, and later connections pass.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

HOST = "127.0.0.1"

_PIECE = 1 << 16

# Seconds without a byte after which a connection is given up.
_PATIENCE = 60

# Close both ends of a connection; given what the client talks to, and what talks to the server.
Ending = Callable[[socket.socket, socket.socket], None]


def close_gracefully(client: socket.socket, server: socket.socket) -> None:
    """Close the sending side towards the server (FIN), and disconnect the client."""
    with suppress(OSError):
        server.shutdown(socket.SHUT_WR)
    client.close()


def close_abruptly(*ends: socket.socket) -> None:
    """Reset each end (RST); unread bytes may be lost."""
    for end in ends:
        with suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.close()


@dataclass(frozen=True, slots=True)
class Cut:
    """End the connection at byte number `after` from the client; `then` is called before.

    With `at_answer` the whole request arrives, and the response is lost.
    """

    after: int
    end: Ending
    then: Callable[[], None] = lambda: None
    at_answer: bool = False


class Line:
    """Passes connections to (HOST, `port`); `port` of its own is where clients connect."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        self._over = threading.Event()
        self._was_cut = False
        self._cut: Cut | None = None
        self._passed = 0
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._ends: set[socket.socket] = set()
        self._start(self._accept)

    @property
    def url(self) -> str:
        """The address for clients, without a slash at its end."""
        return f"http://{HOST}:{self.port}"

    def passed(self) -> int:
        """Return how many bytes have gone to the server since the last plan."""
        with self._lock:
            return self._passed

    def plan(self, cut: Cut | None) -> None:
        """Count from zero, and cut as planned; None never cuts."""
        with self._lock:
            self._cut, self._passed, self._was_cut = cut, 0, False
            self._over.clear()

    def was_cut(self) -> bool:
        """Return whether the connection was cut as planned; if so, wait until both ends are closed."""
        with self._lock:
            begun = self._was_cut
        if begun:
            assert self._over.wait(_PATIENCE)
        return begun

    def close(self) -> None:
        """End everything, and wait for it."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            ends = list(self._ends)
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _start(self, work: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection((HOST, self._target))
            except OSError:
                close_abruptly(client)
                continue
            self._start(self._pass, client, server)

    def _pass(self, client: socket.socket, server: socket.socket) -> None:
        """Forward bytes of both sides until both have ended, or until the cut.

        One thread for both directions: closing a socket does not wake another thread that waits for it.
        """
        with self._lock:
            self._ends |= {client, server}
        waiting = {client: server, server: client}
        with client, server, suppress(OSError):
            while waiting:
                ready, _, _ = select.select(list(waiting), [], [], _PATIENCE)
                if not ready:
                    return
                for source in ready:
                    piece = source.recv(_PIECE)
                    allowed, cut = self._count(len(piece)) if source is client else self._answered(len(piece))
                    waiting[source].sendall(piece[:allowed])
                    if cut is not None:
                        self._end(cut, client, server)
                        return
                    if not piece:
                        waiting.pop(source).shutdown(socket.SHUT_WR)

    def _end(self, cut: Cut, client: socket.socket, server: socket.socket) -> None:
        try:
            cut.then()
            cut.end(client, server)
        finally:
            self._over.set()

    def _count(self, size: int) -> tuple[int, Cut | None]:
        """Return how many bytes of a piece to forward, and the cut if it is due."""
        with self._lock:
            cut, before = self._cut, self._passed
            self._passed += size
            if cut is None or cut.at_answer or self._passed <= cut.after:
                return size, None
            self._cut, self._was_cut = None, True
            return cut.after - before, cut

    def _answered(self, size: int) -> tuple[int, Cut | None]:
        """Return how much of an answer passes, and the cut when it is lost."""
        with self._lock:
            cut = self._cut
            if cut is None or not cut.at_answer or self._passed <= cut.after or not size:
                return size, None
            self._cut, self._was_cut = None, True
            return 0, cut


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    """Open a line to a port of this machine for as long as the context lasts."""
    line = Line(port)
    try:
        yield line
    finally:
        line.close()
