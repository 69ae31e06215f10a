"""Records what members download of what others share with them.

A player or a resumed download asks many times, so one download of an entry by a user is told once in a while.
Several entries of one folder that are downloaded together are told once, by their folder and their number.

Rule: a download never waits for this, nor fails because of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeAlias

from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.orm import Session

from cabinet.errors import StorageFault, StorageFull, Unavailable
from cabinet.models import Base, Verb
from cabinet.services.access.scope import Scope
from cabinet.services.activity.link_events import record_of_nodes
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import execute, writing
from cabinet.services.tree.mounts import Mounts, Place
from cabinet.services.tree.names import split_path
from cabinet.services.tree.paths import find_rows

TOLD_FOR = timedelta(minutes=30)

_EVENT = Base.metadata.tables["event"]
_IDS: BindParameter[Any] = bindparam("node_ids", expanding=True)
# By the index of a node's events; most nodes have few.
_TOLD = select(_EVENT.c.node_id).where(
    _EVENT.c.node_id.in_(_IDS),
    _EVENT.c.user_id == bindparam("user_id"),
    _EVENT.c.verb == Verb.DOWNLOADED,
    _EVENT.c.created_at > bindparam("after"),
)

_Names: TypeAlias = tuple[str, ...]


def record_downloads(
    session: Session, clock: Clock, places: Iterable[Place], count: int | None = None
) -> None:
    """Record that a member downloads the entries at some places behind mounts together.

    With `count` it is that many entries of the folder at the only place. What was told lately is not told again.
    """
    by_scope: dict[Scope, set[_Names]] = {}
    for place in places:
        for each in _behind_mounts(session, place) if count is None else [place]:
            if each.scope.mount_id is not None and each.scope.actor.user_id is not None:
                by_scope.setdefault(each.scope, set()).add(split_path(each.path))
    for scope, paths in by_scope.items():
        told = _by_folder(paths) if count is None else dict.fromkeys(paths, count)
        _record(session, clock, scope, told)


def _behind_mounts(session: Session, place: Place) -> Sequence[Place]:
    """Return the place, or what is behind the mounts in it if it is the root of the user's own space."""
    if place.path or place.scope.mount_id is not None or place.scope.actor.is_guest:
        return [place]
    mounts = Mounts(session, place.scope)
    return [mounts.at(mount) for mount in mounts.all()]


def _by_folder(paths: Iterable[_Names]) -> Mapping[_Names, int]:
    """Return the paths to tell of, with the number of downloaded entries at each."""
    folders: dict[_Names, list[_Names]] = {}
    for path in sorted(paths):
        folders.setdefault(path[:-1], []).append(path)
    return {folder if len(inside) > 1 else inside[0]: len(inside) for folder, inside in folders.items()}


def _record(session: Session, clock: Clock, scope: Scope, counts: Mapping[_Names, int]) -> None:
    now, rows = clock(), find_rows(session, scope, counts)
    found = {rows[names].id: count for names, count in counts.items() if names in rows}
    asked = {"node_ids": list(found), "user_id": scope.actor.user_id, "after": now - TOLD_FOR}
    told = set(execute(session, _TOLD, asked).scalars())
    new = {node_id: count for node_id, count in found.items() if node_id not in told}
    if new:
        with suppress(StorageFull, StorageFault, Unavailable), writing(session):
            record_of_nodes(session, scope, now, Verb.DOWNLOADED, new)
