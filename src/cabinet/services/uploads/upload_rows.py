"""The rows of the uploads of one actor to one scope: read as they are now, changed by the events of `states.py`.

What is read belongs to no session, so it stays what it was when a transaction ends. Whoever holds the
lock of the upload may rely on it, for only such a one changes the row.

Rule: a row never claims a byte that staging could lose, and what it claims counts in the usage of its space.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cabinet.errors import FolderFull, NotFound, QuotaExceeded, UploadGone
from cabinet.models import Space, Upload, UploadKind
from cabinet.services.access.scope import Scope
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import execute_counted, writing
from cabinet.services.tree.roots import begun_in, root_id_of
from cabinet.services.tree.space_lock import lock_space
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage import use
from cabinet.services.uploads.room import overdraft
from cabinet.services.uploads.states import Event, UploadState, advance, state_of
from cabinet.services.uploads.upload_caps import check_unfinished, forget_ended
from cabinet.services.uploads.values import Plan, target_of


@dataclass(frozen=True, slots=True)
class Owned:
    """An upload, and the usage and the quota of its space, as they were read together."""

    row: Upload
    usage: int
    quota: int | None


def end(row: Upload, now: datetime, keep: timedelta) -> None:
    """Let an upload be over, and its row be kept so long for a client that asks again."""
    advance(state_of(row), Event.END)
    row.content_hash, row.ended_at, row.expires_at = None, row.ended_at or now, now + keep


class UploadRows:
    """The rows of the uploads of one actor to one scope; unfinished ones outlive `keep` only where bytes come."""

    def __init__(self, session: Session, clock: Clock, keep: timedelta, scope: Scope) -> None:
        self._session = session
        self._clock = clock
        self._keep = keep
        self._scope = scope
        self._tree = Tree(session, scope)
        self._mine = begun_in(Upload, scope)

    def of(self, scope: Scope) -> UploadRows:
        """Return the rows of the uploads to another scope."""
        return UploadRows(self._session, self._clock, self._keep, scope)

    def new(self, upload_id: str, plan: Plan) -> Upload:
        """Return the row of an upload that has no bytes yet, which is in no database."""
        now = self._clock()
        return Upload(
            id=upload_id,
            space_id=self._scope.space_id,
            root_id=root_id_of(self._scope),
            user_id=self._scope.actor.user_id,
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

        And `NotFound` when the space has ended.
        """
        with writing(self._session):
            # One at a time, or several would see the same last place free.
            lock_space(self._session, self._scope.space_id)
            check_unfinished(self._session, self._scope.space_id, self._clock())
            forget_ended(self._session, forgotten)
            self.insert(row)

    def insert(self, row: Upload) -> None:
        """Write a new row in the caller's transaction."""
        self._session.add(row)
        self._session.flush()
        self._session.expunge(row)

    def read(self, upload_id: str) -> Upload:
        """Return the row as it is now; raises `NotFound`, or `UploadGone` for one that is no more."""
        return self._checked(self._session.scalar(select(Upload).where(Upload.id == upload_id, *self._mine)))

    def read_owned(self, upload_id: str) -> Owned:
        """Return the row and its space as they are now; raises as `read` does."""
        wanted = select(Upload, Space.usage, Space.quota).join(Space, Space.id == Upload.space_id)
        found = self._session.execute(wanted.where(Upload.id == upload_id, *self._mine)).one_or_none()
        row = self._checked(found.Upload if found else None)
        assert found is not None
        return Owned(row, found.usage, found.quota)

    def _checked(self, row: Upload | None) -> Upload:
        if row is None:
            raise NotFound
        self._session.expunge(row)
        if state_of(row) is UploadState.GONE:
            raise UploadGone
        return row

    def unfinished(self) -> list[Upload]:
        """Return those that are not finished, the newest first."""
        open_ones = select(Upload).where(
            *self._mine, Upload.ended_at.is_(None), Upload.expires_at > self._clock()
        )
        return list(self._session.scalars(open_ones.order_by(Upload.created_at.desc())))

    def unfinished_roots(self) -> set[int | None]:
        """Return the folders at which scopes begin, any of the actor's, in which some are not finished."""
        roots = select(Upload.root_id).where(Upload.user_id == self._scope.actor.user_id)
        return set(self._session.scalars(roots.where(Upload.ended_at.is_(None)).distinct()))

    def overdraft(self, row: Upload) -> int:
        """Return how many bytes beyond the quota may come for an upload."""
        is_partial = row.kind == UploadKind.PARTIAL
        return overdraft(self._tree, target_of(row), row.length, is_partial=is_partial)

    def record(self, row: Upload, offset: int, length: int | None = None) -> None:
        """Write how many bytes are durable, and that the space has so many more.

        Raises `QuotaExceeded` or `FolderFull` where others have taken the room meanwhile; then the
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
        use(self._session, self._scope, -held)
        end(row, self._clock(), self._keep)
        self._write(row, content_hash=None, ended_at=row.ended_at, expires_at=row.expires_at)

    def _use(self, row: Upload, size: int) -> None:
        try:
            use(self._session, self._scope, size)
        except (QuotaExceeded, FolderFull):
            # Or the space is gone, and this upload with it.
            self.read(row.id)
            allowed = self.overdraft(row)
            if not allowed:
                raise
            use(self._session, self._scope, size, overdraft=allowed)

    def _write(self, row: Upload, **values: object) -> None:
        changed = update(Upload).where(Upload.id == row.id).values(values)
        if not execute_counted(self._session, changed):
            raise NotFound
