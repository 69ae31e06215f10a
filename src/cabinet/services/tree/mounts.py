"""Mounts: folders and files of other spaces that appear in the root of a personal space.

The first name of a path determines whose tree it leads to. Behind a mount it is the target's, with the rights
of the mount's role and no other rights of the owner; services that get this scope do not know about the
mount. Only scopes of whole spaces have mounts, and the root of a personal space cannot be a target, so
nothing is shared on unseen and there are no cycles.

A mount whose target is in the trash, itself or by a folder above it, is hidden but keeps its name. So is one
without a role, whose grants have ended, and one whose target belongs to a disabled account.

The entries of a selection are found in the same way, though no node stands for them: each is a folder or a file
at the root of the link, with the rights of the link.

Rule: reads all mounts of a root in one query, and adds, renames and removes them under the lock of its space;
operations below a target are done by other services.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from cabinet.errors import CabinetError, InvalidName, NotFound, TooManyMounts
from cabinet.models import (
    Acceptance,
    Batch,
    Kind,
    Node,
    ShareRecipient,
    Space,
    SpaceKind,
    Upload,
)
from cabinet.services.access.rights import CHANGE, Rights
from cabinet.services.access.roles import ShareRole
from cabinet.services.access.scope import SELECTION, Scope, whole_space
from cabinet.services.kernel.database import execute, execute_counted, publishing
from cabinet.services.tree.entries import Entry, Mounted, OnConflict, to_visible_entry
from cabinet.services.tree.mount_queries import ALL, BY_NAME, BY_TARGET, MAX_MOUNTS, OF_SELECTION, MountRows
from cabinet.services.tree.name_conflicts import resolve_conflict
from cabinet.services.tree.names import search_key, sort_key, to_name
from cabinet.services.tree.node_values import COLUMNS, NodeValues
from cabinet.services.tree.space_lock import lock_spaces
from cabinet.services.tree.tree import Tree

_RIGHTS: dict[str, Rights] = {role.value: role.rights for role in ShareRole}


# No dataclass: one takes three times as long to make, and a root has hundreds.
class Mount(NamedTuple):
    """A visible mount: its id, its name, and the current state of its target, with the rights there.

    `space_id` is the target's. An entry of a selection has no `mounted`: guests learn neither whose it is nor a role.
    """

    id: int
    name: str
    sort_key: bytes
    mounted: Mounted | None
    target: NodeValues
    space_id: int
    rights: Rights


@dataclass(frozen=True, slots=True)
class Place:
    """The location of a path: a scope, behind a mount that of the mount, and the path in it."""

    scope: Scope
    path: str
    mount: Mount | None = None

    @property
    def is_mount(self) -> bool:
        """Return whether this is a mount itself, or an entry of a selection, not something below its target."""
        return self.mount is not None and not self.path

    def to_actor_path(self, path: str) -> str:
        """Return a path of the scope as a path of the actor."""
        if self.mount is None:
            return path
        return f"{self.mount.name}/{path}" if path else self.mount.name

    def to_actor_entry(self, entry: Entry) -> Entry:
        """Return an entry of the scope with the actor's path; the root of the scope becomes the mount."""
        if self.mount is None:
            return entry
        path, mounted = self.to_actor_path(entry.path), self.mount.mounted
        role = None if mounted is None else mounted.role
        if entry.path:
            return replace(entry, path=path, role=role)
        return replace(entry, path=path, name=self.mount.name, role=role, mounted=mounted)

    def to_actor_error(self, error: CabinetError) -> CabinetError:
        """Return the error with its path as a path of the actor."""
        path = error.data.get("path")
        if self.mount is not None and isinstance(path, str):
            error.path = self.to_actor_path(path)  # type: ignore[attr-defined]  # it has that field
        return error

    @contextmanager
    def converting_errors(self) -> Iterator[None]:
        """Convert the paths of errors raised in the body to paths of the actor."""
        try:
            yield
        except CabinetError as error:
            self.to_actor_error(error)
            raise


