"""The rows of one user's uploads: read as they are now, changed by the events of `states.py`.

What is read belongs to no session, so it stays what it was when a transaction ends. Whoever holds the
lock of the upload may rely on it, for only such a one changes the row.

Rule: a row never claims a byte that staging could lose, and what it claims counts in its owner's usage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cabinet.errors import NotFound, QuotaExceeded, UploadGone
from cabinet.models import Upload, UploadKind, User
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import execute_counted, writing
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage import lock_user, use
from cabinet.services.uploads.room import overdraft
from cabinet.services.uploads.states import Event, UploadState, advance, state_of
from cabinet.services.uploads.upload_caps import check_unfinished, forget_ended
from cabinet.services.uploads.values import Plan, target_of


@dataclass(frozen=True, slots=True)
class Owned:
    """An upload, and what its owner takes and may take, as they were read together."""

    row: Upload
    usage: int
    quota: int | None


def end(row: Upload, now: datetime, keep: timedelta) -> None:
    """Let an upload be over, and its row be kept so long for a client that asks again."""
    advance(state_of(row), Event.END)
    row.content_hash, row.ended_at, row.expires_at = None, row.ended_at or now, now + keep


class UploadRows:
    """The rows of the uploads of one user; unfinished ones outlive `keep` only where bytes come."""

    def __init__(self, session: Session, clock: Clock, keep: timedelta, owner_id: int) -> None:
        self._session = session
        self._clock = clock
        self._keep = keep
        self._owner_id = owner_id
        self._tree = Tree(session, owner_id)

    def new(self, upload_id: str, plan: Plan) -> Upload:
        """Return the row of an upload that has no bytes yet, which is in no database."""
        now = self._clock()
        return Upload(
            id=upload_id,
            owner_id=self._owner_id,
            kind=plan.kind,
            length=plan.length,
            offset=0,
            path=plan.target.path,
            on_conflict=plan.target.on_conflict.value,
            modified_at=plan.target.modified_at,
            media_type=plan.target.media_type,
            description=plan.description,
            parts=plan.parts,
            created_at=now,
            expires_at=now + self._keep,
        )

    def add(self, row: Upload, forgotten: Sequence[str]) -> None:
        """Write a new row, and forget those that ended; raises `TooManyUploads`.

        And `NotFound` when the account is deleted.
        """
        with writing(self._session):
            # One at a time, or several would see the same last place free.
            lock_user(self._session, self._owner_id)
            check_unfinished(self._session, self._owner_id, self._clock())
            forget_ended(self._session, forgotten)
            self.insert(row)

    def insert(self, row: Upload) -> None:
        """Write a new row in the caller's transaction."""
        self._session.add(row)
        self._session.flush()
        self._session.expunge(row)

    def read(self, upload_id: str) -> Upload:
        """Return the row as it is now; raises `NotFound`, or `UploadGone` for one that is no more."""
        return self._checked(self._session.get(Upload, upload_id))

    def read_owned(self, upload_id: str) -> Owned:
        """Return the row and its owner's account as they are now; raises as `read` does."""
        wanted = select(Upload, User.usage, User.quota).join(User).where(Upload.id == upload_id)
        found = self._session.execute(wanted).one_or_none()
        row = self._checked(found.Upload if found else None)
        assert found is not None
        return Owned(row, found.usage, found.quota)

    def _checked(self, row: Upload | None) -> Upload:
        if row is None or row.owner_id != self._owner_id:
            raise NotFound
        self._session.expunge(row)
        if state_of(row) is UploadState.GONE:
            raise UploadGone
        return row

    def unfinished(self) -> list[Upload]:
        """Return those that are not finished, the newest first."""
        open_ones = select(Upload).where(
            Upload.owner_id == self._owner_id,
            Upload.ended_at.is_(None),
            Upload.expires_at > self._clock(),
        )
        return list(self._session.scalars(open_ones.order_by(Upload.created_at.desc())))

    def overdraft(self, row: Upload) -> int:
        """Return how many bytes beyond the quota may come for an upload."""
        is_partial = row.kind == UploadKind.PARTIAL
        return overdraft(self._tree, target_of(row), row.length, is_partial=is_partial)

    def record(self, row: Upload, offset: int, length: int | None = None) -> None:
        """Write how many bytes are durable, and that the user has so many more.

        Raises `QuotaExceeded` where others of the user's have taken the room meanwhile; then the
        bytes count as never sent.
        """
        length = row.length if length is None else length
        event = Event.FILL if offset == length else Event.KEEP
        advance(state_of(row), event)
        expires_at = self._clock() + self._keep
        with writing(self._session):
            self._use(row, offset - row.offset)
            self._write(row, offset=offset, length=length, expires_at=expires_at)
        row.offset, row.length, row.expires_at = offset, length, expires_at

    def store(self, row: Upload, path: str, content_hash: str | None, size: int) -> Callable[[], None]:
        """Let an upload be the file at `path`, in the caller's transaction, which counts the bytes.

        Returns what is to be called once that is committed: until then `row` says what it said.
        """
        advance(state_of(row), Event.PUBLISH)
        now = self._clock()
        stored: dict[str, object] = {"path": path, "content_hash": content_hash, "offset": size}
        stored |= {"ended_at": now, "expires_at": now + self._keep}
        self._write(row, **stored)

        def note() -> None:
            for name, value in stored.items():
                setattr(row, name, value)

        return note

    def end(self, row: Upload) -> None:
        """Let an upload be over and give back what it held, in the caller's transaction."""
        held = 0 if row.ended_at is not None else row.offset
        use(self._session, self._owner_id, -held)
        end(row, self._clock(), self._keep)
        self._write(row, content_hash=None, ended_at=row.ended_at, expires_at=row.expires_at)

    def _use(self, row: Upload, size: int) -> None:
        try:
            use(self._session, self._owner_id, size)
        except QuotaExceeded:
            # Or the account is gone, and this upload with it.
            self.read(row.id)
            allowed = self.overdraft(row)
            if not allowed:
                raise
            use(self._session, self._owner_id, size, overdraft=allowed)

    def _write(self, row: Upload, **values: object) -> None:
        changed = update(Upload).where(Upload.id == row.id).values(values)
        if not execute_counted(self._session, changed):
            raise NotFound
