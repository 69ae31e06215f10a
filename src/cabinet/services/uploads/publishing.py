"""Publishes finished content as files of a scope, in one transaction.

However many files there are, one query finds the known blobs and one the contents of each folder; all rows
are inserted together. Files are plain values here, not ORM objects, which cost more than all the rest; folders
are loaded as objects only where they change.

Rule: runs in the caller's write transaction and commits nothing. Bytes are published last, so a refused
upload leaves no orphaned blob.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Executable, Table, func, insert, null
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from cabinet.models import Base, Kind, Verb
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope
from cabinet.services.activity.recording import Deed, record
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import dialect_of, execute, for_each_dialect, lock_blob, publishing
from cabinet.services.tree.entries import (
    OCTETS,
    Entry,
    OnConflict,
    Precondition,
    media_type_of,
    no_precondition,
    to_entry,
)
from cabinet.services.tree.link_limits import count_uploads
from cabinet.services.tree.mounts import Place
from cabinet.services.tree.names import check_path, join_path, split_path
from cabinet.services.tree.node_values import NodeValues, insert_nodes, update_contents
from cabinet.services.tree.space_lock import lock_spaces
from cabinet.services.tree.sums import CounterChanges, Weighed
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage import add_usage, check_entries
from cabinet.services.tree.versions import next_version, prune
from cabinet.services.uploads.existing_nodes import Places
from cabinet.services.uploads.media_types import HEAD_SIZE, hint_of
from cabinet.storage.blocks import SizeAndHash
from cabinet.storage.protocols import BlobStore, Sealed, Staging

_BLOB = Base.metadata.tables["blob"]
_INSERT_VERSION = insert(Base.metadata.tables["version"])


def _keeping_blob(insert_into: Callable[[Table], sqlite.Insert | postgresql.Insert]) -> Executable:
    """Return the statement that inserts a blob, or keeps an existing one, and returns its key.

    NULL is no parameter: with one behind the values, SQLAlchemy would run the statement row by row.
    """
    new = insert_into(_BLOB)
    sha256 = func.coalesce(new.excluded.sha256, _BLOB.c.sha256)
    kept = new.on_conflict_do_update(
        index_elements=[_BLOB.c.content_hash], set_={"released_at": null(), "sha256": sha256}
    )
    return kept.returning(_BLOB.c.content_hash, _BLOB.c.key)


_KEEP_BLOBS = for_each_dialect(_keeping_blob)


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """The operator's limits: bytes per file, versions per file, and the lifetime of an idle upload."""

    max_size: int
    versions_kept: int
    keep: timedelta


@dataclass(frozen=True, slots=True)
class Target:
    """The destination of an upload, and what to do if the name is in use.

    `modified_at` is the time of the last change on the client, and `media_type` the type to use if the name
    does not give one; None if unknown. `checksums` are those that a program may ask for, kept with the version.
    """

    path: str
    on_conflict: OnConflict = OnConflict.REPLACE
    precondition: Precondition = no_precondition
    modified_at: datetime | None = None
    media_type: str | None = None
    checksums: str | None = None

    @property
    def wanted(self) -> tuple[str, OnConflict, Precondition]:
        """The path, and what to do if it is in use."""
        return self.path, self.on_conflict, self.precondition


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


class Publisher:
    """Publishes in one scope; `publish` is one part of the caller's transaction."""

    def __init__(
        self, session: Session, store: BlobStore, clock: Clock, limits: UploadLimits, scope: Scope
    ) -> None:
        self._session = session
        self._store = store
        self._clock = clock
        self._upload_limits = limits
        self._scope = scope
        self._tree = Tree(session, scope)

    def check(self, target: Target) -> None:
        """Raise what prevents publishing to `target` now."""
        self._scope.require(Rights.WRITE)
        target = self._as_allowed(target)
        names, depth = Places(self._tree, [split_path(target.path)]).check(*target.wanted)
        is_numbered = depth == len(names) and target.on_conflict is OnConflict.RENAME
        # How many folders are missing is not for everybody to know.
        entries = 1 if self._scope.is_blind else len(names) - depth + is_numbered
        check_entries(self._session, self._scope, entries, self._scope.usage)

    def publish(self, finished: Sequence[Finished], released: int = 0) -> list[Stored]:
        """Publish all of this content; return the results in order.

        `released` is the number of bytes that the usage includes for it so far.

        Raises `InvalidName`, `EntryExists`, `IsAFolder`, `NotAFolder`, `PreconditionFailed`, `QuotaExceeded`,
        `TooManyEntries`, `VersionsFull`, `StorageFull`; the caller then rolls back.
        """
        self._scope.require(Rights.WRITE)
        self._tree.lock()
        keys = self._record_blobs(finished)
        stored = self._place(finished, released)
        self._store.publish(
            [(each.staging, replace(each.sealed, key=keys[each.sealed.content_hash])) for each in finished]
        )
        return stored

    def _record_blobs(self, finished: Sequence[Finished]) -> Mapping[str, str]:
        """Lock the blobs to publish, insert missing rows or keep the existing, and return the keys by hash."""
        by_hash = {each.sealed.content_hash: each for each in finished}
        # One order everywhere, to prevent deadlocks between requests.
        for content_hash in sorted(by_hash):
            lock_blob(self._session, content_hash)
        now = self._clock()
        rows = [
            {
                "content_hash": content_hash,
                "key": each.sealed.key,
                "size": each.sealed.size,
                "sha256": each.sha256,
                "created_at": now,
            }
            for content_hash, each in by_hash.items()
        ]
        kept = execute(self._session, _KEEP_BLOBS[dialect_of(self._session)], rows)
        return {row.content_hash: row.key for row in kept}

    def _place(self, finished: Sequence[Finished], released: int) -> list[Stored]:
        places = Places(self._tree, [split_path(each.target.path) for each in finished])
        now = self._clock()
        placing = _Placing(self._session, self._tree, places, now)
        placed = [placing.place(self._as_allowed(self._with_hint(each)), each.sealed) for each in finished]
        placing.store()
        kept = self._upload_limits.versions_kept
        freed = sum(prune(self._session, self._scope, node, kept) for node in placing.changed)
        added = placing.used - freed
        add_usage(self._session, self._scope, added, entries=len(placing.new), released=released)
        if self._scope.share_id is not None:
            count_uploads(self._session, self._scope.share_id, len(placed), now)
        record(self._session, self._scope, now, placing.deeds)
        if self._scope.is_blind:
            # A number would tell that the name was used.
            asked = [split_path(each.target.path) for each in finished]
            placed = [(names, node, is_new) for names, (_, node, is_new) in zip(asked, placed, strict=True)]
        return [
            # A file that was shared by itself is the root of its scope, and has no name there.
            Stored(
                replace(to_entry(node, join_path(names)), name=names[-1] if names else node.name),
                is_new=is_new,
            )
            for names, node, is_new in placed
        ]

    def _as_allowed(self, target: Target) -> Target:
        """Return the target as the actor may ask for it.

        Without LIST a used name is always numbered: a refusal would tell which names are used.
        """
        if not self._scope.is_blind:
            return target
        return replace(target, on_conflict=OnConflict.RENAME, precondition=no_precondition)

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
            with place.converting_errors():
                made = publisher.publish(finished)
            stored.append([replace(each, entry=place.to_actor_entry(each.entry)) for each in made])
    return stored


