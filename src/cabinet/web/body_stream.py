"""Make the body streams of other WSGI servers raise our errors.

Our own worker provides a `RequestBody`, which needs none of this. Every other server raises exceptions of its
own for a lost connection. Werkzeug's development server fails to do so in one case: if a client disconnects
inside a chunk, `DechunkedInput.readinto` shrinks the buffer that it was given and reports it as filled, and
`read` then returns the memory behind it, or crashes the process.

After a disconnect some bytes remain in the server's buffer, which it never returns from a failed read. A
resumable upload needs them.

Rule: every error while reading a body is `MalformedRequest`, or `RequestTimeout` if the client was too slow.
"""

from __future__ import annotations

import io
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flask import Request
from werkzeug.serving import DechunkedInput

from cabinet.errors import CabinetError, MalformedRequest, RequestTimeout
from cabinet.web.request_body import BROKEN_OFF, RequestBody

# From Linux, <asm-generic/socket.h> and <linux/sock_diag.h>: the buffer sizes of a connection.
_SO_MEMINFO = 55
_FACTS = struct.Struct("=9I")
_WMEM_ALLOC, _WMEM_QUEUED = 2, 5


class _BodyStream:
    """The server's stream with one place for errors; bytes received before an error are returned first."""

    def __init__(self, stream: Any, peer: socket.socket | None) -> None:
        self._peer = peer
        self._error: Exception | None = None
        if isinstance(stream, DechunkedInput):
            stream = _WholeChunks(stream)
        # A buffered stream drops the bytes it has gathered when waiting for more fails.
        self._read: Callable[[int], bytes] = (
            stream.read1 if isinstance(stream, io.BufferedReader) else stream.read
        )

    def read(self, size: int = -1, /) -> bytes:
        """Return the bytes received, even if the next read fails; once none are left, raise that error."""
        if self._error is None:
            try:
                return self._read(size)
            except Exception as error:  # noqa: BLE001 - each server raises its own classes, few of them OSError
                # Without its traceback, whose frames hold the received bytes and this object.
                self._error = error.with_traceback(None)
        rest = self._salvage(size)
        if not rest:
            raise self._to_error() from self._error
        return rest

    def _to_error(self) -> CabinetError:
        if isinstance(self._error, TimeoutError):
            return RequestTimeout()
        return MalformedRequest(reason=BROKEN_OFF)

    def _salvage(self, size: int) -> bytes:
        """Return the bytes in the server's buffer, which it does not return while it waits for more."""
        if self._peer is None:
            return b""
        patience = self._peer.gettimeout()
        self._peer.settimeout(0)
        try:
            while size > 0:
                try:
                    return self._read(size)
                except Exception:  # noqa: BLE001 - likewise
                    size //= 2
        finally:
            self._peer.settimeout(patience)
        return b""


class _WholeChunks(io.RawIOBase):
    """A `DechunkedInput` whose buffer is checked after each read."""

    def __init__(self, stream: DechunkedInput) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with the bytes that arrive; raises `EOFError` if the server overstates their count."""
        received = bytearray(len(buffer))
        count = self._stream.readinto(received)
        if len(received) != len(buffer):
            raise EOFError
        buffer[:count] = received[:count]
        return count


def guard_body(request: Request) -> None:
    """Wrap the body stream of `request`, for forms and content alike."""
    if body_of(request) is None:
        request.environ["wsgi.input"] = _BodyStream(request.environ["wsgi.input"], peer_of(request))


def body_of(request: Request) -> RequestBody | None:
    """Return the body of `request`, None under another server."""
    body = request.environ["wsgi.input"]
    return body if isinstance(body, RequestBody) else None


def peer_of(request: Request) -> socket.socket | None:
    """Return the connection of `request`, if the server exposes it."""
    environ = request.environ
    peer = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")
    return peer if isinstance(peer, socket.socket) else None


def send_buffer_space(connection: socket.socket) -> int:
    """Return how many bytes can be sent now without blocking, even if the client reads nothing."""
    size = connection.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    taken = 0
    if sys.platform == "linux":
        with suppress(OSError, struct.error):
            facts = connection.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _FACTS.size)
            taken = max(_FACTS.unpack(facts)[at] for at in (_WMEM_ALLOC, _WMEM_QUEUED))
    # The kernel reports a connection as writable only while a third of its buffer is free, and short packets
    # take up to three times their length.
    return (size * 2 // 3 - taken) // 3


def interrupter(request: Request) -> Callable[[], None]:
    """Return a function that ends the body of `request` now, from any thread; a response can still be sent."""
    peer = peer_of(request)

    def interrupt() -> None:
        if peer is not None:
            with suppress(OSError):
                # Bypass the class of a TLS connection, whose method would also drop the encryption.
                socket.socket.shutdown(peer, socket.SHUT_RD)

    return interrupt
