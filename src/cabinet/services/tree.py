"""The tree of one user: finding a node by its path, making folders, adding and removing nodes.

Resolving a path is one indexed look-up a segment. The counters of a folder change together with
what is in it.

Rule: everything here runs in the caller's transaction and commits nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from cabinet.errors import NotAFolder, NotFound
from cabinet.models import Kind, Node
from cabinet.services.database import execute_counted
from cabinet.services.names import join_path, sort_key

# Made once: to build such a statement takes as long as to run it, and each request runs several.
_ROOT = select(Node).where(Node.owner_id == bindparam("owner_id"), Node.parent_id.is_(None))
_LOCKED_ROOT = _ROOT.with_for_update()
_CHILD = select(Node).where(
    Node.parent_id == bindparam("parent_id"), Node.name == bindparam("name"), Node.trashed_at.is_(None)
)
# Not one query over pairs of folder and name: SQLite reads the whole table for that.
_CHILDREN = select(Node).where(
    Node.parent_id == bindparam("parent_id"),
    Node.name.in_(bindparam("names", expanding=True)),
    Node.trashed_at.is_(None),
)
_COUNT = (
    update(Node)
    .where(Node.id == bindparam("folder_id"))
    .values(
        child_count=Node.child_count + bindparam("entries"), child_size=Node.child_size + bindparam("bytes")
    )
)


def _by_folder(path: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    return len(path), path


class Tree:
    """The live nodes of one user."""

    def __init__(self, session: Session, owner_id: int) -> None:
        self._session = session
        self._owner_id = owner_id

    def root(self, *, lock: bool = False) -> Node:
        """Return the user's own folder; raises `NotFound` when the account is gone.

        With `lock`, one transaction at a time gets it, until it ends; on SQLite that is so anyway.
        """
        node = self._session.scalar(_LOCKED_ROOT if lock else _ROOT, {"owner_id": self._owner_id})
        if node is None:
            raise NotFound
        return node

    def child(self, folder: Node, name: str) -> Node | None:
        """Return what `name` means in `folder`."""
        return self._session.scalar(_CHILD, {"parent_id": folder.id, "name": name})

    def parent(self, node: Node) -> Node:
        """Return the folder that `node`, which is not the root, lies in."""
        return self._session.get_one(Node, node.parent_id)

    def walk(self, names: Sequence[str], *, lock: bool = False) -> tuple[Node, int]:
        """Return the last node of a path that is there, and how many of the names lead to it."""
        node = self.root(lock=lock)
        for depth, name in enumerate(names):
            found = self.child(node, name) if node.kind == Kind.FOLDER else None
            if found is None:
                return node, depth
            node = found
        return node, len(names)

    def find(self, names: Sequence[str]) -> Node | None:
        """Return the node at a path, None where there is none, also below a file."""
        node, depth = self.walk(names)
        return node if depth == len(names) else None

    def find_all(
        self, paths: Iterable[tuple[str, ...]], root: Node | None = None
    ) -> Mapping[tuple[str, ...], Node]:
        """Return the nodes at those of the paths where there is one, by one query a folder.

        `root` is the user's own folder, if the caller has it already.
        """
        wanted = set(paths)
        steps = {path[:depth] for path in wanted for depth in range(1, len(path) + 1)}
        found: dict[tuple[str, ...], Node] = {(): root or self.root()}
        # Shorter ones first, so that each folder is known before what lies in it is asked for.
        for folder, inside in groupby(sorted(steps, key=_by_folder), key=lambda step: step[:-1]):
            names = [step[-1] for step in inside]
            if folder in found:
                asked = {"parent_id": found[folder].id, "names": names}
                found |= {(*folder, node.name): node for node in self._session.scalars(_CHILDREN, asked)}
        return {path: node for path, node in found.items() if path in wanted}

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
        """Return a node for `folder`, where nothing may have that name; `add` puts it there."""
        node = Node(owner_id=self._owner_id, parent_id=folder.id, kind=kind, name=name)
        node.sort_key = sort_key(name)
        node.size, node.version = 0, 0
        node.created_at = node.modified_at = now
        return node

    def add(self, folder: Node, node: Node) -> None:
        """Put a new node into the folder that it was made for."""
        self._session.add(node)
        self._session.flush()
        self.count(folder.id, entries=1, size=node.size)

    def make_folders(self, folder: Node, names: Sequence[str], now: datetime) -> Node:
        """Make the folders `names`, each in the one before it and the first in `folder`; return the last."""
        for name in names:
            made = self.new(folder, name, Kind.FOLDER, now)
            self.add(folder, made)
            folder = made
        return folder

    def trash(self, node: Node, now: datetime) -> None:
        """Hide a node and all below it; the root cannot be asked for."""
        node.trashed_at = now
        if node.parent_id is not None:
            self.count(node.parent_id, entries=-1, size=-node.size)

    def count(self, folder_id: int, *, entries: int = 0, size: int = 0) -> None:
        """Add to the counters of a folder."""
        execute_counted(self._session, _COUNT, {"folder_id": folder_id, "entries": entries, "bytes": size})