def _lock_all(session: Session, parts: Sequence[tuple[Place, Publisher, Sequence[Finished]]]) -> None:
    """Take the locks of all parts at once, in the one order that all requests use."""
    lock_spaces(session, [place.scope.space_id for place, *_what in parts])
    for content_hash in sorted({each.sealed.content_hash for *_what, some in parts for each in some}):
        lock_blob(session, content_hash)


class _Placing:
    """The rows of one publication, collected to be stored together."""

    def __init__(self, session: Session, tree: Tree, places: Places, now: datetime) -> None:
        self._session = session
        self._tree = tree
        self._places = places
        self._now = now
        # In order; a later file of the same request may replace an earlier one.
        self._placed: dict[NodeValues, None] = {}
        # Files: folders are counted when they are created.
        self.new: set[NodeValues] = set()
        self._versions: list[tuple[NodeValues, dict[str, object]]] = []
        self._changes = CounterChanges()
        self.used = 0

    @property
    def changed(self) -> set[NodeValues]:
        """The files whose content has changed."""
        return {node for node, _version in self._versions}

    @property
    def deeds(self) -> list[Deed]:
        """What this publication did: the same content again is no change."""
        changed = self.changed
        return [
            Deed(Verb.UPLOADED if node in self.new else Verb.CHANGED, node.id, node.parent_id, node.name)
            for node in self._placed
            if node in changed
        ]

    def place(self, target: Target, measured: SizeAndHash) -> tuple[tuple[str, ...], NodeValues, bool]:
        """Place content; return its path, its node, and whether that is new."""
        names, depth = self._places.check(*target.wanted)
        is_there = depth == len(names)
        if is_there and target.on_conflict is OnConflict.RENAME:
            names = (*names[:-1], self._places.free_name(names[:-1], names[-1]))
            check_path(names)
            is_there = False
        if is_there:
            node = self._places.get(names)
        else:
            folder = self._places.make_folder(names[:-1], min(depth, len(names) - 1), self._now)
            node = self._tree.new_values(folder, names[-1], Kind.FILE, self._now)
            self._tree.extend_reach(folder, node)
            self._places.put(names, node)
            # Its bytes are added below, like those of an existing file.
            self._changes.add(_folder_id(node), Weighed(Kind.FILE, size=0))
            self.new.add(node)
        before = node.size
        # The same content again is a retry, not a change.
        if node.content_hash != measured.content_hash:
            self._fill(node, measured, target)
        node.modified_at = target.modified_at or self._now
        self._changes.add_size(_folder_id(node), node.size - before)
        self._placed[node] = None
        return names, node, not is_there

    def store(self) -> None:
        """Write all rows and counters."""
        new = [node for node in self._placed if not node.id]
        update_contents(self._session, [node for node in self._placed if node.id])
        insert_nodes(self._session, self._tree.scope.space_id, new)
        if self._versions:
            rows = [version | {"node_id": node.id} for node, version in self._versions]
            execute(self._session, _INSERT_VERSION, rows)
        self._tree.count(self._changes)

    def _fill(self, node: NodeValues, measured: SizeAndHash, target: Target) -> None:
        """Set `measured` as the content of a file, in its next version."""
        self.used += measured.size
        node.media_type = media_type_of(node.name, otherwise=target.media_type)
        version = next_version(node, measured.content_hash, measured.size, self._now)
        # A new file has no id yet; `store` fills it in.
        self._versions.append((node, version | {"checksums": target.checksums}))


def _folder_id(file: NodeValues) -> int:
    assert file.parent_id is not None  # only the root of a space has none, and that is no file
    return file.parent_id
