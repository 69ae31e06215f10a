"""Check that a page made for one user never acts in the account of another.

All tabs of a browser share one cookie. After one user signs out in one tab and another signs in, a second tab
still shows the first user's files, and its requests would act in the second user's account. So every request
of a page names the user that the page was made for: scripts send a header, and requests that cannot (images,
videos, downloads) have a query parameter.

Links between pages name no user, because they lead to a page of the signed-in one; nor do API clients, which
send their credentials with each request.

Rule: decides before a byte of the body is read, and only whether the two users are the same.
"""

from __future__ import annotations

from flask import request

from cabinet.errors import OtherUser
from cabinet.web.identity import ActingUser, visitor

# The value of both is the public id of the user.
USER_HEADER = "X-Cabinet-User"
# Scripts send their CSRF token in it, also on pages without a user.
TOKEN_HEADER = "X-CSRFToken"  # noqa: S105 - the name of a header
USER_FIELD = "user"


def check_page_user() -> None:
    """Raise `OtherUser` if the request comes from a page made for another user than the signed-in one.

    An unknown id counts as another user. Without a signed-in user nothing is refused here: views that need a
    user require one, and the others reveal nothing.
    """
    named = set(request.args.getlist(USER_FIELD))
    header = request.headers.get(USER_HEADER)
    if header is not None:
        named.add(header)
    if not named or request.method == "OPTIONS":
        return
    user = visitor()
    if isinstance(user, ActingUser) and named != {user.public_id}:
        raise OtherUser(username=user.username)


def arguments() -> dict[str, str]:
    """Return the query parameters without the page's user, which no further URL should carry."""
    asked = request.args.to_dict()
    asked.pop(USER_FIELD, None)
    return asked


def user_argument() -> dict[str, str]:
    """Return the query parameter that names the page's user in URLs of content; empty if not signed in."""
    user = visitor()
    return {USER_FIELD: user.public_id} if isinstance(user, ActingUser) else {}


def is_from_script() -> bool:
    """Return whether a script of one of our pages sent this; it reads problem documents, not pages."""
    return USER_HEADER in request.headers or TOKEN_HEADER in request.headers
