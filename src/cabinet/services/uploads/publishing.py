"""Publishes finished content as files of a scope, in one transaction.

However many files there are, one query finds the known blobs and one the contents of each folder; all rows
are inserted together.

Rule: runs in the caller's write transaction and commits nothing. Bytes are published last, so a refused
upload leaves no orphaned blob.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from cabinet.errors import (
    EntryExists,
    IsAFolder,
    NotAFolder,
    PreconditionFailed,
)
from cabinet.models import Base, Blob, Kind, Node
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import lock_blob, publishing
from cabinet.services.tree.entries import (
    OCTETS,
    Conflict,
    Entry,
    Precondition,
    hash_for_condition,
    media_type_of,
    no_precondition,
    to_entry,
)
from cabinet.services.tree.mounts import Place
from cabinet.services.tree.name_conflicts import free_name
from cabinet.services.tree.names import check_path, join_path, split_path
from cabinet.services.tree.space_lock import lock_spaces
from cabinet.services.tree.sums import Changes, Weighed
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage import check_entries, use
from cabinet.services.tree.versions import next_version, prune
from cabinet.services.uploads.media_types import HEAD_SIZE, hint_of
from cabinet.storage.blocks import SizeAndHash
from cabinet.storage.protocols import BlobStore, Sealed, Staging

# Without the ORM mapper, which takes as long for each row as the database does.
_INSERT_BLOB = insert(Base.metadata.tables["blob"])
_INSERT_VERSION = insert(Base.metadata.tables["version"])


@dataclass(frozen=True, slots=True)
class Terms:
    """The operator's limits: bytes per file, versions per file, and the lifetime of an idle upload."""

    max_size: int
    versions_kept: int
    keep: timedelta


@dataclass(frozen=True, slots=True)
class Target:
    """The destination of an upload, and what to do if the name is in use.

    `modified_at` is the time of the last change on the client, and `media_type` the type to use if the name
    does not give one; None if unknown.
    """

    path: str
    on_conflict: Conflict = Conflict.REPLACE
    precondition: Precondition = no_precondition
    modified_at: datetime | None = None
    media_type: str | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """Content that is counted, hashed and durable in staging, and its destination."""

    staging: Staging
    sealed: Sealed
    target: Target
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """The result of an upload; `is_new` unless it replaced the content of a file."""

    entry: Entry
    is_new: bool


class Places:
    """The nodes at some paths and above them, including those created during the publication."""

    def __init__(self, tree: Tree, paths: Sequence[tuple[str, ...]], root: Node | None = None) -> None:
        self._tree = tree
        steps = {path[:depth] for path in paths for depth in range(len(path) + 1)}
        self._nodes = dict(tree.find_all(steps, root, with_mounts=True))

    def look(self, target: Target) -> tuple[tuple[str, ...], int]:
        """Return the names of the path of `target`, and how many of them exist.

        Raises what prevents the upload: `InvalidName`, `IsAFolder`, `NotAFolder`, `EntryExists`,
        `PreconditionFailed`, `Forbidden` if replacing is not allowed.
        """
        names = split_path(target.path)
        if not names:
            raise IsAFolder(path="")
        depth = next((length for length in range(len(names), 0, -1) if names[:length] in self._nodes), 0)
        node = self._nodes[names[:depth]]
        is_there = depth == len(names)
        if not is_there and node.kind != Kind.FOLDER:
            raise NotAFolder(path=join_path(names[:depth]))
        if is_there and node.kind != Kind.FILE and target.on_conflict is not Conflict.RENAME:
            raise IsAFolder(path=join_path(names))
        held = hash_for_condition(node, self._tree.scope.rights) if is_there else None
        if not target.precondition(held):
            raise PreconditionFailed
        if is_there and target.on_conflict is Conflict.FAIL:
            raise EntryExists(path=join_path(names))
        if is_there and target.on_conflict is Conflict.REPLACE:
            self._tree.scope.require(Rights.DELETE)
        return names, depth

    def get(self, names: tuple[str, ...]) -> Node:
        """Return the node at an existing path."""
        return self._nodes[names]

    def put(self, names: tuple[str, ...], node: Node) -> None:
        """Set the node at a path."""
        self._nodes[names] = node

    def make_folder(self, names: tuple[str, ...], depth: int, now: datetime) -> Node:
        """Return the folder at `names`, created if only the first `depth` of them exist."""
        for length in range(depth, len(names)):
            folder, name = self._nodes[names[:length]], names[length]
            self._nodes[names[: length + 1]] = self._tree.make_folders(folder, [name], now)
        return self._nodes[names]

    def free_name(self, folder: tuple[str, ...], name: str) -> str:
        """Return the name with the first number that is free in a folder."""
        return free_name(name, lambda numbered: self._is_taken((*folder, numbered)))

    def _is_taken(self, names: tuple[str, ...]) -> bool:
        return names in self._nodes or self._tree.child(self._nodes[names[:-1]], names[-1]) is not None


