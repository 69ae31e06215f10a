"""Bytes come in and become files: `begin`, `append`, `finish`.

Everything slow happens before the transaction: the bytes are received, counted, hashed and made
durable in staging. Then one short transaction publishes the blobs, writes the rows and commits,
and only then the caller may acknowledge. A crash in between leaves bytes that no row refers to.

Rule: no transaction is open while bytes move; several uploads are finished together or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import or_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cabinet.errors import (
    DigestMismatch,
    EntryExists,
    IsAFolder,
    NotAFolder,
    PreconditionFailed,
    QuotaExceeded,
    TooLarge,
    Unavailable,
)
from cabinet.models import Blob, Kind, Node, User, Version
from cabinet.services.clock import Clock
from cabinet.services.database import execute_counted, lock_blob, writing
from cabinet.services.entries import Conflict, Entry, Precondition, media_type_of, no_precondition, to_entry
from cabinet.services.names import check_path, join_path, numbered, split_path
from cabinet.services.tree import Tree
from cabinet.storage.blobs import BlobStore, Staging
from cabinet.storage.blocks import Measured
from cabinet.storage.chunks import iter_hashed, iter_limited


@dataclass(frozen=True, slots=True)
class Promised:
    """What the sender said of the bytes: size, content hash (hex), plain SHA-256 (hex)."""

    size: int | None = None
    content_hash: str | None = None
    sha256: str | None = None


@dataclass(slots=True)
class Upload:
    """One upload in progress, of at most `limit` bytes; owned by the request that began it.

    `quota` is the user's, when that and not the greatest size of a file is what sets the limit.
    """

    staging: Staging
    promised: Promised
    limit: int
    quota: int | None = None
    measured: Measured | None = None
    _sha256: hashlib._Hash | None = field(init=False)

    def __post_init__(self) -> None:
        self._sha256 = hashlib.sha256() if self.promised.sha256 else None

    @property
    def sha256(self) -> str | None:
        """The plain SHA-256 of what came, in hex; computed only when one was promised."""
        return self._sha256.hexdigest() if self._sha256 else None

    def append(self, chunks: Iterable[bytes]) -> None:
        """Take the content, all of it.

        Raises `TooLarge`, `QuotaExceeded`, `StorageFull`, or what `chunks` raise.
        """
        limited = iter_limited(chunks, self.limit)
        try:
            self.staging.append(iter_hashed(limited, self._sha256) if self._sha256 else limited)
        except TooLarge as error:
            if self.quota is None:
                raise
            raise QuotaExceeded(quota=self.quota) from error

    def finish(self) -> Measured:
        """Make the content durable and hold it against every promise; raises `DigestMismatch`."""
        if self.measured is None:
            measured = self.staging.finish()
            for expected, received in (
                (self.promised.content_hash, measured.content_hash),
                (self.promised.sha256, self.sha256),
            ):
                if expected is not None and expected != received:
                    raise DigestMismatch(expected=expected, received=received or "")
            self.measured = measured
        return self.measured


@dataclass(frozen=True, slots=True)
class Target:
    """Where an upload shall go, and what to do when the name is in use."""

    path: str
    on_conflict: Conflict = Conflict.REPLACE
    precondition: Precondition = no_precondition


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of an upload; `is_new` unless it replaced the content of a file."""

    entry: Entry
    is_new: bool


