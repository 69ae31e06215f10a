"""Which requests and answers count, and for whom; see `running.py`.

A transfer is a request whose body is still on its way when it begins, or whose answer is too long
for the buffers between here and its reader.

Rule: it counts where our own worker serves, which says when an answer is out; under another server
nobody is refused.
"""

from __future__ import annotations

from flask import Response, g, request

from cabinet.services.accounts.login_throttle import to_network
from cabinet.web.identity import ActingUser, visitor
from cabinet.web.peer import peer_address
from cabinet.web.runtime import runtime
from cabinet.web.wire import body_of

# Bytes of an answer that is out at once, however slow its reader: what the kernel keeps of it.
_SHORT_ANSWER = 256 << 10


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
    if body_of(request) is None or g.get("is_transfer") or request.method == "HEAD":
        return
    length = response.headers.get("Content-Length", type=int)
    if response.is_streamed and (length is None or length > _SHORT_ANSWER):
        _begin_transfer(_user_id())


def _begin_transfer(user_id: int | None) -> None:
    body = body_of(request)
    if body is not None:
        body.held.enter_context(runtime().running.transfer(user_id))
        g.is_transfer = True


def _user_id() -> int | None:
    user = visitor()
    return user.id if isinstance(user, ActingUser) else None
