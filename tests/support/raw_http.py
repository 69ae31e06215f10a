"""HTTP by hand over a socket, for requests that no client library would send.

Rule: exactly what the test wrote is sent; nothing is completed, checked or retried.
"""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPMessage, HTTPResponse
from io import BufferedReader
from typing import cast

from tests.support.waiting import PATIENCE


@dataclass(frozen=True, slots=True)
class RawResponse:
    """An answer as it came."""

    status: int
    headers: HTTPMessage
    body: bytes


def request_head(method: str, target: str, headers: Mapping[str, str | int]) -> bytes:
    """Return a request line and header fields, with the empty line that ends them."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


class _NoFurther:
    """Provides a file of a connection that reads no byte of the next response."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def makefile(self, _mode: str) -> BufferedReader:
        return self._socket.makefile("rb", buffering=1)


class RawConnection:
    """One connection, with every way to end it badly."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected

    def send(self, data: bytes) -> None:
        """Send `data`; the server may close the connection early, which is no error here."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            return

    def half_close(self) -> None:
        """Close the sending side (FIN), and keep reading."""
        with suppress(OSError):  # ENOTCONN: the server has hung up
            self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Go away at once (RST), as a crashed client or a cut line does."""
        # linger for 0 seconds: close() then drops unsent bytes and resets
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def read_response(self, method: str = "GET") -> RawResponse | None:
        """Return the next answer to a `method` request, or None where the server hung up without one."""
        try:
            with HTTPResponse(cast("socket.socket", _NoFurther(self.socket)), method=method) as response:
                response.begin()
                return RawResponse(response.status, response.msg, response.read())
        except ConnectionError:
            return None


@contextmanager
def raw_connection(host: str, port: int, *, seconds: float = PATIENCE) -> Iterator[RawConnection]:
    """Open a connection on which every single wait ends after `seconds`."""
    with socket.create_connection((host, port), timeout=seconds) as connected:
        yield RawConnection(connected)
