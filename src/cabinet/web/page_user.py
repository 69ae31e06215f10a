"""Whose page a request comes from: a page of one user never acts in the account of another.

Tabs of a browser share one cookie. When somebody signs out in one tab and another person signs in, a
page in a second tab still shows the first one's files, and whatever it asked for would be done in the
account of the second. So a page says with every request whom it was made for: its scripts by a header,
what cannot carry one (a picture, a film, a download) by the query.

Links between pages say nothing, for they lead to a page of whoever is signed in; nor do programs, which
show their credentials with each request.

Rule: decides before a byte of the body is read, and only whether the one is the other.
"""

from __future__ import annotations

from flask import request

from cabinet.errors import OtherUser
from cabinet.web.identity import ActingUser, visitor

# Both hold the public id of the user.
USER_HEADER = "X-Cabinet-User"
USER_FIELD = "user"


def check_page_user() -> None:
    """Raise `OtherUser` when the request is of a page of somebody else than who is signed in.

    A value that is nobody's is that of somebody else, too. While nobody is signed in, nothing is
    refused here: what needs a user asks for one, and what needs none has nothing to give away.
    """
    named = {*request.headers.getlist(USER_HEADER), *request.args.getlist(USER_FIELD)}
    if not named or request.method == "OPTIONS":
        return
    user = visitor()
    if isinstance(user, ActingUser) and named != {user.public_id}:
        raise OtherUser(username=user.username)


def arguments() -> dict[str, str]:
    """Return what the query asks for, without whom its page was made for: that goes into no further address."""
    asked = request.args.to_dict()
    asked.pop(USER_FIELD, None)
    return asked


def user_argument() -> dict[str, str]:
    """Return what the address of content says of whose page it is on; nothing while nobody is signed in."""
    user = visitor()
    return {USER_FIELD: user.public_id} if isinstance(user, ActingUser) else {}


def is_from_script() -> bool:
    """Tell whether a script of one of our pages sent this: it reads problem documents and no pages."""
    return USER_HEADER in request.headers
