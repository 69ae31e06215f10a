"""The files of one scope: look up, read, list, delete.

Rule: what lies outside of the scope does not exist.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import BinaryIO

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cabinet.errors import EntryExists, IsAFolder, NotAFolder, PreconditionFailed
from cabinet.models import Blob, Kind, Node, Verb
from cabinet.services.access.rights import CHANGE, Rights
from cabinet.services.access.scope import Scope
from cabinet.services.activity.recording import deeds_of, record
from cabinet.services.changes.purging import Purging
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.contents import open_content
from cabinet.services.kernel.database import publishing, write_if_possible, writing
from cabinet.services.tree.cursors import Cursors
from cabinet.services.tree.entries import Entry, Precondition, hash_for_condition, no_precondition
from cabinet.services.tree.extents import Extent
from cabinet.services.tree.listing import Listing, Outline
from cabinet.services.tree.names import join_path, split_path
from cabinet.services.tree.node_values import AnyNode
from cabinet.services.tree.paging import Order, Page
from cabinet.services.tree.paths import find_way
from cabinet.services.tree.share_signs import Signs, marked
from cabinet.services.tree.tree import Tree
from cabinet.storage.chunks import iter_stream
from cabinet.storage.protocols import BlobStore


class Files:
    """Operations of an actor on existing files and folders."""

    def __init__(
        self, session: Session, store: BlobStore, clock: Clock, cursors: Cursors, scope: Scope
    ) -> None:
        self._session = session
        self._store = store
        self._clock = clock
        self._scope = scope
        self._tree = Tree(session, scope)
        self._cursors = cursors

    @cached_property
    def _listing(self) -> Listing:
        return Listing(self._session, self._cursors, self._scope, self._clock)

    def get(self, path: str) -> Entry:
        """Return the entry at `path`, the root for an empty one; raises `NotFound`."""
        self._scope.require(Rights.LIST)
        names = split_path(path)
        return self._tree.to_entry(self._tree.get_row(names), names)

    def look_up(self, paths: Iterable[str]) -> list[Entry | None]:
        """Return the entry at each path, None if there is none, in order; raises `InvalidName`.

        Costs at most one query per folder on the way, not per path.
        """
        self._scope.require(Rights.LIST)
        wanted = [split_path(path) for path in paths]
        rows = self._tree.find_rows(wanted)
        shared = Signs(self._session, self._scope, self._clock).among(row.id for row in rows.values())
        entries = {
            names: marked(self._tree.to_entry(row, names), row.id, shared)
            for names, row in rows.items()
            if row.kind != Kind.MOUNT
        }
        return [entries.get(names) for names in wanted]

    def open(self, entry: Entry) -> BinaryIO:
        """Open the content of a file for reading; the caller closes it.

        The bytes are those of `entry`, even if the file has changed since. Raises `IsAFolder` or
        `BlobMissing`.
        """
        self._scope.require(Rights.READ)
        if entry.content_hash is None:
            raise IsAFolder(path=entry.path)
        return open_content(self._session, self._store, entry.content_hash)

    def list_page(self, path: str, order: Order, limit: int) -> Page:
        """Return a page of a folder; raises `NotFound`, `NotAFolder` or `InvalidField`."""
        return self._listing.page(path, order, limit)

    def outline(self, path: str, order: Order, extent: Extent) -> Outline:
        """Return the first part of a folder in brief; raises as `list_page` does."""
        return self._listing.outline(path, order, extent)

    def outline_entries(self, outline: Outline, numbers: Sequence[int]) -> dict[int, Entry]:
        """Return the entries at these positions of an outline, without those that no longer exist."""
        return self._listing.entries(outline, numbers)

    def beside(self, path: str, *, below: bool = False) -> tuple[str, ...]:
        """Return what a page depends on besides what it lists, as in `Page.beside`, with `below` a `list_below`."""
        return self._listing.beside(path, below=below)

    def list_below(self, path: str, limit: int, after: str | None) -> Page:
        """Return a page of everything below a folder; raises as `list_page` does."""
        return self._listing.page_below(path, limit, after)

    def make_folders(self, paths: Iterable[str]) -> None:
        """Create folders and missing folders above them, all or none.

        Raises `InvalidName`, or `NotAFolder` if a file is in the way.
        """
        self._scope.require(Rights.WRITE)
        folders = [split_path(path) for path in paths]
        new: list[AnyNode] = []
        now = self._clock()
        with writing(self._session):
            self._tree.lock()
            for names in folders:
                *_above, node = way = find_way(self._session, self._scope, names)
                depth = len(way) - 1
                if node.kind != Kind.FOLDER:
                    raise NotAFolder(path=join_path(names[:depth]))
                made = self._tree.make_folders(node, names[depth:], now)
                new += [made] if depth < len(names) else []
            record(self._session, self._scope, now, deeds_of(Verb.CREATED, new))

    def make_folder(self, path: str) -> Entry:
        """Create a folder and missing folders above it; return it.

        Raises `EntryExists`, `NotAFolder`, or `InvalidName`. A guest also needs LIST: the answer tells whether
        there was one.
        """
        self._scope.require(Rights.WRITE if self._scope.share_id is None else Rights.WRITE | Rights.LIST)
        names, now = split_path(path), self._clock()
        with publishing(self._session):
            self._tree.lock()
            *_above, node = way = find_way(self._session, self._scope, names)
            depth = len(way) - 1
            if depth == len(names):
                raise EntryExists(path=join_path(names))
            if node.kind != Kind.FOLDER:
                raise NotAFolder(path=join_path(names[:depth]))
            made = self._tree.make_folders(node, names[depth:], now)
            record(self._session, self._scope, now, deeds_of(Verb.CREATED, [made]))
            return self._tree.to_entry(made, names)

    def trash(self, path: str, precondition: Precondition = no_precondition) -> None:
        """Move a file, or a folder with its contents, to the trash.

        Raises `NotFound`, `PreconditionFailed`, and `IsAFolder` for the root.
        """
        self._scope.require(CHANGE)
        now = self._clock()
        with writing(self._session):
            node = self._get_unless_root(path, precondition)
            deeds = deeds_of(Verb.TRASHED, [node])
            self._tree.trash(node, split_path(path), now)
            record(self._session, self._scope, now, deeds)

    def purge(self, path: str, precondition: Precondition = no_precondition) -> None:
        """Permanently delete a file, or a folder with its contents; raises as `trash`."""
        self._scope.require_whole(Rights.PURGE)
        purging = Purging(self._session, self._clock, self._scope)
        purging.purge_live(lambda: (self._get_unless_root(path, precondition), split_path(path)))

    def _get_unless_root(self, path: str, precondition: Precondition) -> Node:
        names = split_path(path)
        if not names:
            raise IsAFolder(path="")
        self._tree.lock()
        node = self._tree.get(names)
        if not precondition(hash_for_condition(node, self._scope.rights)):
            raise PreconditionFailed
        return node

    def sha256(self, content_hash: str) -> str:
        """Return the plain SHA-256, in hex, of a blob that a version in this scope refers to.

        The first call reads the whole blob; the result is stored.
        """
        self._scope.require(Rights.READ)
        known = self._session.scalar(select(Blob.sha256).where(Blob.content_hash == content_hash))
        if known is not None:
            return known
        hasher = hashlib.sha256()
        with open_content(self._session, self._store, content_hash) as stream:
            for chunk in iter_stream(stream):
                hasher.update(chunk)
        digest = hasher.hexdigest()
        kept = update(Blob).where(Blob.content_hash == content_hash).values(sha256=digest)
        write_if_possible(self._session, kept)
        return digest
