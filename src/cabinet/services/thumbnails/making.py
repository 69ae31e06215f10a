"""Makes the thumbnails that wait, one after the other, in any process that has time for it.

What waits is a row. Whoever makes it claims that row first, for longer than a picture takes; when
its process dies, the claim lapses and the next one makes it. The spaces take turns: whoever asks for
one picture waits for no more than one of each other space. What somebody looks at comes before
what they scroll past.

Rule: nothing is decoded in this process, and no transaction is open while it is.
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
from cabinet.services.thumbnails.decoder import PATIENCE, Decoder
from cabinet.services.thumbnails.sizes import PREVIEW_SIZE
from cabinet.storage.protocols import BlobStore, Sealed, Staging

# How long a claim holds: longer than any picture is decoded. Two that make the same are no harm.
CLAIM = timedelta(seconds=PATIENCE + 10)

_log = logging.getLogger(__name__)


class Wanted(NamedTuple):
    """What a thumbnail is of, and for whom."""

    space_id: int
    content_hash: str
    size: int

    @property
    def is_row(self) -> ColumnElement[bool]:
        """The condition that a row is that of this thumbnail."""
        return (
            (Thumbnail.space_id == self.space_id)
            & (Thumbnail.content_hash == self.content_hash)
            & (Thumbnail.size == self.size)
        )


class ThumbnailMaker:
    """Makes what waits; one thread of a process at a time."""

    def __init__(
        self, new_session: Callable[[], Session], store: BlobStore, clock: Clock, decoder: Decoder
    ) -> None:
        self._new_session = new_session
        self._store = store
        self._clock = clock
        self._decoder = decoder
        self._lock = threading.Lock()
        # Of the spaces that wait, when it was their turn last, in turns of this process.
        self._turns: dict[int, int] = {}
        self._turn = 0

    def has_work(self) -> bool:
        """Tell whether something waits that nobody makes."""
        with self._new_session() as session:
            return session.scalar(select(exists().where(self._is_free()))) is True

    def make_waiting(self, stop: threading.Event | None = None) -> int:
        """Make all that waits, or go on until `stop` is set, and return how many that were.

        What fails is forgotten, so that the next request asks for it again; raises the last failure.
        """
        count = 0
        failure: Exception | None = None
        with self._lock:
            while not (stop and stop.is_set()) and (wanted := self._claim()) is not None:
                try:
                    self._make(wanted)
                except Exception as error:  # noqa: BLE001 - whatever it is, the next one may be made
                    _log.exception("a thumbnail of %s could not be stored", wanted.content_hash)
                    failure = error
                    self._give_up(wanted)
                count += 1
        if failure is not None:
            raise failure
        return count

    def close(self) -> None:
        """End the decoder's process, unless a thumbnail is being made; the next picture starts another."""
        if self._lock.acquire(blocking=False):
            try:
                self._decoder.close()
            finally:
                self._lock.release()

    def _is_free(self) -> ColumnElement[bool]:
        now = self._clock()
        # A claim that lasts for longer than any may is of before the clock was set back.
        is_claimable = or_(
            Thumbnail.claimed_until.is_(None),
            Thumbnail.claimed_until <= now,
            Thumbnail.claimed_until > now + CLAIM,
        )
        return Thumbnail.wanted_at.is_not(None) & is_claimable

    def _claim(self) -> Wanted | None:
        """Return what is to be made next, claimed for this process; None when nothing waits."""
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

    def _next(self, session: Session) -> Wanted | None:
        is_free = self._is_free()
        waiting = session.scalars(select(Thumbnail.space_id).where(is_free).distinct()).all()
        self._turns = {space_id: self._turns.get(space_id, 0) for space_id in waiting}
        space_id = min(waiting, key=lambda each: (self._turns[each], each), default=None)
        # Of what is looked at the newest, for that is looked at now; of the rest the oldest.
        is_preview = Thumbnail.size == PREVIEW_SIZE
        order = (case((is_preview, Thumbnail.wanted_at)).desc().nulls_last(), Thumbnail.wanted_at)
        key = select(Thumbnail.space_id, Thumbnail.content_hash, Thumbnail.size)
        row = session.execute(
            key.where(Thumbnail.space_id == space_id, is_free).order_by(*order).limit(1)
        ).first()
        session.rollback()
        return None if row is None else Wanted(*row)

    def _make(self, wanted: Wanted) -> None:
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
        self, session: Session, wanted: Wanted, made: Sealed | None = None, staging: Staging | None = None
    ) -> None:
        """Write the row of a thumbnail, None for none, and of its blob, which is published."""
        with publishing(session):
            if made is not None:
                lock_blob(session, made.content_hash)
            row = session.get(Thumbnail, wanted, with_for_update=True)
            if row is None or row.wanted_at is None:
                return  # nobody wants it any more, or another process was as fast and has made the same
            if made is not None:
                made = self._note_blob(session, made)
            row.thumbnail_hash = None if made is None else made.content_hash
            row.created_at = self._clock()
            row.wanted_at = row.claimed_until = None
            session.flush()
            if made is not None and staging is not None:
                self._store.publish([(staging, made)])

    def _note_blob(self, session: Session, made: Sealed) -> Sealed:
        """Have the row of a blob that is to be published, and return what is made under the row's key."""
        blob = session.get(Blob, made.content_hash)
        if blob is None:
            blob = Blob(
                content_hash=made.content_hash, key=made.key, size=made.size, created_at=self._clock()
            )
            session.add(blob)
        blob.released_at = None
        session.flush()
        return replace(made, key=blob.key)

    def _give_up(self, wanted: Wanted) -> None:
        """Forget what could not be made; where that cannot be written, the claim lapses by itself."""
        gone = delete(Thumbnail).where(wanted.is_row, Thumbnail.wanted_at.is_not(None))
        try:
            with self._new_session() as session, writing(session):
                execute_counted(session, gone)
        except (CabinetError, DBAPIError):
            _log.exception("a thumbnail of %s could not be given up", wanted.content_hash)
