"""What the server hands over as a request's body, whose errors here all mean one thing.

Each server has exceptions of its own for a connection that breaks off. Werkzeug's development
server has none in one case: when a sender breaks off inside a chunk, `DechunkedInput.readinto`
shrinks the buffer that it was given and reports it as filled, and `read` then returns whatever
lies behind it in memory, or crashes the process.

Rule: what a caller reads came over the wire; whatever goes wrong with it is `MalformedRequest`.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from flask import Request
from werkzeug.serving import DechunkedInput

from cabinet.errors import N_, MalformedRequest

BROKEN_OFF = N_("the connection broke off, or its framing is wrong.")


class _Wire:
    """The server's stream behind one try."""

    def __init__(self, stream: Any) -> None:
        whole = _WholeChunks(stream) if isinstance(stream, DechunkedInput) else stream
        self._read: Callable[[int], bytes] = whole.read

    def read(self, size: int = -1, /) -> bytes:
        try:
            return self._read(size)
        except Exception as error:  # each server raises classes of its own, few of them OSError
            raise MalformedRequest(reason=BROKEN_OFF) from error


class _WholeChunks(io.RawIOBase):
    """A `DechunkedInput` whose buffer is looked at again."""

    def __init__(self, stream: DechunkedInput) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        received = bytearray(len(buffer))
        count = self._stream.readinto(received)
        if len(received) != len(buffer):
            raise EOFError
        buffer[:count] = received[:count]
        return count


def guard_body(request: Request) -> None:
    """Let everybody who reads the body of `request`, be it a form or content, read it by this module."""
    request.environ["wsgi.input"] = _Wire(request.environ["wsgi.input"])
