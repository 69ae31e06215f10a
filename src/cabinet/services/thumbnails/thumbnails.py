"""Thumbnails of the images in a space: generated on demand and stored as blobs.

An HTTP request adds a row for the process that makes thumbnails (making.py), and waits a moment; if the
thumbnail is not ready, the client tries again later. Each space has its own thumbnails, generated once
per content, although equal bytes are stored once: so the response time does not reveal whether another
user has the same content.

Rule: a request decodes nothing, and has no transaction open while it waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from cabinet.errors import N_, BlobMissing, InvalidField, NotFound, StorageFault, StorageFull, Unavailable
from cabinet.models import Thumbnail
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.contents import size_of_content
from cabinet.services.kernel.database import execute_counted, publishing, writing
from cabinet.services.thumbnails.decoder import MEDIA_TYPES
from cabinet.services.thumbnails.making import ThumbnailKey
from cabinet.services.thumbnails.sizes import SIZES
from cabinet.services.tree.entries import Entry
from cabinet.storage.protocols import BlobStore
from cabinet.storage.reserve import check_room

NOT_A_SIZE = N_("it must be 64, 256 or 1600.")

# Incremented when the appearance of thumbnails changes. It is part of their URLs, because clients cache
# them without limit; a migration deletes the stored thumbnails.
EDITION = 2

# Seconds that a request waits; most images take less. It polls after the first of the other times, then
# after twice as long each time, up to the second.
WAIT_SECONDS = 0.5
FIRST_POLL = 0.02
LAST_POLL = 0.1

# The maximum number of open requests; a page of a folder has 200 entries.
MAX_WAITING = 800

THUMBNAIL_TYPE = "image/webp"


class Missing(Enum):
    """Why there is no thumbnail: not yet generated, or impossible."""

    NOT_YET = "not yet"
    NEVER = "never"


class Thumbnails:
    """The thumbnails of the files in one scope."""

    def __init__(
        self, session: Session, store: BlobStore, clock: Clock, wake: Callable[[], None], scope: Scope
    ) -> None:
        """`wake` wakes the thread that makes thumbnails, if it is in this process."""
        self._session = session
        self._store = store
        self._clock = clock
        self._wake = wake
        self._scope = scope

    def find(self, entry: Entry, size: int) -> Entry | Missing:
        """Return the thumbnail of a file of this scope as an entry, or why there is none.

        Raises `InvalidField`, `BlobMissing`, `NotFound` if the file is not an image, and `StorageFull`
        when there is no space for it.
        """
        self._scope.require(Rights.READ)
        if size not in SIZES:
            raise InvalidField(field="size", reason=NOT_A_SIZE)
        if entry.content_hash is None or entry.media_type not in MEDIA_TYPES:
            raise NotFound
        wanted = ThumbnailKey(self._scope.space_id, entry.content_hash, size)
        found = self._find(entry, wanted)
        if found is None or found is Missing.NOT_YET:
            if size_of_content(self._session, self._store, entry.content_hash) is None:
                raise BlobMissing(content_hash=entry.content_hash)
            check_room(self._store.free_bytes())
            # If the row cannot be written now, do not wait; the client's next request tries again.
            with suppress(StorageFull, StorageFault, Unavailable):
                if found is Missing.NOT_YET or self._request(wanted):
                    self._wake()
                    found = self._wait(entry, wanted)
        return found or Missing.NOT_YET

    def _wait(self, entry: Entry, wanted: ThumbnailKey) -> Entry | Missing | None:
        """Wait for a thumbnail, up to the limit, and return its state."""
        deadline = time.monotonic() + WAIT_SECONDS
        pause = FIRST_POLL
        found: Entry | Missing | None = Missing.NOT_YET
        while found is Missing.NOT_YET and time.monotonic() < deadline:
            time.sleep(pause)
            pause = min(2 * pause, LAST_POLL)
            found = self._find(entry, wanted)
        return found

    def _request(self, wanted: ThumbnailKey) -> bool:
        """Add a request for a thumbnail; return False when there are too many open requests."""
        with publishing(self._session):
            if self._session.get(Thumbnail, wanted) is None:
                if not self._has_capacity():
                    return False
                now = self._clock()
                self._session.add(Thumbnail(**wanted._asdict(), created_at=now, wanted_at=now))
        return True

    def _has_capacity(self) -> bool:
        """Return whether another request fits; if full, drop the newest one of the space with most requests."""
        waits = Thumbnail.wanted_at.is_not(None)
        counted = select(Thumbnail.space_id, func.count()).where(waits).group_by(Thumbnail.space_id)
        counts = dict(self._session.execute(counted).all())
        if sum(counts.values()) < MAX_WAITING:
            return True
        greediest = max(counts, key=lambda space_id: counts[space_id])
        if counts[greediest] <= counts.get(self._scope.space_id, 0) + 1:
            return False
        last = (
            select(Thumbnail.space_id, Thumbnail.content_hash, Thumbnail.size)
            .where(Thumbnail.space_id == greediest, waits, Thumbnail.claimed_until.is_(None))
            .order_by(Thumbnail.wanted_at.desc())
            .limit(1)
        )
        row = self._session.execute(last).first()
        if row is not None:
            execute_counted(self._session, delete(Thumbnail).where(ThumbnailKey(*row).is_row))
        return row is not None

    def _find(self, entry: Entry, wanted: ThumbnailKey) -> Entry | Missing | None:
        """Return a thumbnail, or why it is missing; None if it was never requested."""
        kept = select(Thumbnail.thumbnail_hash, Thumbnail.wanted_at).where(wanted.is_row)
        row = self._session.execute(kept).first()
        self._session.rollback()
        if row is None:
            return None
        if row.wanted_at is not None:
            return Missing.NOT_YET
        thumbnail_hash = row.thumbnail_hash
        if thumbnail_hash is None:
            return Missing.NEVER
        size = size_of_content(self._session, self._store, thumbnail_hash)
        if size is None:
            # A lost thumbnail can be made again.
            self._delete(wanted)
            return None
        return _to_entry(entry, thumbnail_hash, size)

    def _delete(self, wanted: ThumbnailKey) -> None:
        with writing(self._session):
            execute_counted(self._session, delete(Thumbnail).where(wanted.is_row))


def _to_entry(entry: Entry, thumbnail_hash: str, size: int) -> Entry:
    return Entry(
        kind="file",
        name=f"{entry.name.rpartition('.')[0] or entry.name}.webp",
        path=entry.path,
        size=size,
        content_hash=thumbnail_hash,
        media_type=THUMBNAIL_TYPE,
        created_at=entry.created_at,
        modified_at=entry.modified_at,
    )
