"""One connection as gunicorn has it, with whose it is and what is said on it without a thread.

Rule: nothing here waits; what the peer does not take at once is not said.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from socket import SHUT_WR, socket
from typing import Any

from gunicorn.workers.gthread import TConn

from cabinet.services.accounts.login_throttle import to_network
from cabinet.web.wire import room_for_answer

# Whose the connections of a socket in the file system are: all of them come from one program.
_LOCAL = "local"
# Bytes: of an error, say.
_SHORT_ANSWER = 4 << 10


class Connection(TConn):  # type: ignore[misc]  # gunicorn carries no types
    """A connection to a peer; `address` is its own, or the network of it."""

    def __init__(self, cfg: Any, connection: socket, peer: Any, server: Any) -> None:
        super().__init__(cfg, connection, peer, server)
        self.address = to_network(peer[0]) if isinstance(peer, tuple) else _LOCAL
        # Whether its sender waited for that word before it sent a body, and got it.
        self.was_told_to_continue = False

    @property
    def has_more(self) -> bool:
        """Tell whether TLS has bytes of which the poller knows nothing."""
        return isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0

    @property
    def has_room(self) -> bool:
        """Tell whether a short answer can be sent at once; not while many others lie in front of it."""
        return room_for_answer(self.sock) >= _SHORT_ANSWER

    def say(self, data: bytes) -> None:
        """Send a few bytes."""
        with suppress(OSError):
            self.sock.send(data)

    def end_answers(self) -> None:
        """Say that nothing more will be sent; raises OSError when the peer has gone."""
        # Past the class of an encrypted connection, which would drop the encryption as well.
        socket.shutdown(self.sock, SHUT_WR)

    def read_raw(self, buffer: memoryview) -> int:
        """Take bytes that nobody wants, encrypted ones as they are; 0 when the peer has closed."""
        return socket.recv_into(self.sock, buffer)
