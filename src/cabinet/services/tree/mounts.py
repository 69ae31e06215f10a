"""Mounts: folders of other spaces that appear as folders in the root of a personal space.

The first name of a path determines whose tree it leads to. Behind a mount it is the target's, with the rights
of the mount's role and no other rights of the owner; services that get this scope do not know about the
mount. Only scopes of whole spaces have mounts, and the root of a personal space cannot be a target, so
nothing is shared on unseen and there are no cycles.

A mount whose target is in the trash, itself or by a folder above it, is hidden but keeps its name.

Rule: reads all mounts of a root in one query, and adds, renames and removes them under the lock of its space;
operations below a target are done by other services.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from cabinet.errors import CabinetError, InvalidName, NotFound, TooManyMounts
from cabinet.models import Batch, Kind, Node, Space, SpaceKind, Upload, User
from cabinet.services.access.rights import CHANGE, Rights
from cabinet.services.access.roles import ShareRole
from cabinet.services.access.scope import Scope, whole_space
from cabinet.services.kernel.database import execute_counted, publishing, writing
from cabinet.services.tree.entries import Conflict, Entry, Mounted
from cabinet.services.tree.name_conflicts import make_way
from cabinet.services.tree.names import search_key, sort_key, to_name
from cabinet.services.tree.space_lock import lock_spaces
from cabinet.services.tree.tree import Tree

# The maximum number in one root; a listing of it reads all of them.
MAX_MOUNTS = 500

_TARGET = aliased(Node)
_ROOT = (
    select(Node.id).where(Node.space_id == bindparam("space_id"), Node.parent_id.is_(None)).scalar_subquery()
)

# The target, then the mount's id, name, sort key and role, and the owner of the target.
_Row: TypeAlias = Select[Node, int, str, bytes, str | None, str]


def _mounts(*wanted: ColumnElement[bool]) -> _Row:
    """Return the query of the visible mounts of a root, with their targets and owners."""
    here = (Node.parent_id == _ROOT, Node.kind == Kind.MOUNT, *wanted)
    begun = select(Node.id, _TARGET.parent_id, _TARGET.trashed_at).join(_TARGET, _TARGET.id == Node.target_id)
    way = begun.where(*here).cte("way", recursive=True)
    above = aliased(Node)
    upper = select(way.c.id, above.parent_id, above.trashed_at).join(way, above.id == way.c.parent_id)
    way = way.union_all(upper.where(way.c.trashed_at.is_(None)))
    # The root of a deleted space is marked the same way.
    hidden = select(way.c.id).where(way.c.trashed_at.is_not(None))
    columns = select(_TARGET, Node.id, Node.name, Node.sort_key, Node.role, User.username)
    found = columns.select_from(Node).join(_TARGET, _TARGET.id == Node.target_id)
    owned = found.join(Space, Space.id == _TARGET.space_id).outerjoin(User, User.id == Space.owner_id)
    may_be_target = or_(_TARGET.parent_id.is_not(None), Space.kind != SpaceKind.PERSONAL)
    shown = owned.where(*here, Node.id.not_in(hidden), _TARGET.kind == Kind.FOLDER, may_be_target)
    return shown.order_by(Node.sort_key).limit(MAX_MOUNTS)


# Built once: building a statement takes as long as running it, and each request with a path runs one.
_ALL = _mounts()
_BY_NAME = _mounts(Node.name == bindparam("name"))
_BY_TARGET = _mounts(Node.target_id == bindparam("target_id"))


@dataclass(frozen=True, slots=True)
class Mount:
    """A visible mount: its id, its name, and the current state of its target."""

    id: int
    name: str
    sort_key: bytes
    mounted: Mounted
    target: Node

    @property
    def rights(self) -> Rights:
        """The rights of the mount's user in the target."""
        return self.mounted.role.rights


