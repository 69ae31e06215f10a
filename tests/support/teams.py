"""Team spaces and groups on a running server, made in its database as its operator makes them.

Rule: uses the services; what they answer is not checked here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from cabinet.models import GroupRole
from cabinet.services.access.roles import ShareRole
from cabinet.services.groups.groups import GroupPolicy, Groups
from cabinet.services.kernel.database import configure
from cabinet.services.spaces.spaces import OPERATOR, Spaces
from cabinet.services.spaces.values import SpaceMakers
from cabinet.services.tree.cursors import Cursors


def make_team(
    database_url: str, name: str, manager: str, members: Mapping[str, ShareRole], quota: int | None = None
) -> str:
    """Make a team space; return its id."""
    with _session_on(database_url) as session:
        service = Spaces(session, _now, Cursors("unused"), SpaceMakers.ADMINS, OPERATOR)
        made = service.create(name, quota, manager)
        for username, role in members.items():
            service.set_member(made.id, username, role)
    return made.id


def make_group(database_url: str, name: str, members: Iterable[str]) -> str:
    """Make a group; return its id."""
    with _session_on(database_url) as session:
        service = Groups(session, _now, Cursors("unused"), GroupPolicy.ADMINS, None, is_admin=True)
        made = service.create(name)
        for username in members:
            service.set_member(made.id, username, GroupRole.MEMBER)
    return made.id


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def _session_on(database_url: str) -> Iterator[Session]:
    engine = create_engine(database_url)
    configure(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()
