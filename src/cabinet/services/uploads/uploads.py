"""Bytes come in and become files: `begin`, `append`, `seal`, `commit`.

Everything slow happens before the transaction: the bytes are received, counted, hashed and made
durable in staging. Then one short transaction (publishing.py) writes the rows, publishes the blobs
and commits, and only then the caller may acknowledge. A crash in between leaves bytes that no row
refers to.

Rule: no transaction is open while bytes move; several uploads are finished together or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from cabinet.errors import DigestMismatch, StorageFull, TooLarge
from cabinet.models import Space
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope
from cabinet.services.kernel.clock import Clock
from cabinet.services.tree.entries import Conflict, usual_conflict
from cabinet.services.tree.mounts import Place
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage import quota_exceeded
from cabinet.services.uploads.publishing import (
    Finished,
    Publisher,
    Stored,
    Target,
    Terms,
    publish,
    publish_all,
)
from cabinet.services.uploads.room import Present, find_present
from cabinet.storage.blocks import SizeAndHash
from cabinet.storage.chunks import iter_hashed, iter_limited
from cabinet.storage.content_hash import BLOCK_SIZE
from cabinet.storage.protocols import BlobStore, Sealed, Staging
from cabinet.storage.reserve import check_room


@dataclass(frozen=True, slots=True)
class Promised:
    """What the sender said of the bytes: size, content hash (hex), plain SHA-256 (hex)."""

    size: int | None = None
    content_hash: str | None = None
    sha256: str | None = None

    def allows(self, present: Present) -> bool:
        """Tell whether what comes may be what is there already."""
        return self.size in (None, present.size) and self.content_hash in (None, present.content_hash)


@dataclass(slots=True)
class Room:
    """How many bytes the uploads of one request may still bring together; None of them is no limit.

    `stored` is what there is in the space already, and `is_tight` once more may come than there is room.
    """

    scope: Scope
    left: int | None
    quota: int
    stored: int = 0
    is_tight: bool = False

    def full(self) -> StorageFull:
        """Return what is to be raised when more comes."""
        return quota_exceeded(self.scope, self.quota)

    def expect(self, size: int | None) -> None:
        """Note that so many bytes may come."""
        if self.left is not None and (size is None or size > self.left):
            self.is_tight = True


@dataclass(slots=True)
class Incoming:
    """One upload in progress, of at most `max_size` bytes; owned by the request that began it.

    `present` is what it may bring once more, whatever room there is.
    """

    staging: Staging
    promised: Promised
    max_size: int
    room: Room
    present: Present | None = None
    sealed: Sealed | None = None
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
        left = self.room.left
        again = self.present.size if self.present else 0
        limit = self.max_size if left is None else min(max(left, again), self.max_size)
        limited = iter_limited(chunks, limit)
        try:
            self.staging.append(iter_hashed(limited, self._sha256) if self._sha256 else limited)
        except TooLarge as error:
            if limit == self.max_size:
                raise
            raise self.room.full() from error

    def seal(self) -> Sealed:
        """Make the content durable and hold it against every promise.

        Raises `DigestMismatch`, or `QuotaExceeded` for what has no room in the end.
        """
        if self.sealed is None:
            sealed = self.staging.finish()
            for expected, received in (
                (self.promised.content_hash, sealed.content_hash),
                (self.promised.sha256, self.sha256),
            ):
                if expected is not None and expected != received:
                    raise DigestMismatch(expected=expected, received=received or "")
            self._take_room(sealed)
            self.sealed = sealed
        return self.sealed

    def _take_room(self, measured: SizeAndHash) -> None:
        """Leave less room for others, but for what is there already; raises `QuotaExceeded`."""
        is_again = self.present is not None and self.present.content_hash == measured.content_hash
        if self.room.left is None or is_again:
            return
        if measured.size > self.room.left:
            raise self.room.full()
        self.room.left -= measured.size


class Uploads:
    """Uploads to one scope, within what the operator allows."""

    def __init__(self, session: Session, store: BlobStore, clock: Clock, terms: Terms, scope: Scope) -> None:
        self._session = session
        self._store = store
        self._max_size = terms.max_size
        self._scope = scope
        self._publisher = Publisher(session, store, clock, terms, scope)
        self._tree = Tree(session, scope)
        self._room: Room | None = None

    @property
    def scope(self) -> Scope:
        """Whose files these become, and where."""
        return self._scope

    @property
    def usual_conflict(self) -> Conflict:
        """What becomes of an upload to a name in use where its sender does not say."""
        return usual_conflict(self._scope.rights)

    def check(self, target: Target, size: int | None) -> None:
        """Raise what `commit` would raise as far as it is known before a byte has come.

        One block or less comes sooner than its path is looked up, and `commit` looks again anyway.
        The quota needs no look-up of its own: `begin` has to know it in any case.
        """
        self._scope.require(Rights.WRITE)
        self._known_room().expect(size)
        self._check_room(Promised(size), target)
        if size is None or size > BLOCK_SIZE:
            self._publisher.check(target)
            self._session.rollback()

    def check_room_for_all(self, size: int | None, framing: int = 0) -> None:
        """Raise `QuotaExceeded` or `StorageFull` when all files of the request are too much.

        They have `size` bytes together, None where nobody knows; up to `framing` of them may be no
        content. As many as the user has stored may be those once more.
        """
        self._scope.require(Rights.WRITE)
        room = self._known_room()
        room.expect(size)
        least = 0 if size is None else max(0, size - framing)
        if room.left is not None and least > room.left + room.stored:
            raise room.full()
        check_room(self._store.free_bytes(), least)

    @contextmanager
    def begin(self, promised: Promised = Promised(), target: Target | None = None) -> Iterator[Incoming]:
        """Open an upload; leaving the context discards whatever was not published.

        What the file at `target` holds may come again, though there be no room. Raises `TooLarge`,
        `QuotaExceeded` or `StorageFull` when the promised size has none.
        """
        self._scope.require(Rights.WRITE)
        present = self._check_room(promised, target)
        with self._store.begin(promised.size) as staging:
            yield Incoming(staging, promised, self._max_size, self._known_room(), present)

    def commit(self, uploads: Sequence[tuple[Incoming, Target]]) -> list[Stored]:
        """Publish uploads, all of them or none, and return what they became, in order.

        Raises `DigestMismatch`, `InvalidName`, `EntryExists`, `IsAFolder`, `NotAFolder`,
        `PreconditionFailed`, `QuotaExceeded`, `StorageFull`; then nothing has changed.
        """
        return publish(self._session, *self.ready(uploads))

    def commit_in_parts(
        self, parts: Sequence[tuple[Uploads, Place, Sequence[tuple[Incoming, Target]]]]
    ) -> list[list[Stored]]:
        """Publish uploads of several scopes, each with the place where it begins; as `commit`."""
        return publish_all(self._session, [(place, *service.ready(some)) for service, place, some in parts])

    def ready(self, uploads: Sequence[tuple[Incoming, Target]]) -> tuple[Publisher, list[Finished]]:
        """Return what publishes in this scope, and uploads, whole; the room is looked for anew after that."""
        finished = [
            Finished(upload.staging, upload.seal(), target, upload.sha256)
            for upload, target in uploads
        ]  # fmt: skip
        self._room = None
        return self._publisher, finished

    def _check_room(self, promised: Promised, target: Target | None) -> Present | None:
        """Return what may come once more, if that matters; raises as `begin` does."""
        size = promised.size or 0
        if size > self._max_size:
            raise TooLarge(limit=self._max_size)
        room, present = self._known_room(), None
        if target is not None and (room.is_tight or (room.left is not None and size > room.left)):
            present = find_present(self._tree, target)
            self._session.rollback()
        if present is not None and not promised.allows(present):
            present = None
        if room.left is not None and size > room.left and present is None:
            raise room.full()
        check_room(self._store.free_bytes(), size)
        return present

    def _known_room(self) -> Room:
        """Return the room for what comes until the next `commit`; asked for once, before the first byte."""
        if self._room is None:
            self._room = self._look_for_room()
            self._session.rollback()
        return self._room

    def _look_for_room(self) -> Room:
        space = self._session.get(Space, self._scope.space_id)
        quota = None if space is None else space.quota
        if space is None or quota is None:
            return Room(self._scope, left=None, quota=0)
        return Room(self._scope, max(0, quota - space.usage), quota, stored=space.usage)