@dataclass(frozen=True, slots=True)
class Place:
    """The location of a path: a scope, behind a mount that of the mount, and the path in it."""

    scope: Scope
    path: str
    mount: Mount | None = None

    @property
    def is_mount(self) -> bool:
        """Return whether this is a mount itself, not something below its target."""
        return self.mount is not None and not self.path

    def outside(self, path: str) -> str:
        """Return a path of the scope as a path of the actor."""
        if self.mount is None:
            return path
        return f"{self.mount.name}/{path}" if path else self.mount.name

    def shown(self, entry: Entry) -> Entry:
        """Return an entry of the scope with the actor's path; the root of the scope becomes the mount."""
        if self.mount is None:
            return entry
        path, mounted = self.outside(entry.path), self.mount.mounted
        if entry.path:
            return replace(entry, path=path, role=mounted.role)
        return replace(entry, path=path, name=self.mount.name, role=mounted.role, mounted=mounted)

    def told(self, error: CabinetError) -> CabinetError:
        """Return the error with its path as a path of the actor."""
        path = error.data.get("path")
        if self.mount is not None and isinstance(path, str):
            error.path = self.outside(path)  # type: ignore[attr-defined]  # it has that field
        return error

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Convert the paths of errors raised in the body to paths of the actor."""
        try:
            yield
        except CabinetError as error:
            self.told(error)
            raise


class Mounts:
    """The mounts in the root of one scope."""

    def __init__(self, session: Session, scope: Scope) -> None:
        self._session = session
        self._scope = scope
        self._tree = Tree(session, scope)

    def place(self, path: str) -> Place:
        """Return the location of a path; raises nothing, because the operation that uses it does."""
        return self.places([path])[0]

    def places(self, paths: Iterable[str]) -> list[Place]:
        """Return the location of each path, as `place` does, with one query."""
        split = [(path, *path.partition("/")[::2]) for path in paths]
        mounts = self._find_all({first for _path, first, _rest in split})
        return [
            self.at(mounts[first], rest) if first in mounts else Place(self._scope, path)
            for path, first, rest in split
        ]

    def _find_all(self, names: Collection[str]) -> dict[str, Mount]:
        """Return the mounts with these names, by name."""
        if len(names) <= 1:
            found = {name: self.find(name) for name in names}
            return {name: mount for name, mount in found.items() if mount is not None}
        known = {mount.name: mount for mount in self.all()}
        kept = {name: _to_stored_name(name) for name in names} if known else {}
        return {name: known[stored_name] for name, stored_name in kept.items() if stored_name in known}

    def of_begun(self, table: type[Batch | Upload], begun_id: str) -> Place | None:
        """Return the place behind a mount where the actor began an upload or a batch, None if none."""
        if not self._may_be_any:
            return None
        wanted = select(table.space_id, table.root_id).where(
            table.id == begun_id, table.user_id == self._scope.actor.user_id
        )
        row = self._session.execute(wanted).one_or_none()
        mount = None if row is None or row.root_id is None else self.holding(row.space_id, row.root_id)
        return None if mount is None else self.at(mount)

    def of_trashed(self, trash_ids: Sequence[str]) -> Mapping[str, Place]:
        """Return the places behind mounts from which the actor deleted items, by their ids in the trash.

        Items in the actor's own trash, and those deleted by others or elsewhere, are left out.
        """
        mounts = self.all()
        if not mounts:
            return {}
        wanted = select(Node.trash_id, Node.space_id, Node.trashed_parent_id).where(
            Node.trash_id.in_(trash_ids),
            Node.space_id != self._scope.space_id,
            Node.trashed_by == self._scope.actor.user_id,
        )
        places: dict[str, Place] = {}
        for trash_id, _space_id, parent_id in self._session.execute(wanted).all():
            parent = None if parent_id is None else self._session.get(Node, parent_id)
            above = set() if parent is None else {each.id for each in self._tree.way_up(parent)}
            # If several mounts lead there, prefer one whose role allows restoring.
            holding = [self.at(mount) for mount in mounts if mount.target.id in above]
            if holding and trash_id is not None:
                places[trash_id] = max(holding, key=lambda place: place.scope.has(CHANGE))
        return places

    def at(self, mount: Mount, path: str = "") -> Place:
        """Return the place at a path behind a mount."""
        target = mount.target
        root_id = None if target.parent_id is None else target.id
        scope = Scope(
            self._scope.actor, target.space_id, root_id, mount.rights, mount.id, may_have_mounts=False
        )
        return Place(scope, path, mount)

    def find(self, name: str) -> Mount | None:
        """Return the visible mount with this name, None if there is none."""
        if not name or not self._may_be_any:
            return None
        stored_name = _to_stored_name(name)
        found = self._read(_BY_NAME, name=stored_name) if stored_name else []
        return found[0] if found else None

    def holding(self, space_id: int, root_id: int) -> Mount | None:
        """Return a visible mount of a folder in another space, None if there is none."""
        found = self._read(_BY_TARGET, target_id=root_id) if self._may_be_any else []
        return next((mount for mount in found if mount.target.space_id == space_id), None)

    def all(self) -> Sequence[Mount]:
        """Return the visible mounts by name; none if the scope is not a whole space."""
        return self._read(_ALL) if self._may_be_any else []

    def add(self, target_id: int, name: str, role: ShareRole, on_conflict: Conflict, now: datetime) -> Place:
        """Mount a folder of another space in the root; return its place.

        Raises `NotFound` if the target is not a folder of another space, is in the trash, or is the root of a
        personal space; `TooManyMounts`, `InvalidName`, and `EntryExists` if the name is in use.
        """
        self._scope.require_whole(CHANGE)
        name = to_name(name)
        with publishing(self._session):
            space_id = self._session.scalar(select(Node.space_id).where(Node.id == target_id))
            if space_id is None or space_id == self._scope.space_id:
                raise NotFound
            lock_spaces(self._session, [self._scope.space_id, space_id])
            root = self._tree.root()
            self._check_target(target_id, space_id)
            if self._count(root) >= MAX_MOUNTS:
                raise TooManyMounts(allowed=MAX_MOUNTS)
            made = Node(space_id=self._scope.space_id, parent_id=root.id, kind=Kind.MOUNT)
            (name,) = make_way(self._tree, made, root, (name,), on_conflict, now)
            made.name, made.sort_key, made.search_key = name, sort_key(name), search_key(name)
            made.created_at = made.modified_at = now
            made.target_id, made.role = target_id, role
            self._session.add(made)
            self._set_has_mounts(has_mounts=True)
        return self.place(name)

    def _check_target(self, target_id: int, space_id: int) -> None:
        target, space = self._session.get(Node, target_id), self._session.get_one(Space, space_id)
        if target is None or target.kind != Kind.FOLDER:
            raise NotFound
        if target.parent_id is None and space.kind == SpaceKind.PERSONAL:
            raise NotFound
        if Tree(self._session, whole_space(space_id)).path_of(target) is None:
            raise NotFound

    def rename(self, name: str, to: str, on_conflict: Conflict, now: datetime) -> Place:
        """Rename a mount, not its target; return its place.

        Raises `NotFound`, `InvalidName`, and `EntryExists` if the name is in use, like any rename.
        """
        self._scope.require_whole(CHANGE)
        to = to_name(to)
        with publishing(self._session):
            root = self._tree.root(lock=True)
            node = self._get(root, name)
            if to != node.name:
                (to,) = make_way(self._tree, node, root, (to,), on_conflict, now)
                node.name, node.sort_key, node.search_key = to, sort_key(to), search_key(to)
        return self.place(to)

    def leave(self, name: str) -> None:
        """Remove a mount; its target is not changed. Raises `NotFound`."""
        self._scope.require_whole(CHANGE)
        with writing(self._session):
            self.remove(self._tree.root(lock=True), [name])

    def remove(self, root: Node, names: Iterable[str]) -> None:
        """Remove mounts in the caller's transaction, which holds the lock; raises as `leave`."""
        for name in names:
            self._session.delete(self._get(root, name))
        self._session.flush()
        self._set_has_mounts(has_mounts=self._count(root) > 0)

    def entry(self, mount: Mount) -> Entry:
        """Return the entry of a mount, with what the actor may see."""
        place = self.at(mount)
        return place.shown(Tree(self._session, place.scope).to_entry(mount.target, ()))

    @property
    def _may_be_any(self) -> bool:
        return self._scope.is_whole and self._scope.may_have_mounts

    def _count(self, root: Node) -> int:
        """Return the number of mounts, including hidden ones."""
        found = select(func.count()).where(Node.parent_id == root.id, Node.kind == Kind.MOUNT)
        return self._session.scalar(found.where(Node.trashed_at.is_(None))) or 0

    def _set_has_mounts(self, *, has_mounts: bool) -> None:
        noted = update(Space).where(Space.id == self._scope.space_id, Space.has_mounts.is_not(has_mounts))
        execute_counted(self._session, noted.values(has_mounts=has_mounts))

    def _get(self, root: Node, name: str) -> Node:
        node = self._tree.child(root, to_name(name))
        if node is None or node.kind != Kind.MOUNT:
            raise NotFound
        return node

    def _read(self, statement: _Row, **values: str | int) -> list[Mount]:
        rows = self._session.execute(statement, {"space_id": self._scope.space_id, **values})
        return [
            Mount(row.id, row.name, row.sort_key, Mounted(row.username or "", ShareRole(row.role)), row[0])
            for row in rows
        ]


def _to_stored_name(name: str) -> str | None:
    """Return a name as it is stored, None if it is invalid."""
    try:
        return to_name(name)
    except InvalidName:
        return None
