"""The team spaces of the signed-in user, for the sidebar of every page.

Rule: reads nothing for a user without mounts; a page of an error is shown without them rather than not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from flask import Flask, g
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cabinet.errors import CabinetError
from cabinet.services.spaces.rows import spaces_of
from cabinet.services.spaces.values import SpaceInfo, SpaceMakers
from cabinet.web.identity import ActingUser, visitor
from cabinet.web.runtime import setting
from cabinet.web.services import database


def init_app(app: Flask) -> None:
    """Give templates `team_spaces()`, `team_space_of()` and `may_make_spaces()`."""
    for function in (team_spaces, team_space_of, may_make_spaces):
        app.add_template_global(function)


def team_spaces() -> Sequence[SpaceInfo]:
    """Return the team spaces of the user, read once a request."""
    if "team_spaces" not in g:
        g.team_spaces = ()
        user = visitor()
        if isinstance(user, ActingUser) and user.sees_usage and user.account.has_mounts:
            with suppress(CabinetError, DBAPIError, PoolTimeout):
                g.team_spaces = spaces_of(database(), user.account.space_id)
    found: Sequence[SpaceInfo] = g.team_spaces
    return found


def team_space_of(path: str | None) -> SpaceInfo | None:
    """Return the team space that a path leads into, None if it stays in the own files."""
    first = (path or "").partition("/")[0]
    return next((space for space in team_spaces() if first and space.path == first), None)


def may_make_spaces() -> bool:
    """Return whether to offer the user to create team spaces."""
    user = visitor()
    return isinstance(user, ActingUser) and (
        user.account.is_admin or SpaceMakers(setting("SPACES")) is SpaceMakers.EVERYONE
    )
