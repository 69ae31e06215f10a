"""The versions of a file: list, read, restore and delete them.

Rule: a version never changes; restoring an old one adds a new one with the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from cabinet.errors import CurrentVersion, IsAFolder, NotFound
from cabinet.models import Base, Kind, Node, Verb, Version
from cabinet.services.access.rights import CHANGE, Rights
from cabinet.services.access.scope import Scope
from cabinet.services.activity.recording import deeds_of, record
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import execute, writing
from cabinet.services.tree.entries import Entry, to_entry
from cabinet.services.tree.names import join_path, split_path
from cabinet.services.tree.sums import CounterChanges
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage import add_usage
from cabinet.services.tree.versions import next_version, prune

_INSERT = insert(Base.metadata.tables["version"])


@dataclass(frozen=True, slots=True)
class VersionEntry:
    """The content of a file at one time; `current` if it is the present one."""

    number: int
    size: int
    content_hash: str
    created_at: datetime
    current: bool


class Versions:
    """The history of files, for members only; at most `kept` versions of a file are kept."""

    def __init__(self, session: Session, clock: Clock, kept: int, scope: Scope) -> None:
        self._session = session
        self._clock = clock
        self._kept = kept
        self._scope = scope
        self._tree = Tree(session, scope)

    def list(self, path: str) -> Sequence[VersionEntry]:
        """Return the versions of a file, newest first; raises `NotFound` or `IsAFolder`."""
        self._scope.require_member(CHANGE | Rights.READ)
        node = self._get_file(path)
        rows = select(Version).where(Version.node_id == node.id).order_by(Version.number.desc())
        return [
            VersionEntry(row.number, row.size, row.content_hash, row.created_at, row.number == node.version)
            for row in self._session.scalars(rows)
        ]

    def get(self, path: str, number: int) -> Entry:
        """Return the entry of a file as of one version; raises `NotFound` or `IsAFolder`."""
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
        """Add a version with the content of an old one; raises as `get`, or `QuotaExceeded`."""
        self._scope.require_member(CHANGE)
        with writing(self._session):
            self._tree.lock()
            node = self._get_file(path)
            version = self._get_version(node, number)
            if version.content_hash != node.content_hash:
                folder = self._tree.parent(node)
                changes = CounterChanges()
                changes.add_size(folder.id, version.size - node.size)
                self._tree.count(changes)
                row = next_version(node, version.content_hash, version.size, self._clock())
                execute(self._session, _INSERT, row)
                freed = prune(self._session, self._scope, node, self._kept)
                add_usage(self._session, self._scope, version.size - freed)
                node.modified_at = self._clock()
                record(self._session, self._scope, self._clock(), deeds_of(Verb.CHANGED, [node]))
            return self._tree.to_entry(node, split_path(path))

    def discard(self, path: str, number: int) -> None:
        """Permanently delete an old version; raises as `get`, or `CurrentVersion`."""
        self._scope.require_whole(Rights.PURGE)
        with writing(self._session):
            self._tree.lock()
            node = self._get_file(path)
            version = self._get_version(node, number)
            if number == node.version:
                raise CurrentVersion(path=path)
            self._session.delete(version)
            add_usage(self._session, self._scope, -version.size)

    def _get_file(self, path: str) -> Node:
        node = self._tree.get(split_path(path))
        if node.kind != Kind.FILE:
            raise IsAFolder(path=path)
        return node

    def _get_version(self, node: Node, number: int) -> Version:
        wanted = select(Version).where(Version.node_id == node.id, Version.number == number)
        # Out of the range of the column, so there is no such version.
        version = self._session.scalar(wanted) if number < 2**31 else None
        if version is None:
            raise NotFound
        return version
