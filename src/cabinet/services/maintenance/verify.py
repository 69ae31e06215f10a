"""Check that the store and the database are consistent, and compute statistics.

Rule: reads only and repairs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session

from cabinet.errors import BlobMissing, StorageFault
from cabinet.models import Blob, Kind, Node, Space, SpaceKind, Thumbnail, Upload, User, Version
from cabinet.services.kernel.database import lock_blob, writing
from cabinet.services.maintenance.blob_references import REFERENCED
from cabinet.services.tree.names import join_path
from cabinet.services.tree.space_rows import label_of
from cabinet.services.tree.subtree import below
from cabinet.services.tree.sum_checks import FolderCounts, find_wrong_folders
from cabinet.services.tree.usage_checks import WrongEntries, WrongUsage, find_wrong, find_wrong_entries
from cabinet.storage.content_hash import hash_stream
from cabinet.storage.protocols import ResumableStore

_BATCH = 500


# Hidden nodes with their subtrees: purged, of a deleted account, or incomplete copies.
_HIDDEN = below(
    select(Node.id)
    .join(Space, Node.space_id == Space.id)
    .where(Node.trashed_at.is_not(None), Node.trash_id.is_(None) | (Node.trashed_at <= Space.trash_hidden_to))
)


class Fault(StrEnum):
    """The possible faults of a blob."""

    MISSING = "missing"
    WRONG_SIZE = "wrong-size"
    DAMAGED = "damaged"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """A blob with a fault, and the files (`user:path` or `space:id:path`) whose versions refer to it."""

    fault: Fault
    content_hash: str
    expected_size: int | None
    found_size: int | None
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WrongSums:
    """A folder (`user:path`) whose stored counters and sums differ from those `counted`."""

    folder: str
    stored: FolderCounts
    counted: FolderCounts


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """An unfinished resumable upload to the space of a user, or of a team (`label_of`); sizes in bytes."""

    id: str
    username: str
    path: str
    offset: int
    length: int | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts, and sizes in bytes. `content` is the size that users see, `stored` the size on disk."""

    users: int
    spaces: int
    folders: int
    files: int
    versions: int
    trashed: int
    content: int
    thumbnails: int
    blobs: int
    stored: int
    staged: int
    staged_size: int
    free: int | None
    reserve: int


