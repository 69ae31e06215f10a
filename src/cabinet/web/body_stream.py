"""What other servers than ours hand over as a request's body, whose errors here all mean one thing.

Our own worker hands over a `RequestBody`, which needs none of this. Each other server has exceptions of its own for a connection that breaks off. Werkzeug's development
server has none in one case: when a sender breaks off inside a chunk, `DechunkedInput.readinto`
shrinks the buffer that it was given and reports it as filled, and `read` then returns whatever
lies behind it in memory, or crashes the process.

A client that goes away in the middle leaves bytes with the server, which hands out none of a read
that an error has ended. An upload that can be resumed wants them.

Rule: what a caller reads came over the wire; whatever goes wrong with it is `MalformedRequest`, or
`RequestTimeout` where the sender let us wait too long.
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

# Of Linux, <asm-generic/socket.h> and <linux/sock_diag.h>: what the buffers of a connection take.
_SO_MEMINFO = 55
_FACTS = struct.Struct("=9I")
_WMEM_ALLOC, _WMEM_QUEUED = 2, 5


class _Wire:
    """The server's stream behind one try; what came before an error is handed out before it."""

    def __init__(self, stream: Any, peer: socket.socket | None) -> None:
        self._peer = peer
        self._error: Exception | None = None
        if isinstance(stream, DechunkedInput):
            stream = _WholeChunks(stream)
        # A buffered stream forgets what it has gathered when an error ends the wait for more.
        self._read: Callable[[int], bytes] = (
            stream.read1 if isinstance(stream, io.BufferedReader) else stream.read
        )

    def read(self, size: int = -1, /) -> bytes:
        """Return what has come, also when the next read fails; raises what that raised once nothing is left."""
        if self._error is None:
            try:
                return self._read(size)
            except Exception as error:  # noqa: BLE001 - each server raises classes of its own, few of them OSError
                # Without the frames that it passed through, which hold what has come, and this object.
                self._error = error.with_traceback(None)
        rest = self._salvage(size)
        if not rest:
            raise self._meaning() from self._error
        return rest

    def _meaning(self) -> CabinetError:
        if isinstance(self._error, TimeoutError):
            return RequestTimeout()
        return MalformedRequest(reason=BROKEN_OFF)

    def _salvage(self, size: int) -> bytes:
        """Return what the server has gathered already; it gives nothing while it wants more than that."""
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
    """A `DechunkedInput` whose buffer is looked at again."""

    def __init__(self, stream: DechunkedInput) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` as far as bytes come; raises `EOFError` where the server would report more than there are."""
        received = bytearray(len(buffer))
        count = self._stream.readinto(received)
        if len(received) != len(buffer):
            raise EOFError
        buffer[:count] = received[:count]
        return count


def guard_body(request: Request) -> None:
    """Let everybody who reads the body of `request`, be it a form or content, read it by this module."""
    if body_of(request) is None:
        request.environ["wsgi.input"] = _Wire(request.environ["wsgi.input"], peer_of(request))


def body_of(request: Request) -> RequestBody | None:
    """Return the body of `request`, None under a server that is not ours."""
    body = request.environ["wsgi.input"]
    return body if isinstance(body, RequestBody) else None


def peer_of(request: Request) -> socket.socket | None:
    """Return the connection that `request` came by, where the server shows it."""
    shown = (request.environ.get(f"{server}.socket") for server in ("gunicorn", "werkzeug"))
    return next((peer for peer in shown if isinstance(peer, socket.socket)), None)


def room_for_answer(connection: socket.socket) -> int:
    """Return how many bytes can be sent now without a pause, though their reader takes nothing."""
    size = connection.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    taken = 0
    if sys.platform == "linux":
        with suppress(OSError, struct.error):
            facts = connection.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _FACTS.size)
            taken = max(_FACTS.unpack(facts)[at] for at in (_WMEM_ALLOC, _WMEM_QUEUED))
    # The kernel calls a connection ready only while a third of its buffer is free, and short packets
    # take up to three times their length.
    return (size * 2 // 3 - taken) // 3


def interrupter(request: Request) -> Callable[[], None]:
    """Return what makes the body of `request` end now, from whatever thread; the answer can still be sent."""
    peer = peer_of(request)

    def interrupt() -> None:
        if peer is not None:
            with suppress(OSError):
                # Past the class of an encrypted connection, which would drop the encryption as well.
                socket.socket.shutdown(peer, socket.SHUT_RD)

    return interrupt
