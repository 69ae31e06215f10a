"""One kept connection, by hand: a client so plain that only the server is measured.

Rule: one request after the other; every answer is read whole and has to be 2xx.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter

from tests.support.listening import HOST
from tests.support.raw_http import request_head

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class KeptConnection:
    """A connection that times what is sent over it."""

    def __init__(self, connected: socket.socket, headers: Mapping[str, str]) -> None:
        self._socket = connected
        self._headers = {"Host": HOST, **headers}

    def request(self, method: str, path: str, body: bytes = b"") -> float:
        """Return the seconds from the first byte sent to the last one received."""
        length = {"Content-Length": len(body)} if body else {}
        message = request_head(method, path, {**self._headers, **length}) + body
        started = perf_counter()
        self._socket.sendall(message)
        self._read_answer()
        return perf_counter() - started

    def _read_answer(self) -> None:
        answer = b""
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += self._receive()
        length = _LENGTH.search(answer, 0, end + 2)
        if not answer.startswith(b"HTTP/1.1 2") or length is None:
            raise RuntimeError(f"an answer of no use here: {answer[:300]!r}")
        left = end + 4 + int(length[1]) - len(answer)
        while left > 0:
            left -= len(self._receive())

    def _receive(self) -> bytes:
        received = self._socket.recv(1 << 16)
        if not received:
            raise RuntimeError("the server hung up")
        return received


@contextmanager
def kept_connection(port: int, headers: Mapping[str, str]) -> Iterator[KeptConnection]:
    """Connect; every request carries `headers`."""
    with socket.create_connection((HOST, port), timeout=60) as connected:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield KeptConnection(connected, headers)
