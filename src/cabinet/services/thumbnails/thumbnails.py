"""Thumbnails of one user's pictures: made when first asked for, kept as blobs.

A request leaves the work to a thread of its own, of which a process has one, and waits for it a
moment; whoever is too early is told to come again. Each owner's are made anew, once a content,
though their bytes are stored once: so no answer comes sooner because somebody else has the content.

Rule: nothing is decoded in a request nor in this process, and no transaction is open while it is.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import NamedTuple

from sqlalchemy import delete
from sqlalchemy.orm import Session

from cabinet.errors import N_, BlobMissing, InvalidField, NotFound
from cabinet.models import Blob, Thumbnail
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.contents import open_content, size_of_content
from cabinet.services.kernel.database import execute_counted, lock_blob, publishing, writing
from cabinet.services.thumbnails.decoder import MEDIA_TYPES, Decoder
from cabinet.services.thumbnails.sizes import PREVIEW_SIZE, SIZES
from cabinet.services.tree.entries import Entry
from cabinet.storage.protocols import BlobStore, Sealed, Staging
from cabinet.storage.reserve import check_room

NOT_A_SIZE = N_("it is none of 64, 256 and 1600.")

# Counts what has changed the looks of thumbnails. It is a part of their addresses, for whoever has one may
# keep it for ever; what is kept here is forgotten by a migration.
EDITION = 2

# Seconds that a request waits: most pictures take less, and nobody wants to ask twice.
PATIENCE = 0.5

# Thumbnails that may wait to be made by one process; a page of a folder has 200 entries.
MOST_WAITING = 400

# Seconds that the thread and its decoder outlast the last picture, for a page asks for a few at a time.
IDLE_SECONDS = 10.0

THUMBNAIL_TYPE = "image/webp"

_log = logging.getLogger(__name__)


class Missing(Enum):
    """Why there is no thumbnail: it is being made, or none can be made."""

    YET = "yet"
    EVER = "ever"


class Wanted(NamedTuple):
    """What a thumbnail is of, and for whom."""

    owner_id: int
    content_hash: str
    size: int


class ThumbnailMaker:
    """Makes thumbnails one after the other, on a thread that ends when there is nothing to do for long.

    The users take turns: whoever asks for one picture waits for no more than one of each other user's.
    What somebody looks at comes before what they scroll past.
    """

    def __init__(
        self, new_session: Callable[[], Session], store: BlobStore, clock: Clock, decoder: Decoder
    ) -> None:
        self._new_session = new_session
        self._store = store
        self._clock = clock
        self._decoder = decoder
        self._changed = threading.Condition()
        # Of each owner who waits; whose turn it is comes first.
        self._queues: dict[int, deque[Wanted]] = {}
        self._done: dict[Wanted, threading.Event] = {}
        self._is_working = False

    def ask(self, wanted: Wanted) -> threading.Event | None:
        """Have a thumbnail made; returns what tells when that has ended, None when too many wait."""
        with self._changed:
            if wanted in self._done:
                return self._done[wanted]
            if len(self._done) >= MOST_WAITING and not self._make_room_for(wanted.owner_id):
                return None
            done = self._done[wanted] = threading.Event()
            queue = self._queues.setdefault(wanted.owner_id, deque())
            if wanted.size == PREVIEW_SIZE:
                queue.appendleft(wanted)
            else:
                queue.append(wanted)
            if not self._is_working:
                self._is_working = True
                threading.Thread(target=self._work, name="thumbnails", daemon=True).start()
            self._changed.notify()
            return done

    def _make_room_for(self, owner_id: int) -> bool:
        """Give up the last of what somebody wants who waits for more than this owner would."""
        most = max(self._queues.values(), key=len, default=deque())
        if len(most) <= len(self._queues.get(owner_id, ())) + 1:
            return False
        self._done.pop(most.pop()).set()
        return True

    def _work(self) -> None:
        while (wanted := self._next()) is not None:
            try:
                self._make(wanted)
            except Exception:  # noqa: BLE001 - the thread goes on, and the next request tries again
                _log.exception("a thumbnail of %s could not be stored", wanted.content_hash)
            with self._changed:
                self._done.pop(wanted).set()

    def _next(self) -> Wanted | None:
        """Return what is to be made next; None when nothing has been for long, then the thread ends."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._queues, IDLE_SECONDS):
                # Nobody asks meanwhile, so that the next thread finds the decoder at rest.
                self._decoder.close()
                self._is_working = False
                return None
            owner_id = next(iter(self._queues))
            queue = self._queues.pop(owner_id)
            wanted = queue.popleft()
            if queue:
                self._queues[owner_id] = queue
            return wanted

    def _make(self, wanted: Wanted) -> None:
        with self._new_session() as session:
            if session.get(Thumbnail, wanted) is not None:
                return
            with open_content(session, self._store, wanted.content_hash) as stream:
                made = self._decoder.make(stream, wanted.size)
            if made is None:
                self._record(session, wanted)
                return
            with self._store.begin(len(made)) as staging:
                staging.append([made])
                self._record(session, wanted, staging.finish(), staging)

    def _record(
        self, session: Session, wanted: Wanted, made: Sealed | None = None, staging: Staging | None = None
    ) -> None:
        """Write the row of a thumbnail, None for none, and of its blob, which is published."""
        with publishing(session):
            if made is not None:
                made = self._note_blob(session, made)
            # Another process may have been as fast, and has made the same.
            if session.get(Thumbnail, wanted) is None:
                thumbnail_hash = made.content_hash if made else None
                session.add(
                    Thumbnail(**wanted._asdict(), thumbnail_hash=thumbnail_hash, created_at=self._clock())
                )
                session.flush()
            if made is not None and staging is not None:
                self._store.publish([(staging, made)])

    def _note_blob(self, session: Session, made: Sealed) -> Sealed:
        """Lock a blob that is to be published, have its row, and return what is made under the row's key."""
        lock_blob(session, made.content_hash)
        blob = session.get(Blob, made.content_hash)
        if blob is None:
            blob = Blob(
                content_hash=made.content_hash, key=made.key, size=made.size, created_at=self._clock()
            )
            session.add(blob)
        blob.released_at = None
        session.flush()
        return replace(made, key=blob.key)


