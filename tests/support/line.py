"""A line between a client and a server that can be cut at any byte.

Rule: what passes is not changed; a cut happens once, at the byte that was planned, and the
connections that come after it pass as before.
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


def end_politely(client: socket.socket, server: socket.socket) -> None:
    """Tell the server that nothing more will come (FIN), and be gone for the client."""
    with suppress(OSError):
        server.shutdown(socket.SHUT_WR)
    client.close()


def end_rudely(*ends: socket.socket) -> None:
    """Reset each end (RST); what was not read yet may be lost."""
    for end in ends:
        with suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.close()


@dataclass(frozen=True, slots=True)
class Cut:
    """End the connection over which byte number `after` comes from the client; `then` is called before.

    With `at_answer` all that the client sends arrives, and the answer to it is what gets lost.
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
        """Count from zero, and cut as planned; None lets everything pass."""
        with self._lock:
            self._cut, self._passed, self._was_cut = cut, 0, False
            self._over.clear()

    def was_cut(self) -> bool:
        """Tell whether the line was cut as planned; when it was, everything about that is over."""
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
                end_rudely(client)
                continue
            self._start(self._pass, client, server)

    def _pass(self, client: socket.socket, server: socket.socket) -> None:
        """Pass what comes from either side until both have ended, or up to the cut.

        One thread for both ways: a socket that another thread waits for would not end when closed.
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
        """Return how much of a piece passes, and the cut when it comes now."""
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