class Mounts:
    """The mounts in the root of one scope."""

    def __init__(self, session: Session, scope: Scope) -> None:
        self._session = session
        self._scope = scope
        self._tree = Tree(session, scope)
        # Whether the actor may read behind mounts with certain rights: a listing asks for each of hundreds.
        self._readable: dict[Rights, bool] = {}

    def place(self, path: str) -> Place:
        """Return the location of a path; raises nothing, because the operation that uses it does."""
        return self.places([path])[0]

    def places(self, paths: Iterable[str]) -> list[Place]:
        """Return the location of each path, as `place` does, with one query."""
        wanted = list(paths)
        behind = self.behind(wanted)
        return [behind.get(number) or Place(self._scope, path) for number, path in enumerate(wanted)]

    def behind(self, paths: Sequence[str]) -> dict[int, Place]:
        """Return the locations behind mounts alone, by their positions among `paths`, with one query."""
        if not self._may_be_any:
            return {}
        split = [path.partition("/")[::2] for path in paths]
        mounts = self._find_all({first for first, _rest in split})
        found = ((number, first, rest) for number, (first, rest) in enumerate(split) if first in mounts)
        return {number: self.at(mounts[first], rest) for number, first, rest in found}

    def _find_all(self, names: Collection[str]) -> dict[str, Mount]:
        """Return the mounts with these names, by name."""
        if len(names) <= 1:
            found = {name: self.find(name) for name in names}
            return {name: mount for name, mount in found.items() if mount is not None}
        known = {mount.name: mount for mount in self.all()}
        kept = {name: _to_stored_name(name) for name in names} if known else {}
        return {name: known[stored_name] for name, stored_name in kept.items() if stored_name in known}

    def place_of_begun(self, table: type[Batch | Upload], begun_id: str) -> Place | None:
        """Return the place behind a mount where the actor began an upload or a batch, None if none."""
        if not self._may_be_any or self._scope.actor.is_guest:
            return None
        wanted = select(table.space_id, table.root_id).where(
            table.id == begun_id, table.user_id == self._scope.actor.user_id
        )
        row = self._session.execute(wanted).one_or_none()
        mount = None if row is None or row.root_id is None else self.find_by_target(row.space_id, row.root_id)
        return None if mount is None else self.at(mount)

    def places_of_trashed(self, trash_ids: Sequence[str]) -> Mapping[str, Place]:
        """Return the places behind mounts where the actor may restore items, by their ids in the trash.

        These are the items in the trashes of the actor's team spaces, and what the actor deleted elsewhere.
        """
        mounts = () if self._scope.actor.is_guest else self.all()
        if not mounts:
            return {}
        teams = {mount.space_id: mount for mount in mounts if mount.target.parent_id is None}
        wanted = select(Node.trash_id, Node.space_id, Node.trashed_parent_id).where(
            Node.trash_id.in_(trash_ids),
            Node.space_id != self._scope.space_id,
            or_(Node.trashed_by == self._scope.actor.user_id, Node.space_id.in_(teams)),
        )
        places: dict[str, Place] = {}
        for trash_id, space_id, parent_id in self._session.execute(wanted).all():
            if space_id in teams and trash_id is not None:
                places[trash_id] = self.at(teams[space_id])
                continue
            parent = None if parent_id is None else self._session.get(Node, parent_id)
            above = set() if parent is None else {each.id for each in self._tree.iter_with_ancestors(parent)}
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
            self._scope.actor,
            mount.space_id,
            root_id,
            mount.rights,
            share_id=self._scope.share_id,
            mount_id=None if mount.mounted is None else mount.id,
            may_have_mounts=False,
        )
        return Place(scope, path, mount)

    def find(self, name: str) -> Mount | None:
        """Return the visible mount with this name, None if there is none."""
        if not name or not self._may_be_any:
            return None
        stored_name = _to_stored_name(name)
        found = self._read(BY_NAME, name=stored_name) if stored_name else []
        return found[0] if found else None

    def find_by_target(self, space_id: int, root_id: int) -> Mount | None:
        """Return a visible mount of a node in another space, None if there is none."""
        found = self._read(BY_TARGET, target_id=root_id) if self._scope.is_whole and self._may_be_any else []
        return next((mount for mount in found if mount.space_id == space_id), None)

    def all(self) -> Sequence[Mount]:
        """Return the visible mounts by name; none if the scope is neither a whole space nor a selection."""
        return self._read(ALL) if self._may_be_any else []

    def add(
        self, target_id: int, name: str, role: ShareRole, on_conflict: OnConflict, now: datetime
    ) -> Place:
        """Mount a node of another space in the root; return its place.

        Raises `NotFound` if the target is not a folder or a file of another space, is in the trash, or is the root of a
        personal space; `TooManyMounts`, `InvalidName`, and `EntryExists` if the name is in use.
        """
        self._scope.require_whole(CHANGE)
        name = to_name(name)
        with publishing(self._session):
            space_id = self._session.scalar(select(Node.space_id).where(Node.id == target_id))
            if space_id is None or space_id == self._scope.space_id:
                raise NotFound
            lock_spaces(self._session, [self._scope.space_id, space_id])
            self._check_target(target_id, space_id)
            name = self.insert(target_id, name, role, on_conflict, now).name
        return self.place(name)

    def insert(
        self, target_id: int, name: str, role: ShareRole | None, on_conflict: OnConflict, now: datetime
    ) -> Node:
        """Mount a valid target in the caller's transaction, which holds the locks; return the mount.

        Without a `role`, grants have it. Raises `TooManyMounts`, and `EntryExists` if the name is in use.
        """
        root = self._tree.root()
        if self._count(root) >= MAX_MOUNTS:
            raise TooManyMounts(allowed=MAX_MOUNTS)
        made = Node(space_id=self._scope.space_id, parent_id=root.id, kind=Kind.MOUNT)
        (name,) = resolve_conflict(self._tree, made, root, (name,), on_conflict, now)
        made.name, made.sort_key, made.search_key = name, sort_key(name), search_key(name)
        made.created_at = made.modified_at = now
        made.target_id, made.role = target_id, role
        self._session.add(made)
        self._session.flush()
        self._set_has_mounts(has_mounts=True)
        return made

    def _check_target(self, target_id: int, space_id: int) -> None:
        target, space = self._session.get(Node, target_id), self._session.get_one(Space, space_id)
        if target is None or target.kind == Kind.MOUNT:
            raise NotFound
        if target.parent_id is None and space.kind == SpaceKind.PERSONAL:
            raise NotFound
        if Tree(self._session, whole_space(space_id)).path_of(target) is None:
            raise NotFound

    def rename(self, name: str, to: str, on_conflict: OnConflict, now: datetime) -> Place:
        """Rename a mount, not its target; return its place.

        Raises `NotFound`, `InvalidName`, and `EntryExists` if the name is in use, like any rename.
        """
        self._scope.require_whole(CHANGE)
        to = to_name(to)
        with publishing(self._session):
            root = self._tree.root(lock=True)
            node = self._get(root, name)
            if to != node.name:
                (to,) = resolve_conflict(self._tree, node, root, (to,), on_conflict, now)
                node.name, node.sort_key, node.search_key = to, sort_key(to), search_key(to)
        return self.place(to)

    def remove(self, root: Node, names: Iterable[str]) -> None:
        """Remove mounts in the caller's transaction, which holds the lock; raises `NotFound`.

        Their targets are not changed. The grants that they show are declined, so that these are not mounted again.
        """
        for name in names:
            node = self._get(root, name)
            declined = update(ShareRecipient).where(ShareRecipient.mount_id == node.id)
            execute_counted(self._session, declined.values(state=Acceptance.DECLINED, mount_id=None))
            self._session.delete(node)
        self._session.flush()
        self._set_has_mounts(has_mounts=self._count(root) > 0)

    def entry(self, mount: Mount) -> Entry:
        """Return the entry of a mount, with what the actor may see."""
        rights = mount.rights
        if rights not in self._readable:
            self._readable[rights] = self.at(mount).scope.has(Rights.READ)
        entry = to_visible_entry(mount.target, mount.name, may_read=self._readable[rights])
        entry.name = mount.name
        if mount.mounted is not None:
            entry.role, entry.mounted = mount.mounted.role, mount.mounted
        return entry

    @property
    def _may_be_any(self) -> bool:
        return self._scope.is_selection or (self._scope.is_whole and self._scope.may_have_mounts)

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

    def _read(self, statement: MountRows, **values: str | int) -> list[Mount]:
        if self._scope.is_selection:
            # Negative: no node has the id of an entry of a selection.
            return [
                Mount(SELECTION - 1 - position, name, key, None, target, space_id, self._scope.granted)
                for target, space_id, position, name, key in self._rows_of(
                    OF_SELECTION[statement], {"share_id": self._scope.share_id, **values}
                )
            ]
        rows = self._rows_of(statement, {"space_id": self._scope.space_id, **values})
        return [
            Mount(node_id, name, key, _mounted(owner, role, team), target, space_id, _RIGHTS[role])
            for target, space_id, node_id, name, key, role, owner, team in rows
            if role is not None
        ]

    def _rows_of(self, statement: MountRows, values: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows, with the values of the target first."""
        for row in execute(self._session, statement, values).all():
            yield (NodeValues(*row[: len(COLUMNS)]), *row[len(COLUMNS) :])


@lru_cache
def _mounted(owner: str | None, role: str, team: str | None) -> Mounted:
    """Return one object for all mounts that are alike: a root has hundreds, of few owners."""
    return Mounted(owner or "", ShareRole(role), team)


def _to_stored_name(name: str) -> str | None:
    """Return a name as it is stored, None if it is invalid."""
    try:
        return to_name(name)
    except InvalidName:
        return None
