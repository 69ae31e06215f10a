"""Count requests and transfers, and refuse those above a limit; see `concurrency.py`.

A transfer is a request whose body has not fully arrived when it begins, or whose response does not fit into
the kernel's send buffer. That size differs a hundredfold between a local proxy and a remote client with small
packets, so the connection itself is asked.

Rule: requests are counted only under our own worker, which reports when a response is sent; under another
server no request is refused.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, g, request

from cabinet.errors import TooManyRequests
from cabinet.services.accounts.login_throttle import to_network
from cabinet.web.bodies import set_timeout
from cabinet.web.body_stream import body_of, peer_of, send_buffer_space
from cabinet.web.identity import ActingUser, visitor
from cabinet.web.peer import peer_address
from cabinet.web.runtime import runtime

# Generous upper bound for the size of the response headers, in bytes.
_HEAD_BYTES = 2 << 10
# The timeout of a response that can no longer be refused although too many transfers are running.
_HURRY_SECONDS = 1.0
_WITHOUT_BODY = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


def begin_request(*, streams: bool) -> None:
    """Count the current request; raises `TooManyRequests`."""
    body = body_of(request)
    if body is None:
        return
    body.held.enter_context(runtime().concurrency.request(to_network(peer_address())))
    if not body.has_all_come:
        # A form is read before its user is authenticated.
        _begin_transfer(_user_id() if streams else None)


def begin_response(response: Response) -> None:
    """Count a response that does not fit into the send buffer as a transfer; raises `TooManyRequests`."""
    peer = peer_of(request)
    if body_of(request) is None or peer is None or request.method == "HEAD":
        return
    if response.status_code in _WITHOUT_BODY:
        return
    length = response.headers.get("Content-Length", type=int)
    # Counting the bytes of a streamed body would first make all of it.
    if length is None and not response.is_streamed:
        length = response.calculate_content_length()
    if length is not None and length + _HEAD_BYTES <= send_buffer_space(peer):
        return
    try:
        _begin_transfer(_user_id())
    except TooManyRequests:
        if request.method == "GET" or response.is_streamed:
            raise
        # The change has been made already; a client that got a 429 would repeat it.
        set_timeout(request, _HURRY_SECONDS)


def _begin_transfer(user_id: int | None) -> None:
    """Count a transfer; if the request is one already, count it only for the user."""
    body = body_of(request)
    if body is None:
        return
    limits = runtime().concurrency
    if not g.get("is_transfer"):
        body.held.enter_context(limits.transfer())
        g.is_transfer = True
    if user_id is not None and not g.get("is_users_transfer"):
        body.held.enter_context(limits.transfer_of(user_id))
        g.is_users_transfer = True


def _user_id() -> int | None:
    user = visitor()
    return user.id if isinstance(user, ActingUser) else None