class Inspection:
    """Compares rows with blobs."""

    def __init__(self, session: Session, store: ResumableStore) -> None:
        self._session = session
        self._store = store

    def verify(
        self, *, deep: bool = False, on_checked: Callable[[], None] = lambda: None
    ) -> Iterator[Finding]:
        """Yield all faults; with `deep`, also read and hash all content.

        `on_checked` is called after each of the `count_blobs` blobs.
        """
        last = ""
        while True:
            rows = select(Blob.content_hash, Blob.key, Blob.size).where(REFERENCED, Blob.content_hash > last)
            batch = self._session.execute(rows.order_by(Blob.content_hash).limit(_BATCH)).all()
            # Hashing takes long, and no transaction may be open meanwhile.
            self._session.rollback()
            for content_hash, key, size in batch:
                fault, found = self._check_blob(content_hash, key, size, deep=deep)
                on_checked()
                # Without files, the blob was unreferenced and just removed by a sweep.
                if fault is not None and (files := self._files_of(content_hash)):
                    yield Finding(fault, content_hash, size, found, files)
            if len(batch) < _BATCH:
                break
            last = batch[-1].content_hash
        yield from self._unknown()

    def verify_usage(self) -> list[WrongUsage | WrongEntries]:
        """Return the users whose stored usage or number of entries is wrong."""
        found: list[WrongUsage | WrongEntries] = [*find_wrong(self._session)]
        found += find_wrong_entries(self._session)
        self._session.rollback()
        return found

    def verify_folders(self) -> Iterator[WrongSums]:
        """Yield the visible folders whose stored counters are wrong."""
        for wrong in find_wrong_folders(self._session):
            node = self._session.get(Node, wrong.folder_id)
            path = None if node is None else self._path_of(node)
            self._session.rollback()
            if path is not None:
                yield WrongSums(path, wrong.stored, wrong.counted)

    def count_blobs(self) -> int:
        """Return the number of blobs that `verify` checks, for a progress bar."""
        return self._count(select(func.count()).select_from(Blob).where(REFERENCED))

    def iter_uploads(self, space_id: int | None = None) -> Iterator[OpenUpload]:
        """Yield the unfinished uploads to one space or to all, oldest first."""
        wanted = select(Upload, User.username, Space.public_id).join(Space, Space.id == Upload.space_id)
        wanted = wanted.outerjoin(User, User.id == Space.owner_id)
        wanted = wanted.where(Upload.ended_at.is_(None), Space.deleted_at.is_(None))
        if space_id is not None:
            wanted = wanted.where(Upload.space_id == space_id)
        for row, username, team in self._session.execute(wanted.order_by(Upload.created_at, Upload.id)):
            owner = label_of(username, team)
            yield OpenUpload(row.id, owner, row.path, row.offset, row.length, row.created_at, row.expires_at)

    def stats(self) -> Stats:
        """Return statistics of all visible data; reads whole tables and folders."""
        nodes = select(func.count()).where(Node.id.not_in(select(_HIDDEN.c.id)))
        has_node = Version.node_id.not_in(select(_HIDDEN.c.id))
        free = self._store.free_bytes()
        staged = [found.size for found in self._store.iter_staged()]
        stored = [found.size for found in self._store.iter_blobs()]
        return Stats(
            users=self._count(select(func.count()).where(User.deleted_at.is_(None))),
            spaces=self._count(
                select(func.count()).where(Space.kind == SpaceKind.TEAM, Space.deleted_at.is_(None))
            ),
            folders=self._count(nodes.where(Node.kind == Kind.FOLDER, Node.parent_id.is_not(None))),
            files=self._count(nodes.where(Node.kind == Kind.FILE)),
            versions=self._count(select(func.count()).where(has_node)),
            trashed=self._count(nodes.where(Node.trashed_at.is_not(None))),
            content=self._count(select(func.sum(Version.size)).where(has_node)),
            thumbnails=self._count(select(func.count()).where(Thumbnail.thumbnail_hash.is_not(None))),
            blobs=len(stored),
            stored=sum(stored),
            staged=len(staged),
            staged_size=sum(staged),
            free=free.size if free else None,
            reserve=free.reserve if free else 0,
        )

    def _count(self, wanted: Select[*tuple[Any, ...]]) -> int:
        return int(self._session.scalar(wanted) or 0)

    def _check_blob(
        self, content_hash: str, key: str, size: int, *, deep: bool
    ) -> tuple[Fault | None, int | None]:
        found = self._store.size_of(key)
        if found is None:
            return Fault.MISSING, None
        if found != size:
            return Fault.WRONG_SIZE, found
        if deep:
            try:
                with self._store.open(key) as stream:
                    if hash_stream(stream) != content_hash:
                        return Fault.DAMAGED, found
            except BlobMissing:
                return Fault.MISSING, None
            except (OSError, StorageFault):
                return Fault.DAMAGED, found
        return None, found

    def _unknown(self) -> Iterator[Finding]:
        stored = self._store.iter_blobs()
        while batch := list(islice(stored, _BATCH)):
            keys = [found.key for found in batch]
            known = set(self._session.scalars(select(Blob.key).where(Blob.key.in_(keys))))
            self._session.rollback()
            for found in batch:
                if found.key not in known and self._is_unknown(found.key):
                    yield Finding(Fault.UNKNOWN, found.key, None, found.size, ())

    def _is_unknown(self, key: str) -> bool:
        """Check again under the lock that a publisher holds until the row exists."""
        with writing(self._session):
            lock_blob(self._session, key)
            is_there = self._store.size_of(key) is not None
            return is_there and self._session.scalar(select(Blob.key).where(Blob.key == key)) is None

    def _files_of(self, content_hash: str) -> tuple[str, ...]:
        """Return the visible files with a version, or a thumbnail of a version, in that blob."""
        pictured = select(Thumbnail.content_hash).where(Thumbnail.thumbnail_hash == content_hash)
        is_it = or_(Version.content_hash == content_hash, Version.content_hash.in_(pictured))
        nodes = select(Node).where(exists().where(Version.node_id == Node.id, is_it))
        paths = [self._path_of(node) for node in self._session.scalars(nodes)]
        self._session.rollback()
        return tuple(path for path in paths if path is not None)

    def _path_of(self, node: Node) -> str | None:
        """Return the owner and path of a node, None if it is hidden."""
        names = []
        space = self._session.get_one(Space, node.space_id)
        mark = space.trash_hidden_to
        while True:
            if node.trashed_at is not None and (node.trash_id is None or (mark and node.trashed_at <= mark)):
                return None
            if node.parent_id is None:
                break
            names.append(node.name)
            node = self._session.get_one(Node, node.parent_id)
        owner = None if space.owner_id is None else self._session.get(User, space.owner_id)
        label = label_of(None if owner is None else owner.username, space.public_id)
        return f"{label}:{join_path(tuple(reversed(names)))}"
