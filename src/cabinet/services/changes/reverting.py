"""The way back from a batch: each of its nodes lies again where it lay.

Somebody who undoes a batch gets all of it or nothing, and a name that is in use keeps it from being
undone. When a batch fails, what it did has to go back whatever else happened meanwhile: what somebody
else has moved away or removed stays so, and a name that is in use gets a number.

Rule: the last change first; runs in the caller's step of a batch, and notes all it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum, auto
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import NotFound
from cabinet.models import BatchItem, ItemRole, Kind, Node
from cabinet.services.changes.batches import StepLog
from cabinet.services.changes.placing import Arrival, Placing
from cabinet.services.tree.entries import Conflict
from cabinet.services.tree.names import split_path
from cabinet.services.tree.removal import purge
from cabinet.services.tree.subtree import below
from cabinet.services.tree.trash_marks import is_not_purged
from cabinet.services.tree.tree import Tree


class _Way(Enum):
    """What brings a node back."""

    TO_THE_TRASH = auto()
    # It is live, and has been elsewhere.
    MOVED_BACK = auto()
    # It is in the trash.
    OUT_OF_THE_TRASH = auto()
    UNMAKE = auto()


def _way_back(item: BatchItem) -> _Way:
    if item.role != ItemRole.RELOCATED:
        return _Way.UNMAKE
    if item.trash_id is not None:
        return _Way.TO_THE_TRASH
    # Not with the others: what was moved may be in the place of what was replaced by it.
    return _Way.MOVED_BACK if item.new_trash_id is None else _Way.OUT_OF_THE_TRASH


class Reverting:
    """Brings the nodes of some items back, in one transaction."""

    def __init__(self, session: Session, tree: Tree, log: StepLog, now: datetime) -> None:
        self._session = session
        self._tree = tree
        self._log = log
        self._now = now
        self._placing = Placing(session, tree, log, now)
        self._folders: dict[int | None, tuple[Node | None, tuple[str, ...] | None]] = {}

    def undo(self, items: Sequence[BatchItem]) -> None:
        """Bring all of them back; copies go to the trash, and folders that were made on the way stay.

        Raises `NotFound` when one has gone elsewhere, `EntryExists` and `NotAFolder` when something
        else is where it was.
        """
        items = [item for item in items if item.role != ItemRole.BUILT]
        nodes = self._nodes(items)
        if not all(is_where_it_went(item, nodes.get(item.node_id)) for item in items):
            raise NotFound
        if not self._tree.scope.is_whole:
            # What others have taken out of the scope meanwhile is not brought back into it.
            for node in nodes.values():
                if node.trashed_at is None:
                    self._visible(node)
        for way, some in groupby(items, key=_way_back):
            self._folders.clear()
            alike = [(item, nodes[item.node_id]) for item in some]
            if way is _Way.UNMAKE:
                copies = [node for item, node in alike if item.role == ItemRole.COPIED]
                self._placing.trash([(copy, self._visible(copy)) for copy in copies])
            else:
                self._relocate(way, alike, Conflict.FAIL)

    def take_back(self, items: Sequence[BatchItem]) -> None:
        """Bring back those that are where the batch left them; what was made is gone again.

        A copy that somebody has put something into meanwhile goes to the trash instead, and a folder
        that was made on the way stays unless it is empty.
        """
        nodes = self._nodes(items)
        left = [item for item in items if is_where_it_went(item, nodes.get(item.node_id))]
        for way, some in groupby(left, key=_way_back):
            self._folders.clear()
            alike = [(item, nodes[item.node_id]) for item in some]
            if way is _Way.UNMAKE:
                self._unmake(alike)
            else:
                self._relocate(way, alike, Conflict.RENAME)

    def _nodes(self, items: Sequence[BatchItem]) -> dict[int, Node]:
        node_ids = [item.node_id for item in items]
        wanted = select(Node).where(Node.id.in_(node_ids), is_not_purged(self._tree.scope.space_id))
        return {node.id: node for node in self._session.scalars(wanted)}

    def _relocate(self, way: _Way, items: Sequence[tuple[BatchItem, Node]], on_conflict: Conflict) -> None:
        if way is _Way.TO_THE_TRASH:
            self._trash_again(items)
        else:
            arrivals = [self._arrival(item, node, on_conflict) for item, node in items]
            self._placing.move(arrivals, on_conflict)

    def _trash_again(self, items: Sequence[tuple[BatchItem, Node]]) -> None:
        """Let nodes lie in the trash as they lay there."""
        live = [node for _item, node in items if node.trashed_at is None]
        self._placing.trash([(node, self._visible(node)) for node in live])
        for item, node in items:
            self._tree.trash_as(node, item.path, item.trash_id, item.trashed_at)
        self._session.flush()

    def _unmake(self, items: Sequence[tuple[BatchItem, Node]]) -> None:
        gone: list[Node] = []
        for item, node in items:
            if item.role == ItemRole.MADE:
                # What was made below it has just gone.
                self._session.refresh(node, ["child_count"])
                if node.child_count:
                    continue
            elif not is_incomplete(node) and not is_untouched(self._session, node):
                self._tree.trash(node, split_path(item.path), self._now)
                continue
            if node.trashed_at is None:
                self._tree.take(node)
            gone.append(node)
        purge(self._session, self._tree.scope.space_id, [node.id for node in gone])

    def _arrival(self, item: BatchItem, node: Node, on_conflict: Conflict) -> Arrival:
        names = split_path(item.path)
        folder, path = self._folder(item.parent_id)
        if folder is not None and path is not None:
            names = (*path, names[-1])
        elif folder is None or on_conflict is not Conflict.RENAME:
            folder = self._placing.folder_at(names[:-1])
        # Else it has been deleted meanwhile, and its content belongs into it wherever it is.
        return Arrival(node, folder, names, self._origin(node))

    def _origin(self, node: Node) -> tuple[str, ...]:
        """Return the path of a live node, or its name where a folder above it is in the trash."""
        _folder, path = self._folder(node.parent_id)
        return (*(path or ()), node.name)

    def _visible(self, node: Node) -> tuple[str, ...]:
        """Return the path of a live node; raises `NotFound` when a folder above it is in the trash."""
        _folder, path = self._folder(node.parent_id)
        if path is None:
            raise NotFound
        return (*path, node.name)

    def _folder(self, folder_id: int | None) -> tuple[Node | None, tuple[str, ...] | None]:
        """Return a folder, None for one that is gone, and its path, None while it is in the trash.

        Asked once each while nothing changes its place: it is the same for most of the items.
        """
        if folder_id not in self._folders:
            folder = None if folder_id is None else self._session.get(Node, folder_id)
            path = None if folder is None else self._tree.path_of(folder)
            self._folders[folder_id] = (folder, path)
        return self._folders[folder_id]


def is_untouched(session: Session, copy: Node) -> bool:
    """Tell whether all below a copy, and the copy, is as it was made; looks at each."""
    if copy.kind == Kind.FILE:
        return copy.version == 1
    nodes = below([copy.id])
    changed = (Node.created_at != copy.created_at) | (Node.version > 1)
    found = select(Node.id).join(nodes, Node.id == nodes.c.id).where(changed).limit(1)
    return session.scalar(found) is None


def is_incomplete(node: Node) -> bool:
    """Tell whether a node is a copy that is hidden until it is complete."""
    return node.trashed_at is not None and node.trash_id is None and node.trashed_from is None


def is_where_it_went(item: BatchItem, node: Node | None) -> bool:
    """Tell whether a node is live or in the trash as the batch left it, wherever it lies."""
    if node is None:
        return False
    if item.role == ItemRole.BUILT or is_incomplete(node):
        return is_incomplete(node)
    if item.new_trash_id is not None or node.trashed_at is None:
        return node.trash_id == item.new_trash_id
    # A purge has hidden it in the trash.
    return node.trash_id is None and item.trash_id is not None
