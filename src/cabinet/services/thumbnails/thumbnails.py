"""Thumbnails of the pictures in one space: made when first asked for, kept as blobs.

A request leaves the work to whichever process makes thumbnails (making.py), as a row, and waits a
moment for it; whoever is too early is told to come again. Each space has its own, made once a content,
though their bytes are stored once: so no answer comes sooner because somebody else has the content.

Rule: a request decodes nothing, and holds no transaction while it waits.
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
from cabinet.services.thumbnails.making import Wanted
from cabinet.services.thumbnails.sizes import SIZES
from cabinet.services.tree.entries import Entry
from cabinet.storage.protocols import BlobStore
from cabinet.storage.reserve import check_room

NOT_A_SIZE = N_("it is none of 64, 256 and 1600.")

# Counts what has changed the looks of thumbnails. It is a part of their addresses, for whoever has one may
# keep it for ever; what is kept here is forgotten by a migration.
EDITION = 2

# Seconds that a request waits: most pictures take less, and nobody wants to ask twice. It looks after
# the first of the others, then after twice as long each time up to the second.
PATIENCE = 0.5
FIRST_LOOK = 0.02
LAST_LOOK = 0.1

# Thumbnails that may wait to be made; a page of a folder has 200 entries.
MOST_WAITING = 800

THUMBNAIL_TYPE = "image/webp"


class Missing(Enum):
    """Why there is no thumbnail: it is being made, or none can be made."""

    YET = "yet"
    EVER = "ever"


class Thumbnails:
    """The thumbnails of the files in one scope."""

    def __init__(
        self, session: Session, store: BlobStore, clock: Clock, wake: Callable[[], None], scope: Scope
    ) -> None:
        """`wake` tells what makes thumbnails that one waits, where that is in this process."""
        self._session = session
        self._store = store
        self._clock = clock
        self._wake = wake
        self._scope = scope

    def find(self, entry: Entry, size: int) -> Entry | Missing:
        """Return the thumbnail of a file of this scope as an entry, or why there is none.

        Raises `InvalidField`, `BlobMissing`, `NotFound` for what is called no picture, and `StorageFull`
        where it has no room.
        """
        self._scope.require(Rights.READ)
        if size not in SIZES:
            raise InvalidField(field="size", reason=NOT_A_SIZE)
        if entry.content_hash is None or entry.media_type not in MEDIA_TYPES:
            raise NotFound
        wanted = Wanted(self._scope.space_id, entry.content_hash, size)
        found = self._look(entry, wanted)
        if found is None or found is Missing.YET:
            if size_of_content(self._session, self._store, entry.content_hash) is None:
                raise BlobMissing(content_hash=entry.content_hash)
            check_room(self._store.free_bytes())
            # What cannot be written now, nobody waits for; the next request asks again.
            with suppress(StorageFull, StorageFault, Unavailable):
                if found is Missing.YET or self._ask(wanted):
                    self._wake()
                    found = self._wait(entry, wanted)
        return found or Missing.YET

    def _wait(self, entry: Entry, wanted: Wanted) -> Entry | Missing | None:
        """Return what becomes of a thumbnail that is being made, as far as a request waits for it."""
        deadline = time.monotonic() + PATIENCE
        pause = FIRST_LOOK
        found: Entry | Missing | None = Missing.YET
        while found is Missing.YET and time.monotonic() < deadline:
            time.sleep(pause)
            pause = min(2 * pause, LAST_LOOK)
            found = self._look(entry, wanted)
        return found

    def _ask(self, wanted: Wanted) -> bool:
        """Have a thumbnail made by whoever makes them; tells whether that will be, for too many may wait."""
        with publishing(self._session):
            if self._session.get(Thumbnail, wanted) is None:
                if not self._has_room():
                    return False
                now = self._clock()
                self._session.add(Thumbnail(**wanted._asdict(), created_at=now, wanted_at=now))
        return True

    def _has_room(self) -> bool:
        """Tell whether one more may wait; the space for which most wait gives up the last of it for others."""
        waits = Thumbnail.wanted_at.is_not(None)
        counted = select(Thumbnail.space_id, func.count()).where(waits).group_by(Thumbnail.space_id)
        counts = dict(self._session.execute(counted).all())
        if sum(counts.values()) < MOST_WAITING:
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
            execute_counted(self._session, delete(Thumbnail).where(Wanted(*row).is_row))
        return row is not None

    def _look(self, entry: Entry, wanted: Wanted) -> Entry | Missing | None:
        """Return a thumbnail that is there, or why it is not; None of one that nobody has asked for."""
        kept = select(Thumbnail.thumbnail_hash, Thumbnail.wanted_at).where(wanted.is_row)
        row = self._session.execute(kept).first()
        self._session.rollback()
        if row is None:
            return None
        if row.wanted_at is not None:
            return Missing.YET
        thumbnail_hash = row.thumbnail_hash
        if thumbnail_hash is None:
            return Missing.EVER
        size = size_of_content(self._session, self._store, thumbnail_hash)
        if size is None:
            # Of what can be made again, its loss is nobody's.
            self._forget(wanted)
            return None
        return _to_entry(entry, thumbnail_hash, size)

    def _forget(self, wanted: Wanted) -> None:
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
