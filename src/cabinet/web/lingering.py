"""A refusal that its sender gets to hear, though it is still sending.

A server that answers early and closes while bytes arrive makes the kernel reset the connection.
The sender then sees its own failed write and never the answer: a proxy makes a 502 of it, a browser
"connection lost", and both try again what was refused for good.

Rule: it reads only what belongs to the refused request, only after the answer is out, and not for long.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Event, Timer
from typing import Any

from flask import Request, Response

from cabinet.errors import MalformedRequest

# Until a sender has looked at the answer: time for it to arrive, and what a fast one sends meanwhile.
_SECONDS = 2.0
_BYTES = 64 << 20

_PIECE = 1 << 16


def hear_out(request: Request, response: Response) -> None:
    """Let what is left of the body of a refused request be read once `response` has been sent."""
    stream, connection = request.environ["wsgi.input"], request.environ.get("gunicorn.socket")
    has_body = request.content_length or "Transfer-Encoding" in request.headers
    if response.status_code >= 400 and has_body and connection is not None:
        response.call_on_close(lambda: _discard(stream, connection))


def _discard(stream: Any, connection: socket.socket) -> None:
    # Not the socket's timeout: that one begins anew with each byte.
    over = Event()
    end = Timer(_SECONDS, _hang_up, [connection, over])
    end.start()
    left = _BYTES
    try:
        with suppress(MalformedRequest, OSError):
            # What is not read by the end makes the kernel reset the connection. To read it would
            # leave a sender that waits for room in the dark: of that a closed connection tells nothing.
            while left > 0 and not over.is_set() and (piece := stream.read(_PIECE)):
                left -= len(piece)
    finally:
        end.cancel()


def _hang_up(connection: socket.socket, over: Event) -> None:
    over.set()
    with suppress(OSError):
        # Both ways, for a connection closed for reading alone still takes what comes. Past the class of
        # an encrypted one, whose own shutdown would send what follows unencrypted.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