class Publisher:
    """Publishes in one scope; `publish` is one part of the caller's transaction."""

    def __init__(self, session: Session, store: BlobStore, clock: Clock, terms: Terms, scope: Scope) -> None:
        self._session = session
        self._store = store
        self._clock = clock
        self._terms = terms
        self._scope = scope
        self._tree = Tree(session, scope)

    def check(self, target: Target) -> None:
        """Raise what prevents publishing to `target` now."""
        self._scope.require(Rights.WRITE)
        names, depth = Places(self._tree, [split_path(target.path)]).look(target)
        numbered = depth == len(names) and target.on_conflict is Conflict.RENAME
        check_entries(self._session, self._scope, len(names) - depth + numbered)

    def publish(self, finished: Sequence[Finished], released: int = 0) -> list[Stored]:
        """Publish all of this content; return the results in order.

        `released` is the number of bytes that the usage includes for it so far.

        Raises `InvalidName`, `EntryExists`, `IsAFolder`, `NotAFolder`, `PreconditionFailed`, `QuotaExceeded`,
        `TooManyEntries`, `VersionsFull`, `StorageFull`; the caller then rolls back.
        """
        self._scope.require(Rights.WRITE)
        root = self._tree.root(lock=True)
        keys = self._record_blobs(finished)
        # Autoflush would insert the new nodes one by one, with every query.
        with self._session.no_autoflush:
            stored = self._place(finished, root, released)
        self._store.publish(
            [(each.staging, replace(each.sealed, key=keys[each.sealed.content_hash])) for each in finished]
        )
        return stored

    def _record_blobs(self, finished: Sequence[Finished]) -> Mapping[str, str]:
        """Lock the blobs to publish, create missing rows, and return the keys by hash."""
        by_hash = {each.sealed.content_hash: each for each in finished}
        # One order everywhere, to prevent deadlocks between requests.
        for content_hash in sorted(by_hash):
            lock_blob(self._session, content_hash)
        known = select(Blob).where(Blob.content_hash.in_(by_hash))
        blobs = {blob.content_hash: blob for blob in self._session.scalars(known)}
        for content_hash, blob in blobs.items():
            blob.released_at = None
            blob.sha256 = by_hash[content_hash].sha256 or blob.sha256
        now = self._clock()
        new = [
            {
                "content_hash": content_hash,
                "key": each.sealed.key,
                "size": each.sealed.size,
                "sha256": each.sha256,
                "created_at": now,
            }
            for content_hash, each in by_hash.items()
            if content_hash not in blobs
        ]
        if new:
            self._session.execute(_INSERT_BLOB, new)
        return {
            content_hash: blobs[content_hash].key if content_hash in blobs else each.sealed.key
            for content_hash, each in by_hash.items()
        }

    def _place(self, finished: Sequence[Finished], root: Node, released: int) -> list[Stored]:
        places = Places(self._tree, [split_path(each.target.path) for each in finished], root)
        placing = _Placing(self._session, self._tree, places, self._clock())
        placed = [placing.place(self._with_hint(each), each.sealed) for each in finished]
        placing.flush()
        kept = self._terms.versions_kept
        freed = sum(prune(self._session, self._scope, node, kept) for node in placing.changed)
        added = placing.used - freed
        use(self._session, self._scope, added, entries=placing.added, released=released)
        return [
            Stored(to_entry(node, join_path(names)), is_new=is_new)
            for names, node, is_new in placed
        ]  # fmt: skip

    def _with_hint(self, finished: Finished) -> Target:
        """Return the target, with a media type detected from the content if there is no other."""
        target = finished.target
        if media_type_of(target.path, otherwise=target.media_type) != OCTETS:
            return target
        return replace(target, media_type=hint_of(finished.staging.head(HEAD_SIZE)))


