"""Moves the nodes of a batch back to where they were.

An undo restores everything or nothing, and fails if a name is in use. When a failed batch is reverted, its
changes must be taken back whatever happened meanwhile: nodes that others have moved or deleted stay as they
are, and a name in use gets a number.

Rule: last change first; runs in the caller's step of a batch, and logs everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum, auto
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from cabinet.errors import NotFound
from cabinet.models import BatchItem, ItemRole, Kind, Node
from cabinet.services.changes.batches import StepLog
from cabinet.services.changes.placing import Arrival, Placing
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.names import split_path
from cabinet.services.tree.removal import Measured, purge
from cabinet.services.tree.subtree import below
from cabinet.services.tree.trash_marks import is_not_purged
from cabinet.services.tree.tree import Tree


class _Way(Enum):
    """How to bring a node back."""

    TO_THE_TRASH = auto()
    # The node is live, at another place.
    MOVED_BACK = auto()
    # The node is in the trash.
    OUT_OF_THE_TRASH = auto()
    UNMAKE = auto()


def _way_back(item: BatchItem) -> _Way:
    if item.role != ItemRole.RELOCATED:
        return _Way.UNMAKE
    if item.trash_id is not None:
        return _Way.TO_THE_TRASH
    # Not together: a moved node may be in the place of one that it replaced.
    return _Way.MOVED_BACK if item.new_trash_id is None else _Way.OUT_OF_THE_TRASH


class _Location(NamedTuple):
    """A folder, None if deleted, with the tree and the path where it is visible: None in the trash."""

    folder: Node | None
    tree: Tree | None
    path: tuple[str, ...] | None


class Reverting:
    """Moves the nodes of batch items back, in one transaction."""

    def __init__(
        self, session: Session, tree: Tree, log: StepLog, now: datetime, other_trees: Sequence[Tree] = ()
    ) -> None:
        """Use the tree of the batch, and `other_trees` for nodes of other spaces."""
        self._session = session
        self._tree = tree
        self._trees = [tree, *other_trees]
        self._log = log
        self._now = now
        self._folders: dict[int | None, _Location] = {}

    def undo(self, items: Sequence[BatchItem]) -> None:
        """Undo all items; copies go to the trash, and folders that were created on the way stay.

        Raises `NotFound` if a node has been moved elsewhere, `EntryExists` or `NotAFolder` if its place is
        taken.
        """
        items = [item for item in items if item.role != ItemRole.INCOMPLETE_COPY]
        nodes = self._nodes(items)
        if not all(is_where_batch_left_it(item, nodes.get(item.node_id)) for item in items):
            raise NotFound
        if not self._tree.scope.is_whole:
            # What others have moved out of the scope is not brought back into it.
            for node in nodes.values():
                if node.trashed_at is None:
                    self._visible(node)
        for way, some in groupby(items, key=_way_back):
            self._folders.clear()
            alike = [(item, nodes[item.node_id]) for item in some]
            if way is _Way.UNMAKE:
                self._trash([node for item, node in alike if item.role == ItemRole.COPIED])
            else:
                self._relocate(way, alike, OnConflict.FAIL)

    def roll_back(self, items: Sequence[BatchItem]) -> Measured:
        """Revert the items whose nodes are where the batch left them; created nodes are deleted.

        Returns what was deleted. A copy that has been changed since goes to the trash instead, and a folder that was created on the way
        stays unless it is empty.
        """
        nodes = self._nodes(items)
        left = [item for item in items if is_where_batch_left_it(item, nodes.get(item.node_id))]
        freed = Measured()
        for way, some in groupby(left, key=_way_back):
            self._folders.clear()
            alike = [(item, nodes[item.node_id]) for item in some]
            if way is _Way.UNMAKE:
                freed += self._unmake(alike)
            else:
                self._relocate(way, alike, OnConflict.RENAME)
        return freed

    def _nodes(self, items: Sequence[BatchItem]) -> dict[int, Node]:
        node_ids = [item.node_id for item in items]
        spaces = {tree.scope.space_id for tree in self._trees}
        there = or_(*((Node.space_id == space_id) & is_not_purged(space_id) for space_id in sorted(spaces)))
        wanted = select(Node).where(Node.id.in_(node_ids), there)
        return {node.id: node for node in self._session.scalars(wanted)}

    def _relocate(self, way: _Way, items: Sequence[tuple[BatchItem, Node]], on_conflict: OnConflict) -> None:
        if way is _Way.TO_THE_TRASH:
            self._trash_again(items)
        else:
            arrivals: dict[Tree, list[Arrival]] = {}
            for item, node in items:
                tree, arrival = self._arrival(item, node, on_conflict)
                arrivals.setdefault(tree, []).append(arrival)
            for tree, some in arrivals.items():
                self._placing(tree).move(some, on_conflict)

    def _trash_again(self, items: Sequence[tuple[BatchItem, Node]]) -> None:
        """Return nodes to the trash with their former state."""
        self._trash([node for _item, node in items if node.trashed_at is None])
        for item, node in items:
            self._tree_of(node).trash_as(node, item.path, item.trash_id, item.trashed_at)
        self._session.flush()

    def _trash(self, nodes: Sequence[Node]) -> None:
        """Move live nodes to the trash of their spaces; raises `NotFound` for one that is not visible."""
        visible: dict[Tree, list[tuple[Node, tuple[str, ...]]]] = {}
        for node in nodes:
            tree, path = self._visible(node)
            visible.setdefault(tree, []).append((node, path))
        for tree, some in visible.items():
            self._placing(tree).trash(some)

    def _placing(self, tree: Tree) -> Placing:
        return Placing(self._session, tree, self._log, self._now)

    def _tree_of(self, node: Node) -> Tree:
        return next(tree for tree in self._trees if tree.scope.space_id == node.space_id)

    def _unmake(self, items: Sequence[tuple[BatchItem, Node]]) -> Measured:
        gone: list[Node] = []
        for item, node in items:
            if item.role == ItemRole.FOLDER_CREATED:
                # Folders created below it were just deleted.
                self._session.refresh(node, ["child_count"])
                if node.child_count:
                    continue
            elif not is_incomplete(node) and not is_untouched(self._session, node):
                self._tree.trash(node, split_path(item.path), self._now)
                continue
            if node.trashed_at is None:
                self._tree.detach(node)
            gone.append(node)
        return purge(self._session, self._tree.scope.space_id, [node.id for node in gone])

    def _arrival(self, item: BatchItem, node: Node, on_conflict: OnConflict) -> tuple[Tree, Arrival]:
        names = split_path(item.path)
        folder, tree, path = self._folder(item.parent_id)
        if folder is not None and tree is not None and path is not None:
            return tree, Arrival(node, folder, (*path, names[-1]), self._origin(node))
        tree = self._tree_of(node)
        if folder is None or on_conflict is not OnConflict.RENAME:
            is_elsewhere = folder is not None and not any(
                above.trashed_at for above in tree.iter_with_ancestors(folder)
            )
            if is_elsewhere or (tree is not self._tree and not tree.scope.is_whole):
                # It is out of reach, or the root of its former path is unknown.
                raise NotFound
            folder = self._placing(tree).folder_at(names[:-1])
        # Else the folder was trashed meanwhile, and the node belongs into it wherever it is.
        return tree, Arrival(node, folder, names, self._origin(node))

    def _origin(self, node: Node) -> tuple[str, ...]:
        """Return the path of a live node, or its name if a folder above it is in the trash."""
        path = self._folder(node.parent_id).path
        return (*(path or ()), node.name)

    def _visible(self, node: Node) -> tuple[Tree, tuple[str, ...]]:
        """Return the tree and path of a live node; raises `NotFound` if a folder above it is in the trash."""
        _folder, tree, path = self._folder(node.parent_id)
        if tree is None or path is None:
            raise NotFound
        return tree, (*path, node.name)

    def _folder(self, folder_id: int | None) -> _Location:
        """Return the location of a folder, cached while nothing moves.

        Most items have the same folder.
        """
        if folder_id not in self._folders:
            folder = None if folder_id is None else self._session.get(Node, folder_id)
            self._folders[folder_id] = (
                _Location(None, None, None) if folder is None else self._look_for(folder)
            )
        return self._folders[folder_id]

    def _look_for(self, folder: Node) -> _Location:
        for tree in self._trees:
            path = tree.path_of(folder) if tree.scope.space_id == folder.space_id else None
            if path is not None:
                return _Location(folder, tree, path)
        return _Location(folder, None, None)


def is_untouched(session: Session, copy: Node) -> bool:
    """Return whether a copy and everything below it is unchanged since it was created; examines each node."""
    if copy.kind == Kind.FILE:
        return copy.version == 1
    nodes = below([copy.id])
    changed = (Node.created_at != copy.created_at) | (Node.version > 1)
    found = select(Node.id).join(nodes, Node.id == nodes.c.id).where(changed).limit(1)
    return session.scalar(found) is None


def is_incomplete(node: Node) -> bool:
    """Return whether a node is a copy that is hidden until it is complete."""
    return node.trashed_at is not None and node.trash_id is None and node.trashed_from is None


def is_where_batch_left_it(item: BatchItem, node: Node | None) -> bool:
    """Return whether a node is live or in the trash as the batch left it, at any place."""
    if node is None:
        return False
    if item.role == ItemRole.INCOMPLETE_COPY or is_incomplete(node):
        return is_incomplete(node)
    if item.new_trash_id is not None or node.trashed_at is None:
        return node.trash_id == item.new_trash_id
    # A purge has hidden it in the trash.
    return node.trash_id is None and item.trash_id is not None
