"""Bytes come in and become files: `begin`, `append`, `finish`.

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

from cabinet.errors import DigestMismatch, QuotaExceeded, TooLarge
from cabinet.models import User
from cabinet.services.clock import Clock
from cabinet.services.publishing import Finished, Publisher, Stored, Target, Terms, publish
from cabinet.storage.blobs import BlobStore, Staging
from cabinet.storage.blocks import Measured
from cabinet.storage.chunks import iter_hashed, iter_limited
from cabinet.storage.content_hash import BLOCK_SIZE


@dataclass(frozen=True, slots=True)
class Promised:
    """What the sender said of the bytes: size, content hash (hex), plain SHA-256 (hex)."""

    size: int | None = None
    content_hash: str | None = None
    sha256: str | None = None


@dataclass(slots=True)
class Room:
    """How many bytes the uploads of one request may still bring together; None of them is no limit."""

    left: int | None
    quota: int

    def check(self, size: int) -> None:
        """Raise `QuotaExceeded` when `size` bytes are more than that."""
        if self.left is not None and size > self.left:
            raise QuotaExceeded(quota=self.quota)


@dataclass(slots=True)
class Incoming:
    """One upload in progress, of at most `max_size` bytes; owned by the request that began it."""

    staging: Staging
    promised: Promised
    max_size: int
    room: Room
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
        left = self.room.left
        limit = self.max_size if left is None else min(left, self.max_size)
        limited = iter_limited(chunks, limit)
        try:
            self.staging.append(iter_hashed(limited, self._sha256) if self._sha256 else limited)
        except TooLarge as error:
            if limit == self.max_size:
                raise
            raise QuotaExceeded(quota=self.room.quota) from error

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
            if self.room.left is not None:
                self.room.left = max(0, self.room.left - measured.size)
        return self.measured


class Uploads:
    """Uploads of one user, within what the operator allows."""

    def __init__(self, session: Session, store: BlobStore, clock: Clock, terms: Terms, owner_id: int) -> None:
        self._session = session
        self._store = store
        self._max_size = terms.max_size
        self._owner_id = owner_id
        self._publisher = Publisher(session, store, clock, terms, owner_id)
        self._room: Room | None = None

    def check(self, target: Target, size: int | None) -> None:
        """Raise what `finish` would raise as far as it is known before a byte has come.

        One block or less comes sooner than its path is looked up, and `finish` looks again anyway.
        The quota needs no look-up of its own: `begin` has to know it in any case.
        """
        self.check_room(size or 0)
        if size is None or size > BLOCK_SIZE:
            self._publisher.check(target)
            self._session.rollback()

    def check_room(self, size: int) -> None:
        """Raise `TooLarge`, `QuotaExceeded` or `StorageFull` when a file of `size` bytes is too much."""
        if size > self._max_size:
            raise TooLarge(limit=self._max_size)
        self.check_room_for_all(size)

    def check_room_for_all(self, size: int) -> None:
        """Raise `QuotaExceeded` or `StorageFull` when all files of the request are too much.

        They have `size` bytes together.
        """
        self._known_room().check(size)
        self._store.check_room(size)

    @contextmanager
    def begin(self, promised: Promised = Promised()) -> Iterator[Incoming]:
        """Open an upload; leaving the context discards whatever was not published.

        Raises `TooLarge`, `QuotaExceeded` or `StorageFull` when the promised size has no room.
        """
        self.check_room(promised.size or 0)
        with self._store.begin(promised.size) as staging:
            yield Incoming(staging, promised, self._max_size, self._known_room())

    def finish(self, uploads: Sequence[tuple[Incoming, Target]]) -> list[Stored]:
        """Publish finished uploads, all of them or none, and return what they became, in order.

        Raises `DigestMismatch`, `InvalidName`, `EntryExists`, `IsAFolder`, `NotAFolder`,
        `PreconditionFailed`, `QuotaExceeded`, `StorageFull`; then nothing has changed.
        """
        finished = [
            Finished(upload.staging, upload.finish(), target, upload.sha256)
            for upload, target in uploads
        ]  # fmt: skip
        self._room = None
        return publish(self._session, self._publisher, finished)

    def _known_room(self) -> Room:
        """Return the room for what comes until the next `finish`; asked for once, before the first byte."""
        if self._room is None:
            self._room = self._look_for_room()
            self._session.rollback()
        return self._room

    def _look_for_room(self) -> Room:
        user = self._session.get(User, self._owner_id)
        if user is None or user.quota is None:
            return Room(left=None, quota=0)
        return Room(left=max(0, user.quota - user.usage), quota=user.quota)
