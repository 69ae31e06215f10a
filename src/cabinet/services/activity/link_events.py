"""Events of shares themselves: somebody made or ended one, opened a link, or downloaded something through it.

What a guest only reads is told up to `MOST` times a link: whoever has many networks must not fill the database.
What guests change is bounded by the limits of the link, and recorded like every change.

Rule: runs in the transaction of what it tells, under the lock of the link's row, and commits nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from cabinet.models import Base, Verb
from cabinet.services.access.actor import Actor
from cabinet.services.access.scope import Scope, whole_space
from cabinet.services.activity.notices import notify
from cabinet.services.activity.recording import INSERT, ROOT, Way, find_ways
from cabinet.services.kernel.database import execute
from cabinet.services.tree.mounts import Mounts
from cabinet.services.tree.names import split_path
from cabinet.services.tree.tree import Tree

MOST = 10_000

_EVENT, _SHARE = (Base.metadata.tables[name] for name in ("event", "share"))
# Built once, like all statements that requests of guests run.
_LAST = select(_EVENT.c.id).where(_EVENT.c.share_id == bindparam("share_id"))
_LAST = _LAST.order_by(_EVENT.c.id).offset(bindparam("most")).limit(1)
_TOLD = select(_SHARE.c.user_id).where(_SHARE.c.id == bindparam("share_id"), _SHARE.c.notify)


def record_access(
    session: Session, scope: Scope, now: datetime, verb: Verb, shown: str | None = None
) -> None:
    """Record that a guest opened a link, or downloaded `shown` through it, or everything if that is None.

    Its owner is notified of an opening if the link says so.
    """
    if execute(session, _LAST, {"share_id": scope.share_id, "most": MOST - 1}).first() is not None:
        return
    node_id = _find(session, scope, shown)
    way = ROOT if node_id is None else find_ways(session, [node_id]).get(node_id, ROOT)
    event_id = _insert(session, scope, now, verb, way)
    if verb is Verb.OPENED:
        owner_id = execute(session, _TOLD, {"share_id": scope.share_id}).scalar()
        if owner_id is not None:
            notify(session, event_id, owner_id)


def _find(session: Session, scope: Scope, shown: str | None) -> int | None:
    """Return the id of an entry of a link, or of what the link leads to; None for a whole selection."""
    if shown is None:
        if not scope.is_selection:
            return scope.root_id
        entries = Mounts(session, scope).all()
        return entries[0].target.id if len(entries) == 1 else None
    place = Mounts(session, scope).place(shown)
    names = split_path(place.path)
    row = Tree(session, place.scope).find_rows([names]).get(names)
    return None if row is None or place.scope.is_selection else row.id


def record_sharing(
    session: Session, scope: Scope, now: datetime, verb: Verb, share_id: str, node_ids: Sequence[int]
) -> int:
    """Record that the actor of a scope made or ended a link or a grant, in one event; return its id."""
    way = find_ways(session, node_ids).get(node_ids[0], ROOT) if len(node_ids) == 1 else ROOT
    return _insert(session, scope, now, verb, way, share_id, max(len(node_ids), 1))


def record_of_nodes(
    session: Session, scope: Scope, now: datetime, verb: Verb, counts: Mapping[int, int]
) -> None:
    """Record what the actor of a scope did to some nodes, which are where they are, or to entries of folders.

    `counts` has the number of entries by the id of each node, 1 for the node itself.
    """
    ways = find_ways(session, counts)
    rows = [
        _to_row(scope, now, verb, ways[node_id], None, count, node_id)
        for node_id, count in counts.items()
        if node_id in ways
    ]
    if rows:
        execute(session, INSERT, rows)


def record_membership(session: Session, space_id: int, user_id: int, now: datetime, verb: Verb) -> int:
    """Record that a user became a member of a team space or left it; return the id of the event."""
    return _insert(session, whole_space(space_id, Actor(user_id)), now, verb, ROOT)


def _insert(
    session: Session,
    scope: Scope,
    now: datetime,
    verb: Verb,
    way: Way,
    share_id: str | None = None,
    count: int = 1,
) -> int:
    row = _to_row(scope, now, verb, way, share_id, count, None)
    key = execute(session, INSERT, row).inserted_primary_key
    assert key is not None  # it is a single row
    return int(key[0])


def _to_row(
    scope: Scope,
    now: datetime,
    verb: Verb,
    way: Way,
    share_id: str | None,
    count: int,
    node_id: int | None,
) -> dict[str, Any]:
    return {
        "space_id": scope.space_id,
        "share_id": share_id or scope.share_id,
        "node_id": way.ids[-1] if way.ids else node_id,
        "user_id": scope.actor.user_id,
        "verb": verb,
        "path": way.path,
        "line": way.line,
        "from_path": None,
        "from_line": None,
        "count": count,
        "created_at": now,
    }
