"""The tree of a space within a scope: find nodes by path, create folders, add and remove nodes.

The counters of a folder change together with its contents, and so does the stored length of the longest path
below it: so a tree of any size is moved by changing one row, and no path becomes longer than the limit.

The root of a scope may be a folder or a file of its space. Paths are relative to it, and nothing outside is
found; if it or a folder above it is in the trash, everything is hidden.

Rule: everything here runs in the caller's transaction and commits nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import takewhile

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from cabinet.errors import NotAFolder, NotFound
from cabinet.models import Kind, Node, Space
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope
from cabinet.services.kernel.ids import new_id
from cabinet.services.tree.entries import Entry, to_entry, to_visible_entry
from cabinet.services.tree.grants import check_grant
from cabinet.services.tree.guards import check_guard
from cabinet.services.tree.names import (
    PATH_BYTES,
    PATH_SEGMENTS,
    check_path,
    fits,
    join_path,
    search_key,
    sort_key,
    too_long,
)
from cabinet.services.tree.node_values import AnyNode, NodeValues, insert_nodes
from cabinet.services.tree.paths import find_nodes, find_nodes_on_way, find_rows
from cabinet.services.tree.reach import look_up_reach
from cabinet.services.tree.space_lock import lock_spaces, seq_of
from cabinet.services.tree.sums import CounterChanges
from cabinet.services.tree.trash_marks import after_mark
from cabinet.services.tree.usage import add_usage

# Built once: building a statement takes as long as running it, and each request runs several. The root of a
# deleted space is hidden like a trashed node, so no path leads below it.
_IS_ROOT = (Node.space_id == bindparam("space_id"), Node.parent_id.is_(None), Node.trashed_at.is_(None))
_ROOT = select(Node).where(*_IS_ROOT)
# The parent of trashed nodes, and the mark up to which the trash is purged.
_TRASH = select(Node.id, Space.trash_hidden_to).join(Space, Space.id == Node.space_id).where(*_IS_ROOT)
_CHILD = select(Node).where(
    Node.parent_id == bindparam("parent_id"), Node.name == bindparam("name"), Node.trashed_at.is_(None)
)


class Tree:
    """The live nodes of one scope."""

    def __init__(self, session: Session, scope: Scope) -> None:
        self._session = session
        self._scope = scope
        # Asked for each entry of a listing.
        self._may_read = scope.has(Rights.READ)

    @property
    def scope(self) -> Scope:
        """The scope of the tree."""
        return self._scope

    def root(self, *, lock: bool = False) -> Node:
        """Return the root of the scope; raises `NotFound` if it, or the space, does not exist any more.

        With `lock`, the transaction first takes the lock of the space until it ends; then it also raises what
        `check_grant` does.
        """
        if lock:
            self.lock()
        root_id = self._scope.root_id
        if root_id is None:
            return self.top()
        node = self._session.get(Node, root_id)
        if node is None or node.space_id != self._scope.space_id or node.kind != Kind.FOLDER:
            raise NotFound
        if any(above.trashed_at is not None for above in self.iter_with_ancestors(node)):
            raise NotFound
        return node

    def lock(self) -> None:
        """Take the lock of the space until the transaction ends; raises what `check_grant` and a guard do."""
        lock_spaces(self._session, [self._scope.space_id])
        check_grant(self._session, self._scope)
        check_guard(self._session)

    def top(self) -> Node:
        """Return the root of the space, which only a scope of the whole space may show; raises as `root`."""
        node = self._session.scalar(_ROOT, {"space_id": self._scope.space_id})
        if node is None:
            raise NotFound
        return node

    @property
    def seq(self) -> int:
        """The number of the current change."""
        return seq_of(self._session, self._scope.space_id)

    def is_root(self, node: Node) -> bool:
        """Return whether a node is the root of the scope."""
        root_id = self._scope.root_id
        return node.parent_id is None if root_id is None else node.id == root_id

    def to_entry(self, node: AnyNode, names: tuple[str, ...]) -> Entry:
        """Return the entry of the node at a path, with what the actor may see."""
        if self._may_read:
            return to_entry(node, join_path(names))
        return to_visible_entry(node, join_path(names), may_read=False)

    def child(self, folder: Node | NodeValues, name: str) -> Node | None:
        """Return the node called `name` in `folder`."""
        return self._session.scalar(_CHILD, {"parent_id": folder.id, "name": name})

    def parent(self, node: Node) -> Node:
        """Return the parent of `node`, which is not the root."""
        return self._session.get_one(Node, node.parent_id)

    def load(self, node: AnyNode) -> Node:
        """Return the object of a stored node."""
        return self._session.get_one(Node, node.id)

    def walk(self, names: Sequence[str], *, lock: bool = False) -> tuple[Node, int]:
        """Return the last existing node on a path, and the number of names that lead to it."""
        if lock:
            self.lock()
        way = find_nodes_on_way(self._session, self._scope, names)
        return way[-1], len(way) - 1

    def find(self, names: Sequence[str]) -> Node | None:
        """Return the node at a path; None if there is none, also below a file, or if it is a mount."""
        node, depth = self.walk(names)
        return node if depth == len(names) and node.kind != Kind.MOUNT else None

    def find_all(self, paths: Iterable[tuple[str, ...]]) -> Mapping[tuple[str, ...], Node]:
        """Return the existing nodes at these paths, except mounts, with one query per folder at most."""
        return find_nodes(self._session, self._scope, paths)

    def find_rows(self, paths: Iterable[tuple[str, ...]]) -> Mapping[tuple[str, ...], NodeValues]:
        """Return the values of the existing nodes at these paths, with mounts, by as few queries."""
        return find_rows(self._session, self._scope, paths)

    def get_row(self, names: tuple[str, ...]) -> NodeValues:
        """Return the values of the node at a path; raises `NotFound`, also for a mount."""
        row = self.find_rows([names]).get(names)
        if row is None or row.kind == Kind.MOUNT:
            raise NotFound
        return row

    def get_folder_row(self, names: tuple[str, ...]) -> NodeValues:
        """Return the values of the folder at a path; raises `NotFound` or `NotAFolder`."""
        row = self.get_row(names)
        if row.kind != Kind.FOLDER:
            raise NotAFolder(path=join_path(names))
        return row

    def get(self, names: Sequence[str]) -> Node:
        """Return the node at a path; raises `NotFound`."""
        node = self.find(names)
        if node is None:
            raise NotFound
        return node

    def get_folder(self, names: Sequence[str]) -> Node:
        """Return the folder at a path; raises `NotFound` or `NotAFolder`."""
        node = self.get(names)
        if node.kind != Kind.FOLDER:
            raise NotAFolder(path=join_path(tuple(names)))
        return node

    def new(self, folder: Node, name: str, kind: Kind, now: datetime) -> Node:
        """Return a new node for `folder`, where the name must be free; `add_all` stores it."""
        if not self._scope.is_whole:
            self._check_from_top(folder, name)
        node = Node(space_id=self._scope.space_id, parent_id=folder.id, kind=kind, name=name)
        node.sort_key, node.search_key = sort_key(name), search_key(name)
        node.size = node.version = node.below_bytes = node.below_segments = 0
        node.child_count = node.child_size = node.tree_size = node.tree_files = 0
        node.tree_tag = self.seq
        node.created_at = node.modified_at = now
        return node

    def new_values(self, folder: AnyNode, name: str, kind: Kind, now: datetime) -> NodeValues:
        """Return the values of a new empty node for `folder`, where the name must be free."""
        if not self._scope.is_whole:
            self._check_from_top(self.load(folder), name)
        return NodeValues(0, folder.id, kind, name, created_at=now, modified_at=now, tree_tag=self.seq)

    def _check_from_top(self, folder: Node, name: str) -> None:
        """Raise `InvalidName` if the path is too long from the root of the space on."""
        names = (*self._names_from_top(folder), name)
        if not fits(names):
            raise too_long((*(self.path_of(folder) or ()), name))

    def _names_from_top(self, node: Node) -> tuple[str, ...]:
        return tuple(above.name for above in reversed([*self.iter_with_ancestors(node)][:-1]))

    def _above_root(self) -> tuple[str, ...]:
        """Return the names from the root of the space to the root of the scope."""
        root_id = self._scope.root_id
        root = None if root_id is None else self._session.get(Node, root_id)
        return () if root is None else self._names_from_top(root)

    def path_in_space(self, names: tuple[str, ...]) -> str:
        """Return the path from the root of the space."""
        return join_path((*self._above_root(), *names))

    def origin_of(self, node: Node) -> tuple[Node, tuple[str, ...]] | None:
        """Return the original parent of a trashed node and its path; None if it is not visible."""
        if node.trashed_parent_id is None:
            return None
        folder = self._session.get(Node, node.trashed_parent_id)
        names = None if folder is None else self.path_of(folder)
        return None if folder is None or names is None else (folder, names)

    def add_all(self, folder: Node, nodes: Sequence[Node]) -> None:
        """Store new nodes in the folder that they were created for; raises `TooManyEntries`."""
        add_usage(self._session, self._scope, 0, entries=len(nodes))
        self._session.add_all(nodes)
        self._session.flush()
        self._count_new(folder, nodes)

    def _count_new(self, folder: Node | NodeValues, nodes: Sequence[AnyNode]) -> None:
        changes = CounterChanges()
        for node in nodes:
            changes.add(folder.id, node)
        self.count(changes)
        for node in nodes:
            self.extend_reach(folder, node)

    def extend_reach(self, folder: Node | NodeValues, node: AnyNode) -> None:
        """Raise the stored reach of the folder, and of those above, to include the new `node`."""
        while True:
            size, segments = _reach(node)
            if folder.below_bytes >= size and folder.below_segments >= segments:
                return  # and so do those above it
            folder.below_bytes = max(folder.below_bytes, size)
            folder.below_segments = max(folder.below_segments, segments)
            if isinstance(folder, NodeValues):
                # Its object is read for the first long name only, not for each of the next ones.
                folder = self.load(folder)
                continue
            if folder.parent_id is None:
                return
            node, folder = folder, self.parent(folder)

    def check_reach(self, node: Node, names: tuple[str, ...]) -> None:
        """Raise `InvalidName` if `node`, or anything below it, cannot be at the path `names`.

        The stored reach of a folder may be too high, because it never shrinks when something is removed;
        before that causes a refusal, the exact one is computed, inside `arriving`.
        """
        check_path(names)
        whole = (*self._above_root(), *names)
        if not _fits_at(whole, node) and node.kind == Kind.FOLDER:
            look_up_reach(self._session, node)
        if not _fits_at(whole, node):
            raise too_long(names)

    def iter_with_ancestors(self, folder: Node) -> Iterator[Node]:
        """Yield `folder` and every folder above it, up to the root."""
        yield folder
        while folder.parent_id is not None:
            folder = self.parent(folder)
            yield folder

    def is_inside(self, folder: Node, node: Node) -> bool:
        """Return whether `folder` is `node` or lies anywhere below it."""
        return any(above.id == node.id for above in self.iter_with_ancestors(folder))

    def path_of(self, node: Node) -> tuple[str, ...] | None:
        """Return the names that lead to `node`.

        None if it, or a folder above it, is in the trash, or if it lies outside of the scope.
        """
        way = list(self.iter_with_ancestors(node))
        if any(above.trashed_at is not None for above in way):
            return None
        inside = list(takewhile(lambda above: not self.is_root(above), way))
        return None if len(inside) == len(way) else tuple(above.name for above in reversed(inside))

    def attach(self, node: Node, folder: Node, name: str) -> None:
        """Place an uncounted node in `folder` under a free name."""
        self._rename(node, folder, name)
        self._count_new(folder, [node])

    def relocate_all(self, places: Sequence[tuple[Node, Node, str]]) -> None:
        """Place each node, live or trashed, in its folder under its name, which must be free.

        Updates all counters by two statements, however many nodes are moved.
        """
        self._uncount([node for node, _folder, _name in places])
        changes = CounterChanges()
        for node, folder, name in places:
            self._rename(node, folder, name)
            # Its weight no longer includes nodes that lay in it and moved elsewhere.
            changes.add(folder.id, node)
        self.count(changes)
        for node, folder, _name in places:
            self.extend_reach(folder, node)

    def _rename(self, node: Node, folder: Node, name: str) -> None:
        self._give_name(node, name)
        node.parent_id, node.tree_tag = folder.id, self.seq
        node.trashed_at = node.trashed_from = node.trash_id = None
        node.trashed_parent_id = node.trashed_by = None

    @staticmethod
    def _give_name(node: Node, name: str) -> None:
        if name != node.name:
            node.name, node.sort_key, node.search_key = name, sort_key(name), search_key(name)

    def detach(self, node: Node) -> None:
        """Stop counting a live node in its parent; the caller places it elsewhere. It is not the root."""
        self._uncount([node])

    def _uncount(self, nodes: Sequence[Node]) -> None:
        """Remove the live nodes among these from the counters of their parents; one may lie in another."""
        changes = CounterChanges()
        for node in nodes:
            changes.remove(node)
        changes.apply(self._session, self._scope.space_id, leaving=nodes)

    def make_folders(
        self, folder: Node | NodeValues, names: Sequence[str], now: datetime
    ) -> Node | NodeValues:
        """Create nested folders `names`, the first in `folder`; return the last one's values."""
        self._session.flush()
        add_usage(self._session, self._scope, 0, entries=len(names), folders=len(names))
        for name in names:
            made = self.new_values(folder, name, Kind.FOLDER, now)
            insert_nodes(self._session, self._scope.space_id, [made])
            self._count_new(folder, [made])
            folder = made
        return folder

    def trash(self, node: Node, names: tuple[str, ...], now: datetime) -> None:
        """Move a node at `names` with everything below it to the trash; not possible for the root."""
        self.trash_all([(node, names)], now)

    def trash_all(self, nodes: Iterable[tuple[Node, tuple[str, ...]]], now: datetime) -> None:
        """Trash nodes as `trash` does, with one change per folder."""
        # Directly below the root, so that each survives the purge of its original parent.
        root_id, mark = self._session.execute(_TRASH, {"space_id": self._scope.space_id}).one()
        trashed_at, above = after_mark(mark, now), self._above_root()
        nodes = list(nodes)
        self._uncount([node for node, _names in nodes])
        for node, names in nodes:
            node.trashed_parent_id, node.trashed_by = node.parent_id, self._scope.actor.user_id
            node.parent_id = root_id
            node.trashed_at, node.trash_id = trashed_at, new_id()
            node.trashed_from = join_path((*above, *names))
        self._session.flush()

    def hide(self, node: Node, now: datetime) -> None:
        """Mark an uncounted node as an incomplete copy; the caller flushes."""
        node.parent_id = self.top().id
        node.trashed_at, node.trashed_from, node.trash_id = now, None, None

    def trash_as(self, node: Node, path: str, trash_id: str | None, trashed_at: datetime | None) -> None:
        """Restore the state of a node in the trash, at `path` of its space; the caller flushes."""
        self._give_name(node, path.rpartition("/")[2])
        if trashed_at is not None:
            # Everything older may have been purged meanwhile.
            _root_id, mark = self._session.execute(_TRASH, {"space_id": self._scope.space_id}).one()
            trashed_at = after_mark(mark, trashed_at)
        node.trashed_from, node.trash_id, node.trashed_at = path, trash_id, trashed_at

    def count(self, changes: CounterChanges) -> None:
        """Apply changes to the counters of folders and all above them."""
        changes.apply(self._session, self._scope.space_id)


def _reach(node: AnyNode) -> tuple[int, int]:
    """Return the bytes and segments of the longest path that starts with the node's own name."""
    return len(node.name.encode()) + _further(node), node.below_segments + 1


def _fits_at(names: tuple[str, ...], node: Node) -> bool:
    """Return whether a node, with its stored reach, can be at a path of its space."""
    size = len(join_path(names).encode()) + _further(node)
    return size <= PATH_BYTES and len(names) + node.below_segments <= PATH_SEGMENTS


def _further(node: AnyNode) -> int:
    """Return how many bytes the longest path below a node adds to its own."""
    return node.below_bytes + 1 if node.below_segments else 0
