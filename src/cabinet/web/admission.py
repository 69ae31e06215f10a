"""Which requests and answers count, and for whom; see `running.py`.

A transfer is a request whose body is still on its way when it begins, or whose answer is longer than
what the kernel takes of it at once. That differs a hundredfold between a proxy on this machine and a
stranger who asks for small packets, so the connection itself is asked.

Rule: it counts where our own worker serves, which says when an answer is out; under another server
nobody is refused.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, g, request

from cabinet.errors import TooManyRequests
from cabinet.services.accounts.login_throttle import to_network
from cabinet.web.bodies import set_timeout
from cabinet.web.body_stream import body_of, peer_of, room_for_answer
from cabinet.web.identity import ActingUser, visitor
from cabinet.web.peer import peer_address
from cabinet.web.runtime import runtime

# Bytes of the fields in front of an answer, generously.
_HEAD_BYTES = 2 << 10
# For an answer that is not refused any more, though there are too many that take long.
_HURRY_SECONDS = 1.0
_WITHOUT_BODY = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


def begin_request(*, streams: bool) -> None:
    """Count the current request; raises `TooManyRequests`."""
    body = body_of(request)
    if body is None:
        return
    body.held.enter_context(runtime().running.request(to_network(peer_address())))
    if not body.has_all_come:
        # A form is read before anybody knows whose it is.
        _begin_transfer(_user_id() if streams else None)


def begin_answer(response: Response) -> None:
    """Count an answer that takes its reader a while; raises `TooManyRequests`."""
    peer = peer_of(request)
    if body_of(request) is None or peer is None or request.method == "HEAD":
        return
    if response.status_code in _WITHOUT_BODY:
        return
    length = response.headers.get("Content-Length", type=int)
    if length is None:
        length = response.calculate_content_length()
    if length is not None and length + _HEAD_BYTES <= room_for_answer(peer):
        return
    try:
        _begin_transfer(_user_id())
    except TooManyRequests:
        if request.method == "GET" or response.is_streamed:
            raise
        # What was asked for has been done, and whoever is told to come again would do it twice.
        set_timeout(request, _HURRY_SECONDS)


def _begin_transfer(user_id: int | None) -> None:
    """Count a transfer, of a request that was counted before only its user."""
    body = body_of(request)
    if body is None:
        return
    running = runtime().running
    if not g.get("is_transfer"):
        body.held.enter_context(running.transfer())
        g.is_transfer = True
    if user_id is not None and not g.get("is_users_transfer"):
        body.held.enter_context(running.transfer_of(user_id))
        g.is_users_transfer = True


def _user_id() -> int | None:
    user = visitor()
    return user.id if isinstance(user, ActingUser) else None
