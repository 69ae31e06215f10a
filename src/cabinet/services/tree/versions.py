"""The versions of a file: what it was, and making it so again.

Rule: a version never changes; to go back to an old one is to make a new one with the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from cabinet.errors import CurrentVersion, IsAFolder, NotFound, VersionsFull
from cabinet.models import Base, Kind, Node, Version
from cabinet.services.access.rights import CHANGE, Rights
from cabinet.services.access.scope import Scope
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import writing
from cabinet.services.tree.entries import Entry, to_entry
from cabinet.services.tree.names import join_path, split_path
from cabinet.services.tree.sums import Changes
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage import use

_INSERT = insert(Base.metadata.tables["version"])

# Versions of one file that one transaction removes.
PRUNED = 500


@dataclass(frozen=True, slots=True)
class VersionEntry:
    """Bytes that a file had, or has if it is `current`."""

    number: int
    size: int
    content_hash: str
    created_at: datetime
    current: bool


class Versions:
    """What somebody can do with the history of a file, unless they are a guest; at most `kept` versions of it are kept."""

    def __init__(self, session: Session, clock: Clock, kept: int, scope: Scope) -> None:
        self._session = session
        self._clock = clock
        self._kept = kept
        self._scope = scope
        self._tree = Tree(session, scope)

    def list(self, path: str) -> Sequence[VersionEntry]:
        """Return the versions of a file, the newest first; raises `NotFound` or `IsAFolder`."""
        self._scope.require_member(CHANGE | Rights.READ)
        node = self._get_file(path)
        rows = select(Version).where(Version.node_id == node.id).order_by(Version.number.desc())
        return [
            VersionEntry(row.number, row.size, row.content_hash, row.created_at, row.number == node.version)
            for row in self._session.scalars(rows)
        ]

    def get(self, path: str, number: int) -> Entry:
        """Return a file as it was in one version; raises `NotFound` or `IsAFolder`."""
        self._scope.require_member(CHANGE | Rights.READ)
        node = self._get_file(path)
        version = self._get_version(node, number)
        entry = to_entry(node, join_path(split_path(path)))
        if number == node.version:
            return entry
        return replace(
            entry, size=version.size, content_hash=version.content_hash, modified_at=version.created_at
        )

    def restore(self, path: str, number: int) -> Entry:
        """Give a file the bytes that it had, as its next version; raises as `get`, or `QuotaExceeded`."""
        self._scope.require_member(CHANGE)
        with writing(self._session):
            self._tree.root(lock=True)
            node = self._get_file(path)
            version = self._get_version(node, number)
            if version.content_hash != node.content_hash:
                folder = self._tree.parent(node)
                changes = Changes()
                changes.grow(folder.id, version.size - node.size)
                self._tree.count(changes)
                row = next_version(node, version.content_hash, version.size, self._clock())
                self._session.execute(_INSERT, [row])
                freed = prune(self._session, self._scope, node, self._kept)
                use(self._session, self._scope, version.size - freed)
                node.modified_at = self._clock()
            return self._tree.to_entry(node, split_path(path))

    def discard(self, path: str, number: int) -> None:
        """Remove an old version for ever; raises as `get`, or `CurrentVersion`."""
        self._scope.require_whole(Rights.PURGE)
        with writing(self._session):
            self._tree.root(lock=True)
            node = self._get_file(path)
            version = self._get_version(node, number)
            if number == node.version:
                raise CurrentVersion(path=path)
            self._session.delete(version)
            use(self._session, self._scope, -version.size)

    def _get_file(self, path: str) -> Node:
        node = self._tree.get(split_path(path))
        if node.kind != Kind.FILE:
            raise IsAFolder(path=path)
        return node

    def _get_version(self, node: Node, number: int) -> Version:
        wanted = select(Version).where(Version.node_id == node.id, Version.number == number)
        # Larger than any column: nothing has that number.
        version = self._session.scalar(wanted) if number < 2**31 else None
        if version is None:
            raise NotFound
        return version


def next_version(node: Node, content_hash: str, size: int, now: datetime) -> dict[str, object]:
    """Make other bytes the content of a file, and return what is to become the row of this version."""
    node.version += 1
    node.size, node.content_hash = size, content_hash
    return {
        "node_id": node.id,
        "number": node.version,
        "content_hash": content_hash,
        "size": size,
        "created_at": now,
    }


def prune(session: Session, scope: Scope, node: Node, kept: int) -> int:
    """Remove the oldest versions of a file beyond `kept`, and return how many bytes they had.

    Where the operator keeps fewer than before, these are very many, and the next time takes the rest.
    Raises `VersionsFull` when a guest would do that to the owner.
    """
    if node.version <= kept:
        return 0
    numbers = select(Version.number).where(Version.node_id == node.id).order_by(Version.number.desc())
    newest = numbers.offset(kept).limit(1).scalar_subquery()
    rows = select(Version.id, Version.size).where(Version.node_id == node.id, Version.number <= newest)
    old = session.execute(rows.order_by(Version.number).limit(PRUNED)).all()
    if old:
        if scope.actor.is_guest:
            raise VersionsFull
        gone = delete(Version).where(Version.id.in_([row.id for row in old]))
        session.execute(gone, execution_options={"synchronize_session": False})
    return sum(row.size for row in old)
