"""Generate requested thumbnails, one at a time, in any process that runs jobs.

A request is a row. A process first claims the row, for longer than decoding takes; if the process
dies, the claim expires and another one makes the thumbnail. Spaces take turns, so that a request waits
for at most one thumbnail of each other space. Previews come before list thumbnails.

Rule: this process decodes nothing, and no transaction is open during decoding.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, case, delete, exists, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cabinet.errors import CabinetError
from cabinet.models import Blob, Thumbnail
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.contents import open_content
from cabinet.services.kernel.database import execute_counted, lock_blob, publishing, writing
from cabinet.services.thumbnails.decoder import TIMEOUT, Decoder
from cabinet.services.thumbnails.sizes import PREVIEW_SIZE
from cabinet.storage.protocols import BlobStore, Sealed, Staging

# How long a claim lasts: longer than decoding may take. Making a thumbnail twice is harmless.
CLAIM = timedelta(seconds=TIMEOUT + 10)

_log = logging.getLogger(__name__)


class ThumbnailKey(NamedTuple):
    """The key of a thumbnail: space, content and size in pixels."""

    space_id: int
    content_hash: str
    size: int

    @property
    def is_row(self) -> ColumnElement[bool]:
        """The condition that selects the row of this thumbnail."""
        return (
            (Thumbnail.space_id == self.space_id)
            & (Thumbnail.content_hash == self.content_hash)
            & (Thumbnail.size == self.size)
        )


class ThumbnailMaker:
    """Generates requested thumbnails, in one thread of a process at a time."""

    def __init__(
        self, new_session: Callable[[], Session], store: BlobStore, clock: Clock, decoder: Decoder
    ) -> None:
        self._new_session = new_session
        self._store = store
        self._clock = clock
        self._decoder = decoder
        self._lock = threading.Lock()
        # The last turn of each waiting space, as a number of this process.
        self._turns: dict[int, int] = {}
        self._turn = 0

    def has_work(self) -> bool:
        """Return whether there are unclaimed requests."""
        with self._new_session() as session:
            return session.scalar(select(exists().where(self._is_free()))) is True

    def make_waiting(self, stop: threading.Event | None = None) -> int:
        """Generate requested thumbnails until there are none or `stop` is set; return their number.

        Failed requests are deleted, so that the client's next request adds them again; raises the last
        error at the end.
        """
        count = 0
        failure: Exception | None = None
        with self._lock:
            while not (stop and stop.is_set()) and (wanted := self._claim()) is not None:
                try:
                    self._make(wanted)
                except Exception as error:  # noqa: BLE001 - the next thumbnail may succeed
                    _log.exception("cannot store a thumbnail of %s", wanted.content_hash)
                    failure = error
                    self._delete_request(wanted)
                count += 1
        if failure is not None:
            raise failure
        return count

    def close(self) -> None:
        """End the decoder's process, unless it is in use; the next image starts another."""
        if self._lock.acquire(blocking=False):
            try:
                self._decoder.close()
            finally:
                self._lock.release()

    def _is_free(self) -> ColumnElement[bool]:
        now = self._clock()
        # A claim far in the future is from before the clock was set back.
        is_claimable = or_(
            Thumbnail.claimed_until.is_(None),
            Thumbnail.claimed_until <= now,
            Thumbnail.claimed_until > now + CLAIM,
        )
        return Thumbnail.wanted_at.is_not(None) & is_claimable

    def _claim(self) -> ThumbnailKey | None:
        """Claim the next request and return it; None when there is none."""
        with self._new_session() as session:
            while (wanted := self._next(session)) is not None:
                claimed = update(Thumbnail).where(wanted.is_row, self._is_free())
                with writing(session):
                    is_mine = execute_counted(session, claimed.values(claimed_until=self._clock() + CLAIM))
                if is_mine:
                    self._turn += 1
                    self._turns[wanted.space_id] = self._turn
                    return wanted
        return None

    def _next(self, session: Session) -> ThumbnailKey | None:
        is_free = self._is_free()
        waiting = session.scalars(select(Thumbnail.space_id).where(is_free).distinct()).all()
        self._turns = {space_id: self._turns.get(space_id, 0) for space_id in waiting}
        space_id = min(waiting, key=lambda each: (self._turns[each], each), default=None)
        # The newest preview first, because it is being viewed now; otherwise the oldest request.
        is_preview = Thumbnail.size == PREVIEW_SIZE
        order = (case((is_preview, Thumbnail.wanted_at)).desc().nulls_last(), Thumbnail.wanted_at)
        key = select(Thumbnail.space_id, Thumbnail.content_hash, Thumbnail.size)
        row = session.execute(
            key.where(Thumbnail.space_id == space_id, is_free).order_by(*order).limit(1)
        ).first()
        session.rollback()
        return None if row is None else ThumbnailKey(*row)

    def _make(self, wanted: ThumbnailKey) -> None:
        with self._new_session() as session:
            with open_content(session, self._store, wanted.content_hash) as stream:
                made = self._decoder.make(stream, wanted.size)
            if made is None:
                self._record(session, wanted)
                return
            with self._store.begin(len(made)) as staging:
                staging.append([made])
                self._record(session, wanted, staging.finish(), staging)

    def _record(
        self,
        session: Session,
        wanted: ThumbnailKey,
        made: Sealed | None = None,
        staging: Staging | None = None,
    ) -> None:
        """Publish a thumbnail and write its rows; None records that it cannot be made."""
        with publishing(session):
            if made is not None:
                lock_blob(session, made.content_hash)
            row = session.get(Thumbnail, wanted, with_for_update=True)
            if row is None or row.wanted_at is None:
                return  # the request is gone, or another process has made the same thumbnail
            if made is not None:
                made = self._note_blob(session, made)
            row.thumbnail_hash = None if made is None else made.content_hash
            row.created_at = self._clock()
            row.wanted_at = row.claimed_until = None
            session.flush()
            if made is not None and staging is not None:
                self._store.publish([(staging, made)])

    def _note_blob(self, session: Session, made: Sealed) -> Sealed:
        """Create or update the row of the blob to publish, and return `made` with the row's key."""
        blob = session.get(Blob, made.content_hash)
        if blob is None:
            blob = Blob(
                content_hash=made.content_hash, key=made.key, size=made.size, created_at=self._clock()
            )
            session.add(blob)
        blob.released_at = None
        session.flush()
        return replace(made, key=blob.key)

    def _delete_request(self, wanted: ThumbnailKey) -> None:
        """Delete a failed request; if that cannot be written, the claim expires."""
        gone = delete(Thumbnail).where(wanted.is_row, Thumbnail.wanted_at.is_not(None))
        try:
            with self._new_session() as session, writing(session):
                execute_counted(session, gone)
        except (CabinetError, DBAPIError):
            _log.exception("cannot delete the request for a thumbnail of %s", wanted.content_hash)