def publish(session: Session, publisher: Publisher, finished: Sequence[Finished]) -> list[Stored]:
    """Publish in its own transaction; raises as `Publisher.publish`, and nothing has changed then."""
    with publishing(session):
        return publisher.publish(finished)


def publish_all(
    session: Session, parts: Sequence[tuple[Place, Publisher, Sequence[Finished]]]
) -> list[list[Stored]]:
    """Publish in several scopes, each that of a place, in one transaction; as `publish`.

    Entries and errors have the actor's paths behind mounts.
    """
    stored: list[list[Stored]] = []
    with publishing(session):
        if len(parts) > 1:
            _lock_all(session, parts)
        for place, publisher, finished in parts:
            with place.telling():
                made = publisher.publish(finished)
            stored.append([replace(each, entry=place.shown(each.entry)) for each in made])
    return stored


def _lock_all(session: Session, parts: Sequence[tuple[Place, Publisher, Sequence[Finished]]]) -> None:
    """Take the locks of all parts at once, in the one order that all requests use."""
    lock_spaces(session, [place.scope.space_id for place, *_what in parts])
    for content_hash in sorted({each.sealed.content_hash for *_what, some in parts for each in some}):
        lock_blob(session, content_hash)


class _Placing:
    """The rows of one publication, collected to be inserted together."""

    def __init__(self, session: Session, tree: Tree, places: Places, now: datetime) -> None:
        self._session = session
        self._tree = tree
        self._places = places
        self._now = now
        self._versions: list[tuple[Node, dict[str, object]]] = []
        self._changes = Changes()
        # Bytes and files: folders are counted when they are created.
        self.used = self.added = 0

    @property
    def changed(self) -> set[Node]:
        """The files whose content has changed."""
        return {node for node, _version in self._versions}

    def place(self, target: Target, measured: SizeAndHash) -> tuple[tuple[str, ...], Node, bool]:
        """Place content; return its path, its node, and whether that is new."""
        names, depth = self._places.look(target)
        is_there = depth == len(names)
        if is_there and target.on_conflict is Conflict.RENAME:
            names = (*names[:-1], self._places.free_name(names[:-1], names[-1]))
            check_path(names)
            is_there = False
        if is_there:
            node = self._places.get(names)
        else:
            folder = self._places.make_folder(names[:-1], min(depth, len(names) - 1), self._now)
            node = self._tree.new(folder, names[-1], Kind.FILE, self._now)
            self._session.add(node)
            self._tree.stretch(folder, node)
            self._places.put(names, node)
            # Its bytes are added below, like those of an existing file.
            self._changes.come(folder.id, Weighed(Kind.FILE, size=0))
            self.added += 1
        before = node.size
        # The same content again is a retry, not a change.
        if node.content_hash != measured.content_hash:
            self._fill(node, measured, target.media_type)
        node.modified_at = target.modified_at or self._now
        self._changes.grow(_folder_id(node), node.size - before)
        return names, node, not is_there

    def flush(self) -> None:
        """Write all rows and counters."""
        self._session.flush()
        if self._versions:
            rows = [version | {"node_id": node.id} for node, version in self._versions]
            self._session.execute(_INSERT_VERSION, rows)
        self._tree.count(self._changes)

    def _fill(self, node: Node, measured: SizeAndHash, media_type: str | None) -> None:
        """Set `measured` as the content of a file, in its next version."""
        self.used += measured.size
        node.media_type = media_type_of(node.name, otherwise=media_type)
        # A new file has no id yet; `flush` fills it in.
        self._versions.append((node, next_version(node, measured.content_hash, measured.size, self._now)))


def _folder_id(file: Node) -> int:
    assert file.parent_id is not None  # only a root has none, and a root is no file
    return file.parent_id
