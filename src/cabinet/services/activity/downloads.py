"""Records what members download of what others share with them.

A player or a resumed download asks many times, so one download of an entry by a user is told once in a while.

Rule: a download never waits for this, nor fails because of it.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from cabinet.errors import StorageFault, StorageFull, Unavailable
from cabinet.models import Base, Verb
from cabinet.services.access.scope import Scope
from cabinet.services.activity.link_events import record_of_node
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import execute, writing
from cabinet.services.tree.names import split_path
from cabinet.services.tree.paths import find_rows

TOLD_FOR = timedelta(minutes=30)

_EVENT = Base.metadata.tables["event"]
# By the index of a node's events; most nodes have few.
_TOLD = select(_EVENT.c.id).where(
    _EVENT.c.node_id == bindparam("node_id"),
    _EVENT.c.user_id == bindparam("user_id"),
    _EVENT.c.verb == Verb.DOWNLOADED,
    _EVENT.c.created_at > bindparam("after"),
)
_TOLD = _TOLD.limit(1)


def record_download(session: Session, clock: Clock, scope: Scope, path: str) -> None:
    """Record that a member downloaded the entry at a path behind a mount, unless that was told lately."""
    if scope.mount_id is None or scope.actor.user_id is None:
        return
    names, now = split_path(path), clock()
    row = find_rows(session, scope, [names]).get(names)
    if row is None:
        return
    asked = {"node_id": row.id, "user_id": scope.actor.user_id, "after": now - TOLD_FOR}
    if execute(session, _TOLD, asked).first() is None:
        with suppress(StorageFull, StorageFault, Unavailable), writing(session):
            record_of_node(session, scope, now, Verb.DOWNLOADED, row.id)