class Uploads:
    """Uploads of one user; `max_size` is in bytes."""

    def __init__(
        self, session: Session, store: BlobStore, clock: Clock, max_size: int, owner_id: int
    ) -> None:
        self._session = session
        self._store = store
        self._clock = clock
        self._max_size = max_size
        self._owner_id = owner_id
        self._tree = Tree(session, owner_id)

    def check(self, target: Target, size: int | None) -> None:
        """Raise what `finish` would raise as far as it is known before a byte has come."""
        names = split_path(target.path)
        if not names:
            raise IsAFolder(path="")
        if size is not None and size > self._max_size:
            raise TooLarge(limit=self._max_size)
        self._look(names, target)
        user = self._session.get(User, self._owner_id)
        if user is not None and user.quota is not None and user.usage + (size or 0) > user.quota:
            raise QuotaExceeded(quota=user.quota)

    @contextmanager
    def begin(self, promised: Promised = Promised()) -> Iterator[Upload]:
        """Open an upload; leaving the context discards whatever was not published.

        Raises `TooLarge` or `StorageFull` when the promised size has no room.
        """
        limit, quota = self._limit()
        self._session.rollback()
        if promised.size is not None and promised.size > self._max_size:
            raise TooLarge(limit=self._max_size)
        with self._store.begin(promised.size) as staging:
            yield Upload(staging, promised, limit, quota)

    def finish(self, uploads: Sequence[tuple[Upload, Target]]) -> list[Stored]:
        """Publish finished uploads, all of them or none, and return what they became, in order.

        Raises `DigestMismatch`, `InvalidName`, `EntryExists`, `IsAFolder`, `NotAFolder`,
        `PreconditionFailed`, `QuotaExceeded`, `StorageFull`; then nothing has changed.
        """
        measured = [upload.finish() for upload, _ in uploads]
        try:
            with writing(self._session):
                self._tree.root(lock=True)
                # One order for everybody, or two requests could wait for each other's locks.
                for index in sorted(range(len(uploads)), key=lambda i: measured[i].content_hash):
                    self._note_blob(uploads[index][0], measured[index])
                stored = [
                    self._place(target, found)
                    for (_, target), found in zip(uploads, measured, strict=True)
                ]  # fmt: skip
                # Last, for what is refused shall not leave its bytes in the store until a sweep.
                for (upload, _), found in zip(uploads, measured, strict=True):
                    self._store.publish(upload.staging, found)
                return stored
        except IntegrityError as error:
            # Somebody took the name between our look-up and our insert; the next try will see it.
            raise Unavailable from error

    def _limit(self) -> tuple[int, int | None]:
        """Return how many bytes one upload may bring, and the quota where that is the reason."""
        user = self._session.get(User, self._owner_id)
        if user is None or user.quota is None or user.quota - user.usage >= self._max_size:
            return self._max_size, None
        return max(0, user.quota - user.usage), user.quota

    def _note_blob(self, upload: Upload, measured: Measured) -> None:
        """Lock the blob that is to be published, and have its row."""
        lock_blob(self._session, measured.content_hash)
        blob = self._session.get(Blob, measured.content_hash)
        if blob is None:
            blob = Blob(content_hash=measured.content_hash, size=measured.size, created_at=self._clock())
            self._session.add(blob)
        blob.released_at = None
        blob.sha256 = upload.sha256 or blob.sha256
        self._session.flush()

    def _place(self, target: Target, measured: Measured) -> Stored:
        now = self._clock()
        names = split_path(target.path)
        if not names:
            raise IsAFolder(path="")
        node, depth = self._look(names, target)
        is_there = depth == len(names)
        folder = self._tree.parent(node) if is_there else self._tree.make_folders(node, names[depth:-1], now)
        if is_there and target.on_conflict is Conflict.RENAME:
            names = (*names[:-1], self._free_name(folder, names[-1]))
            check_path(names)
            is_there = False
        if is_there:
            self._replace(folder, node, measured, now)
        else:
            node = self._tree.new(folder, names[-1], Kind.FILE, now)
            self._fill(node, measured)
            self._tree.add(folder, node)
            self._add_version(node, now)
        return Stored(to_entry(node, join_path(names)), is_new=not is_there)

    def _look(self, names: tuple[str, ...], target: Target) -> tuple[Node, int]:
        """Walk the path of `target` as `Tree.walk` does; raises when something there is in the way."""
        node, depth = self._tree.walk(names)
        is_there = depth == len(names)
        if not is_there and node.kind != Kind.FOLDER:
            raise NotAFolder(path=join_path(names[:depth]))
        if is_there and node.kind == Kind.FOLDER and target.on_conflict is not Conflict.RENAME:
            raise IsAFolder(path=join_path(names))
        if not target.precondition(node.content_hash if is_there else None):
            raise PreconditionFailed
        if is_there and target.on_conflict is Conflict.FAIL:
            raise EntryExists(path=join_path(names))
        return node, depth

    def _free_name(self, folder: Node, name: str) -> str:
        """Return the name with a number that is free where the one before it is taken.

        By doubling and then halving, for many thousands may be taken.
        """
        taken, free = 1, 2
        while self._tree.child(folder, numbered(name, free)) is not None:
            taken, free = free, free * 2
        while free - taken > 1:
            between = (taken + free) // 2
            if self._tree.child(folder, numbered(name, between)) is None:
                free = between
            else:
                taken = between
        return numbered(name, free)

    def _replace(self, folder: Node, node: Node, measured: Measured, now: datetime) -> None:
        """Give a file its next version, unless it has that very content: a retry is no change."""
        if node.content_hash != measured.content_hash:
            self._tree.count(folder, size=measured.size - node.size)
            self._fill(node, measured)
            self._add_version(node, now)
        node.modified_at = now

    def _fill(self, node: Node, measured: Measured) -> None:
        """Make `measured` the content of a file, and the user pay for it."""
        self._use(measured.size)
        node.version += 1
        node.size = measured.size
        node.content_hash = measured.content_hash
        node.media_type = media_type_of(node.name)

    def _use(self, size: int) -> None:
        """Count `size` bytes to the user's usage, in the one statement that also compares."""
        fits = or_(User.quota.is_(None), User.usage + size <= User.quota)
        used = update(User).where(User.id == self._owner_id, fits).values(usage=User.usage + size)
        if not execute_counted(self._session, used):
            user = self._session.get(User, self._owner_id)
            raise QuotaExceeded(quota=(user.quota if user else 0) or 0)

    def _add_version(self, node: Node, now: datetime) -> None:
        version = Version(node_id=node.id, number=node.version, size=node.size, created_at=now)
        version.content_hash = node.content_hash or ""
        self._session.add(version)
