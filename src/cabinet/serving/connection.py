"""A connection of gunicorn with the client's network, and short responses sent without a thread.

Rule: nothing here blocks; data that the peer does not accept at once is dropped.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from socket import SHUT_WR, socket
from typing import Any

from gunicorn.workers.gthread import TConn

from cabinet.services.accounts.login_throttle import to_network
from cabinet.web.body_stream import send_buffer_space

# The address of connections on a Unix socket: all of them come from one proxy.
_LOCAL = "local"
# Bytes; the size of an error response.
_SHORT_RESPONSE = 4 << 10


class Connection(TConn):  # type: ignore[misc]  # gunicorn carries no types
    """A connection to a peer; `address` is its IP address or network."""

    def __init__(self, cfg: Any, connection: socket, peer: Any, server: Any) -> None:
        super().__init__(cfg, connection, peer, server)
        self.address = to_network(peer[0]) if isinstance(peer, tuple) else _LOCAL
        # Whether the interim response 100 (Continue) was sent for the current request.
        self.sent_continue = False

    @property
    def has_more(self) -> bool:
        """Return whether TLS has buffered bytes that the poller cannot see."""
        return isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0

    @property
    def can_send(self) -> bool:
        """Return whether a short response can be sent without blocking."""
        return send_buffer_space(self.sock) >= _SHORT_RESPONSE

    def send(self, data: bytes) -> None:
        """Send a few bytes, ignoring errors."""
        with suppress(OSError):
            self.sock.send(data)

    def shut_down_sending(self) -> None:
        """Shut down the sending side; raises OSError when the peer is gone."""
        # Not SSLSocket.shutdown, which would also drop the encryption.
        socket.shutdown(self.sock, SHUT_WR)

    def read_raw(self, buffer: memoryview) -> int:
        """Read bytes to be discarded, without decryption; return 0 when the peer has closed."""
        return socket.recv_into(self.sock, buffer)
