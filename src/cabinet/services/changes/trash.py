"""The trash of a space: deleted items are kept for some time, and restored or permanently deleted.

A trashed folder is one item, with everything below it. Items count in the usage of their space until they are
permanently deleted. An actor with access to a single folder of a space cannot list its trash, and can only
restore what they deleted there themselves. Members of a team space use its trash, except viewers.

Items of several spaces, of the own one and behind mounts, go to the trash of their own space and are restored
from there.

Rule: one transaction per operation, except for permanent deletion; the sweep deletes the bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session

from cabinet.errors import Forbidden, IsAFolder, NotAFolder, NotFound
from cabinet.models import Kind, Node, Verb
from cabinet.services.access.rights import CHANGE, Rights
from cabinet.services.access.scope import Scope
from cabinet.services.activity.link_events import record_membership
from cabinet.services.activity.recording import deeds_of, record, trashings_of
from cabinet.services.changes.purging import Purging
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import writing
from cabinet.services.tree.cursors import Cursors
from cabinet.services.tree.entries import Entry, OnConflict
from cabinet.services.tree.extents import Extent, first_part
from cabinet.services.tree.mounts import Mount, Mounts, Place
from cabinet.services.tree.name_conflicts import resolve_conflict
from cabinet.services.tree.names import join_path, split_path
from cabinet.services.tree.reach import arriving, publishing_measured
from cabinet.services.tree.space_lock import lock_spaces
from cabinet.services.tree.trash_marks import shows
from cabinet.services.tree.tree import Tree

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Items in one statement.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Trashed:
    """An item in the trash; `entry` is what it was, at its original path."""

    id: str
    entry: Entry
    trashed_at: datetime
    expires_at: datetime

    def seen_from(self, place: Place) -> Trashed:
        """Return the item with the path of the actor, if it is in a trash behind a mount."""
        return replace(self, entry=place.to_actor_entry(self.entry))


@dataclass(frozen=True, slots=True)
class TrashPage:
    """Some items of the trash, newest first; `next` is the cursor of the rest."""

    entries: Sequence[Trashed]
    next: str | None


@dataclass(frozen=True, slots=True)
class Removed:
    """The result of a deletion: the items now in a trash, and the names of the mounts that were left."""

    trashed: list[Trashed]
    left: list[str]


# The time and id of an item; the order of the trash.
_Moment: TypeAlias = tuple[datetime, str]


class Trash:
    """Operations of an actor on deleted items; `keep` is how long these are kept."""

    def __init__(
        self, session: Session, clock: Clock, keep: timedelta, cursors: Cursors, scope: Scope
    ) -> None:
        self._session = session
        self._clock = clock
        self._keep = keep
        self._cursors = cursors
        self._scope = scope
        self._tree = Tree(session, scope)
        self._purging = Purging(session, clock, scope)

    def list_page(self, limit: int, after: str | None = None) -> TrashPage:
        """Return a page of the trash; raises `InvalidField` for an invalid cursor."""
        self._require_visible()
        found = self._session.scalars(self._range(after).limit(limit + 1)).all()
        shown = [self._to_trashed(node) for node in found[:limit]]
        if len(found) <= limit:
            return TrashPage(shown, None)
        return TrashPage(shown, self._to_cursor((shown[-1].trashed_at, shown[-1].id)))

    def outline(self, extent: Extent, after: str | None = None) -> tuple[list[str], str | None]:
        """Return the ids of the first part of the trash, or of what follows `after`, and the next cursor.

        Raises `InvalidField` for an invalid cursor.
        """
        self._require_visible()
        places, behind = first_part(
            extent,
            lambda limit: self._places(self._range(after, extent.until).limit(limit)),
            lambda limit: self._places(self._range(extent.until).limit(limit)),
            self._to_cursor,
        )
        return [trash_id for _, trash_id in places], behind

    def look_up(self, trash_ids: Sequence[str]) -> dict[str, Trashed]:
        """Return the items in the trash with these ids, by id."""
        self._require_visible()
        return {trash_id: self._to_trashed(node) for trash_id, node in self._find_all(trash_ids).items()}

    def count(self) -> int:
        """Return the number of items in the trash; reads each, so call it only on request."""
        self._require_visible()
        counted = select(func.count()).select_from(self._rows().subquery())
        return self._session.scalar(counted) or 0

    def _require_visible(self) -> None:
        """Raise `Forbidden` unless the actor may see the trash: that of a whole space, and no viewer."""
        self._scope.require_whole(Rights.LIST)
        if CHANGE not in self._scope.granted:
            raise Forbidden

    def restore(self, trash_id: str, on_conflict: OnConflict = OnConflict.FAIL) -> Entry:
        """Restore an item to its original folder, at that folder's current location.

        If the folder is deleted or in the trash, the item returns to its original path, whose folders are
        created again.

        Raises `NotFound`, `EntryExists`, `NotAFolder` if a file is in the place of a folder, `InvalidName` if
        a path would be too long, and `Unavailable` while the tree changes too fast to know that.
        """
        return self.restore_all([trash_id], on_conflict)[0]

    def restore_all(self, trash_ids: Sequence[str], on_conflict: OnConflict = OnConflict.FAIL) -> list[Entry]:
        """Restore items as `restore` does, all or none; return their entries in order."""
        self._scope.require(CHANGE)
        return publishing_measured(self._session, lambda: self._restore_all(trash_ids, on_conflict))

    def _restore_all(self, trash_ids: Sequence[str], on_conflict: OnConflict) -> list[Entry]:
        self._tree.root(lock=True)
        back = self.restore_in_transaction(trash_ids, on_conflict)
        return [back[trash_id] for trash_id in dict.fromkeys(trash_ids)]

    def restore_at(self, places: Mapping[str, Place], on_conflict: OnConflict) -> list[Entry]:
        """Restore items, each at its place, as `restore_all`; `places` has their places by id.

        Entries and errors have the actor's paths behind mounts.
        """
        for place in places.values():
            place.scope.require(CHANGE)
        return publishing_measured(self._session, lambda: self._restore_at(places, on_conflict))

    def _restore_at(self, places: Mapping[str, Place], on_conflict: OnConflict) -> list[Entry]:
        ids_by_scope: dict[Scope, list[str]] = {}
        for trash_id, place in places.items():
            ids_by_scope.setdefault(place.scope, []).append(trash_id)
        back: dict[str, Entry] = {}
        lock_spaces(self._session, [scope.space_id for scope in ids_by_scope])
        for scope, trash_ids in ids_by_scope.items():
            place = places[trash_ids[0]]
            with place.converting_errors():
                Tree(self._session, scope).root(lock=True)
                found = self._in(scope).restore_in_transaction(trash_ids, on_conflict)
            back |= {trash_id: place.to_actor_entry(entry) for trash_id, entry in found.items()}
        return [back[trash_id] for trash_id in places]

    def _in(self, scope: Scope) -> Trash:
        return Trash(self._session, self._clock, self._keep, self._cursors, scope)

    def restore_in_transaction(self, trash_ids: Sequence[str], on_conflict: OnConflict) -> dict[str, Entry]:
        """Restore items in the caller's transaction, which holds the lock; as `restore_all`, by id.

        The transaction must run inside `measuring`.
        """
        nodes = self._get_all(trash_ids)
        # A folder before items that were deleted from it separately, which would recreate it.
        upper_first = sorted(nodes.items(), key=lambda item: len(_origin(item[1])))
        replaced: list[Node] = []
        with arriving(self._session, nodes.values()):
            entries = {
                trash_id: self._put_back(node, on_conflict, replaced) for trash_id, node in upper_first
            }
        deeds = [*trashings_of(replaced), *deeds_of(Verb.RESTORED, nodes.values())]
        record(self._session, self._scope, self._clock(), deeds)
        return entries

    def _put_back(self, node: Node, on_conflict: OnConflict, replaced: list[Node]) -> Entry:
        origin = self._tree.origin_of(node)
        if origin is not None:
            folder, above = origin
            return self._put(node, folder, (*above, node.name), on_conflict, replaced)
        if not self._scope.is_whole:
            raise NotFound
        names = _origin(node)
        folder, depth = self._tree.walk(names[:-1])
        if folder.kind != Kind.FOLDER:
            raise NotAFolder(path=join_path(names[:depth]))
        folder = self._tree.load(self._tree.make_folders(folder, names[depth:-1], self._clock()))
        return self._put(node, folder, names, on_conflict, replaced)

    def _put(
        self,
        node: Node,
        folder: Node,
        names: tuple[str, ...],
        on_conflict: OnConflict,
        replaced: list[Node],
    ) -> Entry:
        to = resolve_conflict(self._tree, node, folder, names, on_conflict, self._clock(), replaced)
        self._tree.check_reach(node, to)
        self._tree.attach(node, folder, to[-1])
        return self._tree.to_entry(node, to)

    def add(self, paths: Iterable[str]) -> list[Trashed]:
        """Move the entries at these paths to the trash, all or none; return them in order.

        Raises `NotFound`, `InvalidName`, and `IsAFolder` for the root.
        """
        return self.remove([Place(self._scope, path) for path in paths]).trashed

    def remove(self, places: Iterable[Place]) -> Removed:
        """Trash the entries at some places as `add` does, in their spaces, and leave mounts; all or none."""
        self._scope.require(CHANGE)
        left: dict[str, Mount] = {}
        wanted: dict[tuple[Scope, tuple[str, ...]], Place] = {}
        for place in places:
            if place.mount is not None and place.is_mount:
                left[place.mount.name] = place.mount
                continue
            place.scope.require(CHANGE)
            names = split_path(place.path)
            if not names:
                raise IsAFolder(path="")
            wanted[place.scope, names] = place
        spaces = {self._scope.space_id} if left else set()
        spaces |= {scope.space_id for scope, _names in wanted}
        teams = {mount.space_id for mount in left.values() if mount.target.parent_id is None}
        spaces |= teams
        with writing(self._session):
            if len(spaces) > 1:
                lock_spaces(self._session, spaces)
            if left:
                self._leave(left, teams)
            trashed: dict[tuple[Scope, tuple[str, ...]], Trashed] = {}
            for scope in dict.fromkeys(scope for scope, _names in wanted):
                there = self._in(scope)
                inside = [names for its_scope, names in wanted if its_scope == scope]
                trashed |= {(scope, names): each for names, each in there.add_all(inside).items()}
            shown = [trashed[key].seen_from(place) for key, place in wanted.items()]
            return Removed(shown, list(left))

    def _leave(self, names: Iterable[str], teams: Iterable[int]) -> None:
        """Remove mounts in the caller's transaction, and record that the actor leaves these team spaces."""
        self._scope.require_whole(CHANGE)
        Mounts(self._session, self._scope).remove(self._tree.root(lock=True), names)
        for space_id in lock_spaces(self._session, teams):
            record_membership(
                self._session, space_id, self._scope.actor.user_id or 0, self._clock(), Verb.LEFT
            )

    def add_all(self, wanted: Sequence[tuple[str, ...]]) -> Mapping[tuple[str, ...], Trashed]:
        """Move the entries at these paths to the trash in the caller's transaction; as `add`."""
        self._tree.lock()
        found = self._tree.find_all(wanted)
        if len(found) < len(wanted):
            raise NotFound
        now, deeds = self._clock(), deeds_of(Verb.TRASHED, found.values())
        self._tree.trash_all(((node, names) for names, node in found.items()), now)
        record(self._session, self._scope, now, deeds)
        return {names: self._to_trashed(found[names], names) for names in wanted}

    def purge(self, trash_id: str) -> None:
        """Permanently delete an item in the trash; raises `NotFound`."""
        self.purge_all([trash_id])

    def purge_all(self, trash_ids: Sequence[str]) -> None:
        """Permanently delete items in the trash, all or none; raises `NotFound`."""
        self._scope.require_whole(Rights.PURGE)
        self._purging.purge_trashed(lambda: [node.id for node in self._get_all(trash_ids).values()])

    def empty(self) -> None:
        """Permanently delete everything in the trash."""
        self._scope.require_whole(Rights.PURGE)
        self._purging.empty()

    def _rows(self) -> Select[Node]:
        rows = select(Node).where(shows(self._scope.space_id))
        return rows if self._scope.is_whole else rows.where(Node.trashed_by == self._scope.actor.user_id)

    def _range(self, after: str | None, until: str | None = None) -> Select[Node]:
        """Return the query for what follows one cursor, up to and including another, newest first."""
        here = tuple_(Node.trashed_at, Node.trash_id)
        wanted = self._rows().order_by(Node.trashed_at.desc(), Node.trash_id.desc())
        if after is not None:
            wanted = wanted.where(here < self._from_cursor(after))
        if until is not None:
            wanted = wanted.where(here >= self._from_cursor(until))
        return wanted

    def _to_cursor(self, place: _Moment) -> str:
        moment, trash_id = place
        return self._cursors.seal(
            ("trash", self._scope.space_id), [(moment - _EPOCH) // timedelta(microseconds=1), trash_id]
        )

    def _from_cursor(self, cursor: str) -> _Moment:
        micros, trash_id = self._cursors.open(("trash", self._scope.space_id), cursor)
        return _EPOCH + timedelta(microseconds=micros), trash_id

    def _places(self, wanted: Select[Node]) -> list[_Moment]:
        rows = self._session.execute(wanted.with_only_columns(Node.trashed_at, Node.trash_id))
        return [(row.trashed_at, row.trash_id) for row in rows]

    def _find_all(self, trash_ids: Sequence[str]) -> Mapping[str, Node]:
        wanted = list(dict.fromkeys(trash_ids))
        found: dict[str | None, Node] = {}
        for start in range(0, len(wanted), _BATCH):
            batch = self._rows().where(Node.trash_id.in_(wanted[start : start + _BATCH]))
            found |= {node.trash_id: node for node in self._session.scalars(batch)}
        return {trash_id: found[trash_id] for trash_id in wanted if trash_id in found}

    def _get_all(self, trash_ids: Sequence[str]) -> Mapping[str, Node]:
        found = self._find_all(trash_ids)
        if len(found) < len(set(trash_ids)):
            raise NotFound
        return found

    def _to_trashed(self, node: Node, names: tuple[str, ...] | None = None) -> Trashed:
        """Return an item in the trash; `names` is its original path, if it is not the stored one."""
        # Every node in the trash has both.
        assert node.trash_id is not None
        assert node.trashed_at is not None
        entry = self._tree.to_entry(node, _origin(node) if names is None else names)
        return Trashed(node.trash_id, entry, node.trashed_at, node.trashed_at + self._keep)


def _origin(node: Node) -> tuple[str, ...]:
    """Return the original path of a trashed node."""
    return tuple((node.trashed_from or node.name).split("/"))
