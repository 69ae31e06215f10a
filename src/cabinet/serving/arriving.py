"""How far a request has come, and whether a thread has anything to do for it yet.

Rule: it looks at bytes and asks the application about a route; no sockets and no clock.
"""

from __future__ import annotations

import os
from enum import Enum, auto

from flask import Flask
from gunicorn.util import split_request_uri

from cabinet.services.accounts.login_throttle import to_network
from cabinet.serving.waiting import Waiter
from cabinet.web.framing import BadFraming, Chunked, Head, end_of_head, is_broken, read_head
from cabinet.web.guard import is_streamed

# Bytes. gunicorn would take a head of 800 KB; no client has one, and each that waits costs memory.
HEAD_BYTES = 64 << 10
# A body of at most so many bytes is waited for, unless it comes in chunks for a view that streams it.
SMALL_BODY = 64 << 10

# Seconds for a small body behind its head; of one that a view streams, as many more as it has KiB.
BODY_SECONDS = 10.0
BODY_RATE = 1 << 10


class Progress(Enum):
    """What has come of a request."""

    NO_HEAD = auto()
    TOO_LARGE = auto()  # a head
    HEAD = auto()  # and more is to come before a thread could do anything
    ENOUGH = auto()  # all, or a body that a thread reads as it comes, or what gunicorn refuses


class Arrivals:
    """Looks at what comes for `application`; a WSGI application that is not Flask's has no routes to ask about."""

    def __init__(self, application: object) -> None:
        self._app = application if isinstance(application, Flask) else None
        self._hops = int(self._app.config.get("PROXY_HOPS", 0)) if self._app else 0

    def look(self, waiter: Waiter) -> Progress:
        """Return how far the request of `waiter` has come, and remember what was looked at."""
        if waiter.head is not None:
            return self._look_at_body(waiter, waiter.head)
        size = end_of_head(waiter.received, waiter.searched)
        if size is not None:
            waiter.searched = size
            waiter.head = read_head(bytes(waiter.received[:size]))
            return self._look_at_body(waiter, waiter.head)
        if is_broken(waiter.received, waiter.searched):
            return Progress.ENOUGH
        waiter.searched = len(waiter.received)
        return Progress.TOO_LARGE if waiter.searched > HEAD_BYTES else Progress.NO_HEAD

    def seconds_for_body(self, head: Head) -> float:
        """Return how long its sender has for a body that is waited for."""
        return BODY_SECONDS + ((head.length or 0) / BODY_RATE if self._streams(head) else 0.0)

    def sender(self, head: Head) -> str | None:
        """Return whose request this is, where a proxy says so that the settings trust."""
        if not self._hops or len(head.forwarded_for) < self._hops:
            return None
        return to_network(head.forwarded_for[-self._hops])

    def _look_at_body(self, waiter: Waiter, head: Head) -> Progress:
        if head.length is not None:
            is_here = head.length > SMALL_BODY or len(waiter.received) >= head.size + head.length
        elif head.is_chunked:
            is_here = self._are_chunks_here(waiter, head)
        else:
            is_here = True
        return Progress.ENOUGH if is_here else Progress.HEAD

    def _are_chunks_here(self, waiter: Waiter, head: Head) -> bool:
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
        """Tell whether a view reads this body itself."""
        if self._app is None:
            return False
        try:
            path = split_request_uri(head.target).path or ""
        except ValueError:
            return False
        return is_streamed(self._app, head.method, path.removeprefix(os.environ.get("SCRIPT_NAME", "")))
