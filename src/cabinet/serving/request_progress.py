"""How much of a request has been received, and whether a thread can start on it.

Rule: inspects bytes and the application's routes; no sockets and no clock.
"""

from __future__ import annotations

import os
from enum import Enum, auto

from flask import Flask
from gunicorn.util import split_request_uri

from cabinet.services.accounts.login_throttle import to_network
from cabinet.serving.waiting_connections import WaitingConnection
from cabinet.web.framing import BadFraming, Chunked, Head, end_of_head, is_broken, read_head
from cabinet.web.request_guards import is_streamed

# Bytes of request headers. gunicorn would accept 800 KB; no client needs that, and it costs memory.
HEAD_BYTES = 64 << 10
# Bodies of at most this many bytes are received completely first, except chunked ones for a streaming view.
SMALL_BODY = 64 << 10

# Seconds for a small body after its headers, and one more per KiB for a view that streams it.
BODY_SECONDS = 10.0
BODY_RATE = 1 << 10


class Progress(Enum):
    """How much of a request has been received."""

    NO_HEAD = auto()
    TOO_LARGE = auto()  # the headers exceed `HEAD_BYTES`
    HEAD = auto()  # the headers, but not yet the whole of a small body
    ENOUGH = auto()  # everything, or a body that a thread streams, or input that gunicorn refuses


class RequestInspector:
    """Inspects requests to `application`; one that is not a Flask application has no known routes."""

    def __init__(self, application: object) -> None:
        self._app = application if isinstance(application, Flask) else None
        self._hops = int(self._app.config.get("PROXY_HOPS", 0)) if self._app else 0

    def inspect(self, waiter: WaitingConnection) -> Progress:
        """Return the progress of the request on `waiter`, and record how much was inspected."""
        if waiter.head is not None:
            return self._inspect_body(waiter, waiter.head)
        size = end_of_head(waiter.received, waiter.searched)
        if size is not None:
            waiter.searched = size
            waiter.head = read_head(bytes(waiter.received[:size]))
            return self._inspect_body(waiter, waiter.head)
        if is_broken(waiter.received, waiter.searched):
            return Progress.ENOUGH
        waiter.searched = len(waiter.received)
        return Progress.TOO_LARGE if waiter.searched > HEAD_BYTES else Progress.NO_HEAD

    def seconds_for_body(self, head: Head) -> float:
        """Return the seconds that a client has to send a small body."""
        return BODY_SECONDS + ((head.length or 0) / BODY_RATE if self._streams(head) else 0.0)

    def client_of(self, head: Head) -> str | None:
        """Return the client's network according to trusted proxies, None without them."""
        if not self._hops or len(head.forwarded_for) < self._hops:
            return None
        return to_network(head.forwarded_for[-self._hops])

    def _inspect_body(self, waiter: WaitingConnection, head: Head) -> Progress:
        if head.length is not None:
            is_received = head.length > SMALL_BODY or len(waiter.received) >= head.size + head.length
        elif head.is_chunked:
            is_received = self._are_chunks_received(waiter, head)
        else:
            is_received = True
        return Progress.ENOUGH if is_received else Progress.HEAD

    def _are_chunks_received(self, waiter: WaitingConnection, head: Head) -> bool:
        if waiter.chunks is None:
            if self._streams(head):
                return True
            waiter.chunks = Chunked()
        try:
            waiter.chunks.feed(bytes(waiter.received[waiter.searched :]))
        except BadFraming:
            return True
        waiter.searched = len(waiter.received)
        return waiter.chunks.is_over or waiter.searched > head.size + SMALL_BODY

    def _streams(self, head: Head) -> bool:
        """Return whether the view of this request streams its body."""
        if self._app is None:
            return False
        try:
            path = split_request_uri(head.target).path or ""
        except ValueError:
            return False
        return is_streamed(self._app, head.method, path.removeprefix(os.environ.get("SCRIPT_NAME", "")))
