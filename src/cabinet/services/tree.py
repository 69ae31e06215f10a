"""The tree of one user: finding a node by its path, making folders, adding and removing nodes.

Resolving a path is one indexed look-up a segment. The counters of a folder change together with
what is in it.

Rule: everything here runs in the caller's transaction and commits nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cabinet.errors import IsAFolder, NotAFolder, NotFound
from cabinet.models import Kind, Node, User
from cabinet.services.database import execute_counted
from cabinet.services.names import join_path, sort_key


class Tree:
    """The live nodes of one user."""

    def __init__(self, session: Session, owner_id: int) -> None:
        self._session = session
        self._owner_id = owner_id

    def lock(self) -> None:
        """Let one transaction at a time change this tree; SQLite does that for all trees anyway."""
        self._session.execute(select(User.id).where(User.id == self._owner_id).with_for_update())

    def root(self) -> Node:
        """Return the user's own folder; raises `NotFound` when the account is gone."""
        wanted = select(Node).where(Node.owner_id == self._owner_id, Node.parent_id.is_(None))
        node = self._session.scalar(wanted)
        if node is None:
            raise NotFound
        return node

    def child(self, folder: Node, name: str) -> Node | None:
        """Return what `name` means in `folder`."""
        wanted = select(Node).where(Node.parent_id == folder.id, Node.name == name)
        return self._session.scalar(wanted.where(Node.trashed_at.is_(None)))

    def find(self, names: Sequence[str]) -> Node | None:
        """Return the node at a path, None where there is none, also below a file."""
        node: Node | None = self.root()
        for name in names:
            if node is None or node.kind != Kind.FOLDER:
                return None
            node = self.child(node, name)
        return node

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

    def get_file(self, names: Sequence[str]) -> Node:
        """Return the file at a path; raises `NotFound` or `IsAFolder`."""
        node = self.get(names)
        if node.kind != Kind.FILE:
            raise IsAFolder(path=join_path(tuple(names)))
        return node

    def make_folders(self, names: Sequence[str], now: datetime) -> Node:
        """Return the folder at a path, made with all above it where missing.

        Raises `NotAFolder` when a file stands in the way.
        """
        folder = self.root()
        for depth, name in enumerate(names, start=1):
            found = self.child(folder, name)
            if found is None:
                found = self.add(folder, name, Kind.FOLDER, now)
            elif found.kind != Kind.FOLDER:
                raise NotAFolder(path=join_path(tuple(names[:depth])))
            folder = found
        return folder

    def add(self, folder: Node, name: str, kind: Kind, now: datetime) -> Node:
        """Put a new, empty node into `folder`, where nothing may have that name."""
        node = Node(owner_id=self._owner_id, parent_id=folder.id, kind=kind, name=name)
        node.sort_key = sort_key(name)
        node.size, node.version = 0, 0
        node.created_at = node.modified_at = now
        self._session.add(node)
        self._session.flush()
        self.count(folder.id, entries=1)
        return node

    def trash(self, node: Node, now: datetime) -> None:
        """Hide a node and all below it; the root cannot be asked for."""
        node.trashed_at = now
        if node.parent_id is not None:
            self.count(node.parent_id, entries=-1, size=-node.size)

    def count(self, folder_id: int, *, entries: int = 0, size: int = 0) -> None:
        """Add to the counters of a folder."""
        counted = update(Node).where(Node.id == folder_id)
        execute_counted(
            self._session,
            counted.values(child_count=Node.child_count + entries, child_size=Node.child_size + size),
        )
