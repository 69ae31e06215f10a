"""A refusal that its sender gets to hear, though it is still sending.

A server that answers early and closes while bytes arrive makes the kernel reset the connection.
The sender then sees its own failed write and never the answer: a proxy makes a 502 of it, a browser
"connection lost", and both try again what was refused for good.

Rule: it reads only what belongs to the refused request, only after the answer is out, and not for long.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Timer
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
    if response.status_code >= 400 and connection is not None:
        response.call_on_close(lambda: _discard(stream, connection))


def _discard(stream: Any, connection: socket.socket) -> None:
    connection.settimeout(_SECONDS)
    # It ends the loop also for a sender of one byte a second.
    end = Timer(_SECONDS, _stop_reading, [connection])
    with suppress(MalformedRequest, OSError):
        left = _BYTES if stream.read(1) else 0
        if left:
            end.start()
        while left > 0 and (piece := stream.read(_PIECE)):
            left -= len(piece)
    end.cancel()


def _stop_reading(connection: socket.socket) -> None:
    with suppress(OSError):
        # Past the class of an encrypted connection, which would drop the encryption as well.
        socket.socket.shutdown(connection, socket.SHUT_RD)
