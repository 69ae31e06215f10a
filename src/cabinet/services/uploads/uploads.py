"""Uploads in one request: `begin`, `append`, `seal`, `commit`.

Everything slow happens before the transaction: bytes are received, counted, hashed and made durable in
staging. Then one short transaction (publishing.py) writes the rows, publishes the blobs and commits, and only
then the caller may acknowledge. A crash in between leaves bytes that no row refers to.

Rule: no transaction is open while bytes move; several uploads are published together or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from cabinet.errors import DigestMismatch, StorageFull, TooLarge
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope, SpaceUsage
from cabinet.services.kernel.clock import Clock
from cabinet.services.tree.entries import OnConflict, default_on_conflict
from cabinet.services.tree.mounts import Place
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage import quota_exceeded, usage_of
from cabinet.services.uploads.publishing import (
    Finished,
    Publisher,
    Stored,
    Target,
    UploadLimits,
    publish,
    publish_all,
)
from cabinet.services.uploads.room import ExistingContent, find_existing
from cabinet.storage.blocks import SizeAndHash
from cabinet.storage.chunks import Chunk, iter_hashed, iter_limited
from cabinet.storage.content_hash import BLOCK_SIZE
from cabinet.storage.protocols import BlobStore, Sealed, Staging
from cabinet.storage.reserve import check_room


@dataclass(frozen=True, slots=True)
class ExpectedContent:
    """What the client announced about the bytes: size, content hash (hex), plain SHA-256 (hex)."""

    size: int | None = None
    content_hash: str | None = None
    sha256: str | None = None

    def allows(self, existing: ExistingContent) -> bool:
        """Return whether the content may equal the existing one."""
        return self.size in (None, existing.size) and self.content_hash in (None, existing.content_hash)


@dataclass(slots=True)
class Room:
    """The number of bytes that the uploads of one request may still add together; None is no limit.

    `stored` is the usage of the space, and `is_tight` once more may come than there is room for.
    """

    scope: Scope
    left: int | None
    stored: int = 0
    is_tight: bool = False

    def full(self, needed: int | None) -> StorageFull:
        """Return the error for more content than fits, of `needed` bytes; None if unknown."""
        return quota_exceeded(self.scope, needed=needed, free=self.left)

    def expect(self, size: int | None) -> None:
        """Announce this many bytes."""
        if self.left is not None and (size is None or size > self.left):
            self.is_tight = True


@dataclass(slots=True)
class Incoming:
    """An upload in progress, of at most `max_size` bytes; owned by the request that began it.

    `existing` is the content that it may repeat although the space is full.
    """

    staging: Staging
    expected: ExpectedContent
    max_size: int
    room: Room
    existing: ExistingContent | None = None
    sealed: Sealed | None = None
    _sha256: hashlib._Hash | None = field(init=False)

    def __post_init__(self) -> None:
        self._sha256 = hashlib.sha256() if self.expected.sha256 else None

    @property
    def sha256(self) -> str | None:
        """The plain SHA-256 of the content, in hex; computed only if the client announced one."""
        return self._sha256.hexdigest() if self._sha256 else None

    def append(self, chunks: Iterable[Chunk]) -> None:
        """Receive all of the content.

        Raises `TooLarge`, `QuotaExceeded`, `StorageFull`, or what `chunks` raise.
        """
        left = self.room.left
        again = self.existing.size if self.existing else 0
        limit = self.max_size if left is None else min(max(left, again), self.max_size)
        limited = iter_limited(chunks, limit)
        try:
            self.staging.append(iter_hashed(limited, self._sha256) if self._sha256 else limited)
        except TooLarge as error:
            if limit == self.max_size:
                raise
            raise self.room.full(self.expected.size) from error

    def seal(self) -> Sealed:
        """Make the content durable and check it against all announced values.

        Raises `DigestMismatch`, or `QuotaExceeded` if it does not fit after all.
        """
        if self.sealed is None:
            sealed = self.staging.finish()
            for expected, received in (
                (self.expected.content_hash, sealed.content_hash),
                (self.expected.sha256, self.sha256),
            ):
                if expected is not None and expected != received:
                    raise DigestMismatch(expected=expected, received=received or "")
            self._take_room(sealed)
            self.sealed = sealed
        return self.sealed

    def _take_room(self, measured: SizeAndHash) -> None:
        """Subtract the content from the room, unless it is the existing one; raises `QuotaExceeded`."""
        is_again = self.existing is not None and self.existing.content_hash == measured.content_hash
        if self.room.left is None or is_again:
            return
        if measured.size > self.room.left:
            raise self.room.full(measured.size)
        self.room.left -= measured.size


class Uploads:
    """Uploads to one scope, within the operator's limits."""

    def __init__(
        self, session: Session, store: BlobStore, clock: Clock, limits: UploadLimits, scope: Scope
    ) -> None:
        self._session = session
        self._store = store
        self._max_size = limits.max_size
        self._scope = scope
        self._publisher = Publisher(session, store, clock, limits, scope)
        self._tree = Tree(session, scope)
        self._room: Room | None = None
        # Known without a query until the first commit.
        self._usage = scope.usage

    @property
    def scope(self) -> Scope:
        """The scope of the uploads."""
        return self._scope

    @property
    def default_on_conflict(self) -> OnConflict:
        """The default resolution for an upload to a name in use."""
        return default_on_conflict(self._scope.rights)

    def check(self, target: Target, size: int | None) -> None:
        """Raise what `commit` would raise, as far as it is known before the first byte.

        Up to one block arrives faster than its path is looked up, and `commit` checks it anyway. The quota
        costs no extra query: `begin` needs it in any case.
        """
        self._scope.require(Rights.WRITE)
        self._known_room().expect(size)
        self._check_room(ExpectedContent(size), target)
        if size is None or size > BLOCK_SIZE:
            self._publisher.check(target)
            self._session.rollback()

    def check_room_for_all(self, size: int | None, framing: int = 0) -> None:
        """Raise `QuotaExceeded` or `StorageFull` if the files of the request are too large together.

        They have `size` bytes together, None if unknown; up to `framing` of them may be no content. As many
        bytes as the space already stores may be a repetition of those.
        """
        self._scope.require(Rights.WRITE)
        room = self._known_room()
        room.expect(size)
        least = 0 if size is None else max(0, size - framing)
        if room.left is not None and least > room.left + room.stored:
            raise room.full(least)
        check_room(self._store.free_bytes(), least)

    @contextmanager
    def begin(
        self, expected: ExpectedContent = ExpectedContent(), target: Target | None = None
    ) -> Iterator[Incoming]:
        """Begin an upload; leaving the context discards what was not published.

        The content of the file at `target` may be sent again even if there is no room. Raises `TooLarge`,
        `QuotaExceeded` or `StorageFull` if the announced size does not fit.
        """
        self._scope.require(Rights.WRITE)
        existing = self._check_room(expected, target)
        with self._store.begin(expected.size) as staging:
            yield Incoming(staging, expected, self._max_size, self._known_room(), existing)

    def commit(self, uploads: Sequence[tuple[Incoming, Target]]) -> list[Stored]:
        """Publish uploads, all or none; return the results in order.

        Raises `DigestMismatch`, `InvalidName`, `EntryExists`, `IsAFolder`, `NotAFolder`,
        `PreconditionFailed`, `QuotaExceeded`, `StorageFull`; nothing has changed then.
        """
        return publish(self._session, *self.ready(uploads))

    def commit_in_parts(
        self, parts: Sequence[tuple[Uploads, Place, Sequence[tuple[Incoming, Target]]]]
    ) -> list[list[Stored]]:
        """Publish uploads to several scopes, each given with its place; as `commit`."""
        return publish_all(self._session, [(place, *service.ready(some)) for service, place, some in parts])

    def ready(self, uploads: Sequence[tuple[Incoming, Target]]) -> tuple[Publisher, list[Finished]]:
        """Return the publisher and the sealed uploads; the room is queried again for later ones."""
        finished = [
            Finished(upload.staging, upload.seal(), target, upload.sha256)
            for upload, target in uploads
        ]  # fmt: skip
        self._room = self._usage = None
        return self._publisher, finished

    def _check_room(self, expected: ExpectedContent, target: Target | None) -> ExistingContent | None:
        """Return the content that may be sent again, if that matters; raises as `begin` does."""
        size = expected.size or 0
        if size > self._max_size:
            raise TooLarge(limit=self._max_size)
        room, existing = self._known_room(), None
        if target is not None and (room.is_tight or (room.left is not None and size > room.left)):
            existing = find_existing(self._tree, target)
            self._session.rollback()
        if existing is not None and not expected.allows(existing):
            existing = None
        if room.left is not None and size > room.left and existing is None:
            raise room.full(size)
        return existing

    def _known_room(self) -> Room:
        """Return the room until the next `commit`; queried once, before the first byte."""
        if self._room is None:
            usage = self._usage
            if usage is None:
                usage = usage_of(self._session, self._scope)
                self._session.rollback()
            self._room = self._to_room(usage)
        return self._room

    def _to_room(self, usage: SpaceUsage) -> Room:
        used, _entries, quota = usage
        if quota is None:
            return Room(self._scope, left=None)
        return Room(self._scope, max(0, quota - used), stored=used)
