"""Team spaces on a running server, made in its database as its operator makes them.

Rule: uses the services; what they answer is not checked here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from cabinet.services.access.roles import ShareRole
from cabinet.services.kernel.database import configure
from cabinet.services.spaces.spaces import OPERATOR, Spaces
from cabinet.services.spaces.values import SpaceMakers
from cabinet.services.tree.cursors import Cursors


def make_team(
    database_url: str, name: str, manager: str, members: Mapping[str, ShareRole], quota: int | None = None
) -> str:
    """Make a team space; return its id."""
    engine = create_engine(database_url)
    configure(engine)
    with Session(engine) as session:
        service = Spaces(session, lambda: datetime.now(UTC), Cursors("unused"), SpaceMakers.ADMINS, OPERATOR)
        made = service.create(name, quota, manager)
        for username, role in members.items():
            service.set_member(made.id, username, role)
    engine.dispose()
    return made.id
