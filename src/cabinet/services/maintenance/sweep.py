"""The sweep: removes old trash, expired uploads, unreferenced content and leftovers.

Requests never remove a blob. The sweep first marks unreferenced blobs, and removes one only after it
stayed unreferenced for a grace period, under the lock that a publisher of the same content takes: so
either the publisher finds the file, or the sweep finds the new version.

Rule: check, unlink, delete the row, commit; in this order, and all of it under the lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from cabinet.errors import NotFound
from cabinet.models import Blob, Node, Upload
from cabinet.services.access.scope import whole_space
from cabinet.services.accounts.login_flows import LoginFlows
from cabinet.services.accounts.login_throttle import LoginThrottle
from cabinet.services.accounts.sessions import Sessions
from cabinet.services.changes.purging import Purging
from cabinet.services.changes.recovery import Recovery
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import lock_blob, writing
from cabinet.services.kernel.interruption import check_interrupted
from cabinet.services.maintenance.blob_references import (
    REFERENCED,
    delete_orphaned_thumbnails,
    mark_unreferenced,
)
from cabinet.services.shares.delivery import settle
from cabinet.services.shares.ending import delete_ended
from cabinet.services.tree.removal import Removal
from cabinet.services.tree.usage import add_usage
from cabinet.services.uploads.states import UploadState, state_of
from cabinet.services.uploads.upload_rows import end
from cabinet.services.uploads.values import lock_name
from cabinet.storage.file_locks import LockTaken
from cabinet.storage.protocols import BLOBS_LOCK, ContentNamed, Locker, ResumableStore

# Rows and files per batch.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Retention:
    """How long to keep trash, unreferenced blobs, abandoned staged bytes, and rows of ended uploads."""

    trash: timedelta
    unneeded: timedelta
    staged: timedelta
    ended: timedelta


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What a sweep removed; `freed` is in bytes."""

    purged: int
    blobs: int
    freed: int
    staged: int
    expired: int


