"""The events that a user may see, newest first: of the own space, of team spaces, and of shared folders.

Somebody with access to a single folder sees what was done in it, with the part of a path below it. An event
tells what contained its entry then, so nothing from before an entry came into the folder is seen, and of a
move out of it only that it left.

Events of one folder are found among those of its space, of which a page reads at most `WINDOW` for each
source; so a page may have fewer events than asked for, though more follow.

Rule: reads only; who reached or left a link, and who downloads, concerns those who may share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from cabinet.errors import NotFound
from cabinet.models import Event, Kind, Share, User, Verb
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope
from cabinet.services.tree.cursors import Cursors
from cabinet.services.tree.mounts import Mounts, Place
from cabinet.services.tree.names import split_path
from cabinet.services.tree.tree import Tree

WINDOW = 5000

# Events that only those see who may share the entry.
_OF_SHARING = (Verb.OPENED, Verb.DOWNLOADED, Verb.SHARED, Verb.UNSHARED)
# What a guest does not do.
_OF_MEMBERS = (Verb.SHARED, Verb.UNSHARED)


@dataclass(frozen=True, slots=True)
class Happening:
    """An event as one user sees it; paths are theirs, None for a place that they do not see.

    `actor` is None for a guest, and for an account that was deleted. `share_id` and `share_name` are those of
    the link that it is about.
    """

    verb: Verb
    actor: str | None
    is_guest: bool
    path: str | None
    from_path: str | None
    share_id: str | None
    share_name: str | None
    count: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """Some events, newest first; `next` is the cursor of the rest, or None."""

    events: Sequence[Happening]
    next: str | None


@dataclass(frozen=True, slots=True)
class _Source:
    """A place whose events a user sees: all of a scope, or those of one node in it."""

    place: Place
    node_id: int | None = None
    is_file: bool = False

    @property
    def scope(self) -> Scope:
        """The scope of the place."""
        return self.place.scope

    def seen(self) -> list[ColumnElement[bool]]:
        """Return the conditions that events meet besides being in the space."""
        inside = {f"%/{each}/%" for each in (self.scope.root_id, self.node_id) if each is not None}
        seen: list[ColumnElement[bool]] = []
        if inside:
            there = and_(*(Event.line.like(part) for part in sorted(inside)))
            before = and_(*(Event.from_line.like(part) for part in sorted(inside)))
            seen.append(or_(there, before))
        if not self.scope.has(Rights.SHARE):
            seen.append(Event.verb.not_in(_OF_SHARING))
        return seen

    def path_of(self, path: str | None, line: str | None) -> str | None:
        """Return the part of a path that lies in the scope, as a path of the user; None if it does not."""
        if path is None or line is None:
            return None
        names, root_id = split_path(path), self.scope.root_id
        if root_id is not None:
            ids = line.strip("/").split("/")
            if str(root_id) not in ids:
                return None
            names = names[ids.index(str(root_id)) + 1 :]
        return self.place.to_actor_path("/".join(names))


@dataclass(frozen=True, slots=True)
class _Found:
    """Events of one source, newest first, and the id down to which there are no others; 0 for no more."""

    source: _Source
    rows: Sequence[tuple[Event, str | None, str | None]]
    end: int


class Activity:
    """What the actor of one scope, a user, may know of what happens."""

    def __init__(self, session: Session, cursors: Cursors, scope: Scope) -> None:
        self._session = session
        self._cursors = cursors
        self._scope = scope

    def list_page(self, limit: int, after: str | None = None) -> ActivityPage:
        """Return a page of all events; raises `InvalidField` for an invalid cursor."""
        return self._page(self._sources(), "all", limit, after)

    def list_of_entry(self, place: Place, limit: int, after: str | None = None) -> ActivityPage:
        """Return a page of the events of a file, or of a folder and all in it; also raises `NotFound`."""
        place.scope.require(Rights.LIST)
        names = split_path(place.path)
        node = Tree(self._session, place.scope).get_row(names)
        source = _Source(place, node.id if names else None, is_file=node.kind == Kind.FILE)
        return self._page([source], f"path {place.scope.space_id} {node.id}", limit, after)

    def list_of_share(self, share_id: str, limit: int, after: str | None = None) -> ActivityPage:
        """Return a page of the events of a link of the user, also of one that has ended; also raises `NotFound`."""
        share = self._session.get(Share, share_id)
        if share is None or share.user_id != self._scope.actor.user_id:
            raise NotFound
        there = [source for source in self._sources() if source.scope.space_id == share.space_id]
        sources = [source for source in there if source.scope.has(Rights.SHARE)]
        if not sources:
            raise NotFound
        return self._page(sources, f"share {share_id}", limit, after, share_id)

    def _sources(self) -> list[_Source]:
        self._scope.require(Rights.LIST)
        mounts = Mounts(self._session, self._scope)
        return [_Source(Place(self._scope, "")), *(_Source(mounts.at(mount)) for mount in mounts.all())]

    def _page(
        self,
        sources: Sequence[_Source],
        subject: str,
        limit: int,
        after: str | None,
        share_id: str | None = None,
    ) -> ActivityPage:
        context = ("activity", self._scope.actor.user_id or 0, *self._scope.key, subject)
        (before,) = (None,) if after is None else self._cursors.open(context, after)
        found = [self._find(source, limit + 1, before, share_id) for source in sources]
        # What lies behind the end of one source is left for the next page, because it may have newer ones.
        end = max((each.end for each in found), default=0)
        seen: dict[int, Happening] = {}
        for each in found:
            for event, actor, share_name in each.rows:
                if event.id >= end and event.id not in seen:
                    seen[event.id] = _to_happening(each.source, event, actor, share_name)
        shown = sorted(seen, reverse=True)[:limit]
        last = shown[-1] if len(seen) > limit else end
        return ActivityPage(
            [seen[event_id] for event_id in shown], self._cursors.seal(context, [last]) if last else None
        )

    def _find(self, source: _Source, limit: int, before: int | None, share_id: str | None) -> _Found:
        wanted: list[ColumnElement[bool]] = [Event.space_id == source.scope.space_id]
        if before is not None:
            wanted.append(Event.id < before)
        if share_id is not None:
            wanted.append(Event.share_id == share_id)
        if source.is_file:
            # Its own events, found by an index.
            wanted.append(Event.node_id == source.node_id)
        seen = source.seen()
        # Without conditions, as many are read as are shown.
        end = self._session.scalar(_ends_after(wanted)) or 0 if seen else 0
        columns = select(Event, User.username, Share.name).outerjoin(User, User.id == Event.user_id)
        found = columns.outerjoin(Share, Share.id == Event.share_id).where(*wanted, *seen, Event.id >= end)
        rows = self._session.execute(found.order_by(Event.id.desc()).limit(limit)).all()
        if len(rows) == limit:
            end = rows[-1][0].id
        return _Found(source, [(event, actor, name) for event, actor, name in rows], end)


def _ends_after(wanted: Sequence[ColumnElement[bool]]) -> Select[int]:
    """Return the query of the last event that a page reads; none if it reads all."""
    return select(Event.id).where(*wanted).order_by(Event.id.desc()).offset(WINDOW - 1).limit(1)


def _to_happening(source: _Source, event: Event, actor: str | None, share_name: str | None) -> Happening:
    verb, may_share = Verb(event.verb), source.scope.has(Rights.SHARE)
    return Happening(
        verb=verb,
        # The name of an account that is being deleted is empty.
        actor=actor or None,
        is_guest=event.user_id is None and event.share_id is not None and verb not in _OF_MEMBERS,
        path=source.path_of(event.path, event.line),
        from_path=source.path_of(event.from_path, event.from_line),
        share_id=event.share_id if may_share else None,
        share_name=share_name if may_share else None,
        count=event.count,
        created_at=event.created_at,
    )
