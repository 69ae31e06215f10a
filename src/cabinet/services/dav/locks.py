"""Write locks of WebDAV: who may change a node as long as nobody else shows the token.

A lock belongs to a node and, if it is deep, holds for everything below it. All locks of a space are few, so a check reads
all that have not expired, each with the nodes above it, and decides here.

Rule: `create` checks and creates in one writing transaction, under the lock of the space; what changes the tree looks for
locks in its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, insert, literal_column, select, update
from sqlalchemy.orm import Session

from cabinet.errors import EntryLocked, NotFound, TooManyLocks
from cabinet.models import Base, DavLock
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import execute, execute_counted, publishing, writing
from cabinet.services.kernel.expiry import delete_in_steps
from cabinet.services.tree.names import split_path
from cabinet.services.tree.tree import Tree

# The maximum of one user, and the longest time that a lock holds without being refreshed.
MAX_LOCKS = 1000
MAX_LOCKED_FOR = timedelta(hours=1)

_LOCK, _NODE = Base.metadata.tables["dav_lock"], Base.metadata.tables["node"]
_TOKENS = 500


def _ways() -> Select[Any]:
    """Return the query of the live locks of some spaces, once for each node from the locked one up."""
    begun = select(_LOCK.c.token, _LOCK.c.node_id.label("id"), literal_column("0").label("height"))
    here = (_LOCK.c.space_id.in_(bindparam("spaces", expanding=True)), _LOCK.c.expires_at > bindparam("now"))
    way = begun.where(*here).cte("way", recursive=True)
    upper = select(way.c.token, _NODE.c.parent_id, way.c.height + literal_column("1"))
    way = way.union_all(upper.join(way, _NODE.c.id == way.c.id).where(_NODE.c.parent_id.is_not(None)))
    return (
        select(_LOCK, way.c.id.label("way_id")).join(way, way.c.token == _LOCK.c.token).order_by(way.c.height)
    )


def _above() -> Select[Any]:
    """Return the query of the ids of a node and of all above it."""
    begun = select(_NODE.c.id, _NODE.c.parent_id, literal_column("0").label("height"))
    way = begun.where(_NODE.c.id == bindparam("node_id")).cte("way", recursive=True)
    upper = select(_NODE.c.id, _NODE.c.parent_id, way.c.height + literal_column("1"))
    way = way.union_all(upper.join(way, _NODE.c.id == way.c.parent_id))
    return select(way.c.id).order_by(way.c.height)


# Built once: building a statement takes ten times as long as running it.
_WAYS, _ABOVE = _ways(), _above()


@dataclass(frozen=True, slots=True)
class Lock:
    """A live lock; `way` are the ids of its node and of all above it."""

    token: str
    space_id: int
    node_id: int
    user_id: int
    is_deep: bool
    is_shared: bool
    owner: str
    expires_at: datetime
    way: tuple[int, ...]

    def holds_for(self, way: Sequence[int], *, below: bool = False) -> bool:
        """Return whether it holds for the first node of `way`, or with `below` for anything inside that."""
        if self.node_id == way[0] or (self.is_deep and self.node_id in way):
            return True
        return below and way[0] in self.way


@dataclass(frozen=True, slots=True)
class WantedLock:
    """A lock that a client asks for; `owner` is XML."""

    is_deep: bool
    is_shared: bool
    owner: str
    lasts: timedelta

    @property
    def kept(self) -> timedelta:
        """How long it holds."""
        return max(timedelta(seconds=1), min(self.lasts, MAX_LOCKED_FOR))


class Locks:
    """The locks of an actor's trees."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def all_in(self, space_ids: Iterable[int]) -> Sequence[Lock]:
        """Return the live locks of some spaces."""
        asked: Mapping[str, Any] = {"spaces": list(space_ids), "now": self._clock()}
        rows: dict[str, Any] = {}
        ways: dict[str, list[int]] = {}
        for row in execute(self._session, _WAYS, asked):
            rows[row.token] = row
            ways.setdefault(row.token, []).append(row.way_id)
        return [
            Lock(token, row.space_id, row.node_id, row.user_id, row.is_deep, row.is_shared, row.owner, row.expires_at, tuple(ways[token]))
            for token, row in rows.items()
        ]  # fmt: skip

    def way_of(self, node_id: int) -> tuple[int, ...]:
        """Return the ids of a node and of all above it, up to the root of its space."""
        return tuple(self._session.scalars(_ABOVE, {"node_id": node_id}))

    def create(self, scope: Scope, path: str, shown: str, wanted: WantedLock) -> Lock:
        """Lock the node at a path for the actor; return the lock.

        Raises `NotFound`, `TooManyLocks`, and `EntryLocked`, with the path `shown`, if another lock is in the way.
        """
        scope.require(Rights.WRITE)
        user_id, now = scope.actor.user_id, self._clock()
        assert user_id is not None  # guests have no WebDAV
        with publishing(self._session):
            tree = Tree(self._session, scope)
            tree.lock()
            node = tree.get_row(split_path(path))
            way = self.way_of(node.id)
            for lock in self.all_in([scope.space_id]):
                if lock.holds_for(way, below=wanted.is_deep) and not (lock.is_shared and wanted.is_shared):
                    raise EntryLocked(path=shown)
            execute_counted(
                self._session, delete(DavLock).where(DavLock.user_id == user_id, DavLock.expires_at <= now)
            )
            counted = select(func.count()).where(DavLock.user_id == user_id)
            if (self._session.scalar(counted) or 0) >= MAX_LOCKS:
                raise TooManyLocks(allowed=MAX_LOCKS)
            token, until = f"opaquelocktoken:{uuid.uuid4()}", now + wanted.kept
            row = {"token": token, "space_id": scope.space_id, "node_id": node.id, "user_id": user_id}
            row |= {"is_deep": wanted.is_deep, "is_shared": wanted.is_shared}
            execute(self._session, insert(_LOCK), row | {"owner": wanted.owner, "expires_at": until})
        return Lock(
            token,
            scope.space_id,
            node.id,
            user_id,
            wanted.is_deep,
            wanted.is_shared,
            wanted.owner,
            until,
            way,
        )

    def refresh(self, token: str, lasts: timedelta) -> None:
        """Let a lock hold from now on; raises `NotFound` if it has ended."""
        now = self._clock()
        with writing(self._session):
            mine = update(DavLock).where(DavLock.token == token, DavLock.expires_at > now)
            until = now + max(timedelta(seconds=1), min(lasts, MAX_LOCKED_FOR))
            if not execute_counted(self._session, mine.values(expires_at=until)):
                raise NotFound

    def end(self, tokens: Collection[str]) -> None:
        """End locks."""
        wanted = list(tokens)
        with writing(self._session):
            for start in range(0, len(wanted), _TOKENS):
                gone = delete(DavLock).where(DavLock.token.in_(wanted[start : start + _TOKENS]))
                execute_counted(self._session, gone)


def has_expired(session: Session, now: datetime) -> bool:
    """Return whether any lock has expired; a cheap check."""
    found = session.scalar(select(DavLock.token).where(DavLock.expires_at <= now).limit(1)) is not None
    session.rollback()
    return found


def delete_expired(session: Session, now: datetime) -> int:
    """Delete the locks that have expired, of all users, and return their number."""
    return delete_in_steps(session, DavLock.token, DavLock.expires_at <= now)
