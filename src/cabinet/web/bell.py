"""The bell of every page of a signed-in user: the number of notices that no page has shown yet.

Rule: one look at an index; a page that tells of an error is shown without it.
"""

from __future__ import annotations

from flask import Flask, g
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cabinet.web.identity import ActingUser, visitor
from cabinet.web.services import database, notices


def init_app(app: Flask) -> None:
    """Give templates `new_notices()`."""
    app.add_template_global(new_notices)


def new_notices() -> int:
    """Return the number of notices that are new to the acting user; 0 if the database does not answer."""
    user = visitor()
    if not isinstance(user, ActingUser) or "sign_in_error" in g:
        return 0
    try:
        return notices(user.id).count_new()
    except (DBAPIError, PoolTimeout):
        database().rollback()
        return 0