class Housekeeping:
    """Removes data that is no longer needed; safe beside a running server and concurrently with itself."""

    def __init__(
        self, session: Session, store: ResumableStore, locker: Locker, clock: Clock, keep: Retention
    ) -> None:
        self._session = session
        self._store = store
        self._locker = locker
        self._clock = clock
        self._keep = keep

    def sweep(self) -> SweepResult:
        """Run the sweep once, and return what was removed."""
        now = self._clock()
        Sessions(self._session, self._clock).delete_expired()
        LoginThrottle(self._session, self._clock).delete_expired()
        LoginFlows(self._session, self._clock).delete_expired()
        self.recover()
        self.remove_hidden()
        purged = self._purge_trash(now - self._keep.trash)
        expired = len(self.expire_uploads())
        settle(self._session, self._clock)
        delete_ended(self._session, self._clock)
        delete_orphaned_thumbnails(self._session)
        removed = list(self._remove_blobs(now))
        staged = self._discard_staged(now - self._keep.staged)
        self._locker.remove_stale()
        return SweepResult(purged, len(removed), sum(removed), staged, expired)

    def recover(self) -> int:
        """Roll back or finish changes that a process left incomplete, and return their number."""
        return Recovery(self._session, self._clock).recover()

    def needs_recovery(self) -> bool:
        """Return whether `recover` has work to do; a cheap check."""
        return Recovery(self._session, self._clock).has_work()

    def remove_hidden(self) -> int:
        """Remove the rows of purged nodes and deleted accounts, and return the number of files and folders."""
        return Removal(self._session).run()

    def has_hidden(self) -> bool:
        """Return whether `remove_hidden` has work to do; a cheap check."""
        return Removal(self._session).has_work()

    def expire_uploads(self) -> list[str]:
        """End expired uploads, and return their ids.

        An upload that is being written to is kept until it expires again. Rows of uploads that ended
        long ago are deleted.
        """
        old = self._session.scalars(select(Upload.id).where(Upload.expires_at <= self._clock())).all()
        return [upload_id for upload_id in old if self._expire(upload_id)]

    def _expire(self, upload_id: str) -> bool:
        self._session.rollback()
        check_interrupted(self._session)
        with ExitStack() as held:
            try:
                held.enter_context(self._locker.hold(lock_name(upload_id), timeout=0))
            except LockTaken:
                return False
            with writing(self._session):
                row = self._session.get(Upload, upload_id)
                if row is None or row.expires_at > self._clock():
                    return False
                state = state_of(row)
                if state is UploadState.GONE:
                    self._session.delete(row)
                    return False
                if state is not UploadState.STORED:
                    scope = replace(whole_space(row.space_id), share_id=row.share_id)
                    add_usage(self._session, scope, -row.offset)
                # Requests for it get `UploadGone` for as long as an unfinished upload is kept; after
                # that the row is deleted. The same applies to a stored upload.
                end(row, self._clock(), self._keep.ended)
                if state is UploadState.STORED:
                    return False
            self._store.discard(upload_id)
        return True

    def _purge_trash(self, before: datetime) -> int:
        """Purge what was moved to the trash before a time, and return the number of items."""
        old = select(Node.space_id).where(Node.trashed_at <= before, Node.trash_id.is_not(None)).distinct()
        purged = 0
        for space_id in self._session.scalars(old).all():
            with suppress(NotFound):  # the space was deleted meanwhile
                purged += Purging(self._session, self._clock, whole_space(space_id)).empty(before)
        self.remove_hidden()
        return purged

    def _remove_blobs(self, now: datetime) -> Iterator[int]:
        """Remove unreferenced blobs, unless a backup is running; yield their sizes."""
        # In a store with one key per upload, a blob exists before its row does.
        unknown = self._keep.unneeded if isinstance(self._store, ContentNamed) else self._keep.staged
        with suppress(LockTaken), self._locker.hold(BLOBS_LOCK, timeout=0):
            yield from self._remove_unneeded(now)
            yield from self._remove_unknown(now - unknown)

    def _remove_unneeded(self, now: datetime) -> Iterator[int]:
        """Mark unreferenced blobs, remove those marked before the grace period, and yield their sizes."""
        mark_unreferenced(self._session, now)
        before = now - self._keep.unneeded
        old = self._session.scalars(select(Blob.content_hash).where(Blob.released_at <= before)).all()
        for content_hash in old:
            check_interrupted(self._session)
            with writing(self._session):
                lock_blob(self._session, content_hash)
                blob = self._session.get(Blob, content_hash)
                if blob is None or blob.released_at is None or blob.released_at > before:
                    continue
                if self._is_needed(content_hash):
                    blob.released_at = None
                    continue
                self._store.remove(blob.key)
                self._session.execute(delete(Blob).where(Blob.content_hash == content_hash))
                size = blob.size
            yield size

    def _remove_unknown(self, before: datetime) -> Iterator[int]:
        """Remove blobs without a row, whose publisher died, and yield their sizes."""
        stored = self._store.iter_blobs()
        while batch := list(islice(stored, _BATCH)):
            check_interrupted(self._session)
            keys = [found.key for found in batch]
            known = set(self._session.scalars(select(Blob.key).where(Blob.key.in_(keys))))
            for found in batch:
                if found.key in known or found.changed_at > before:
                    continue
                with writing(self._session):
                    # The lock of the content if keys are content hashes; otherwise the key is used only once.
                    lock_blob(self._session, found.key)
                    if self._session.scalar(select(Blob.key).where(Blob.key == found.key)) is not None:
                        continue
                    self._store.remove(found.key)
                yield found.size
        self._session.rollback()

    def _discard_staged(self, before: datetime) -> int:
        # Every write updates the time of a staged upload, so a slow one is safe.
        left_behind = [found.key for found in self._store.iter_staged() if found.changed_at <= before]
        discarded = 0
        for start in range(0, len(left_behind), _BATCH):
            check_interrupted(self._session)
            batch = left_behind[start : start + _BATCH]
            of_rows = select(Upload.id).where(Upload.id.in_(batch), Upload.ended_at.is_(None))
            for staging_id in set(batch).difference(self._session.scalars(of_rows)):
                self._store.discard(staging_id)
                discarded += 1
        self._session.rollback()
        return discarded

    def _is_needed(self, content_hash: str) -> bool:
        wanted = select(Blob.content_hash).where(Blob.content_hash == content_hash, REFERENCED)
        return self._session.scalar(wanted) is not None