class Thumbnails:
    """The thumbnails of one user's files."""

    def __init__(self, session: Session, store: BlobStore, maker: ThumbnailMaker, owner_id: int) -> None:
        self._session = session
        self._store = store
        self._maker = maker
        self._owner_id = owner_id

    def find(self, entry: Entry, size: int) -> Entry | Missing:
        """Return the thumbnail of a file of this user's as an entry, or why there is none.

        Raises `InvalidField`, `BlobMissing`, `NotFound` for what is called no picture, and `StorageFull`
        where it has no room.
        """
        if size not in SIZES:
            raise InvalidField(field="size", reason=NOT_A_SIZE)
        if entry.content_hash is None or entry.media_type not in MEDIA_TYPES:
            raise NotFound
        wanted = Wanted(self._owner_id, entry.content_hash, size)
        found = self._look(entry, wanted)
        if found is Missing.YET:
            if size_of_content(self._session, self._store, entry.content_hash) is None:
                raise BlobMissing(content_hash=entry.content_hash)
            check_room(self._store.free_bytes())
            done = self._maker.ask(wanted)
            if done is not None and done.wait(PATIENCE):
                found = self._look(entry, wanted)
        return found

    def _look(self, entry: Entry, wanted: Wanted) -> Entry | Missing:
        """Return a thumbnail that is there, or whether it has yet to be made."""
        row = self._session.get(Thumbnail, wanted)
        thumbnail_hash = row.thumbnail_hash if row else None
        self._session.rollback()
        if row is None:
            return Missing.YET
        if thumbnail_hash is None:
            return Missing.EVER
        size = size_of_content(self._session, self._store, thumbnail_hash)
        if size is None:
            # Of what can be made again, its loss is nobody's.
            self._forget(wanted)
            return Missing.YET
        return _to_entry(entry, thumbnail_hash, size)

    def _forget(self, wanted: Wanted) -> None:
        gone = delete(Thumbnail).where(
            *(getattr(Thumbnail, field) == value for field, value in wanted._asdict().items())
        )
        with writing(self._session):
            execute_counted(self._session, gone)


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
