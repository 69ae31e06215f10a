"""The rows of the uploads of one actor to one scope, read fresh and changed by the events of `states.py`.

Rows are detached from the session, so they stay the same when a transaction ends. The holder of an upload's
lock may rely on them, because only a holder changes the row.

Rule: a row never claims a byte that staging could lose, and its bytes count in the usage of its space.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Select, Update, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from cabinet.errors import FolderFull, NotFound, QuotaExceeded, UploadGone
from cabinet.models import Base, Space, Upload, UploadKind
from cabinet.services.access.scope import Scope
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import execute, execute_counted, writing
from cabinet.services.tree.grants import check_grant
from cabinet.services.tree.roots import begun_in, begun_in_any, bound_to, root_of
from cabinet.services.tree.space_lock import lock_space
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage import add_usage, usage_of
from cabinet.services.uploads.guest_uploads import check_network, expiry_of
from cabinet.services.uploads.room import overdraft
from cabinet.services.uploads.states import UploadEvent, UploadState, advance, state_of
from cabinet.services.uploads.upload_caps import check_unfinished, forget_ended
from cabinet.services.uploads.values import Plan, target_of

_TABLE = Base.metadata.tables["upload"]
_COLUMNS = [column.name for column in _TABLE.c if column.name != "root_id"]
# The root of a whole space is looked up.
_SPACE_ID, _ROOT_ID = bindparam("its_space", type_=BigInteger), bindparam("its_root", type_=BigInteger)
_INSERT = insert(_TABLE).values(root_id=func.coalesce(_ROOT_ID, root_of(_SPACE_ID).scalar_subquery()))


@dataclass(frozen=True, slots=True)
class Owned:
    """An upload with the usage and quota of its space, read together."""

    row: Upload
    usage: int
    quota: int | None


def end(row: Upload, now: datetime, keep: timedelta) -> None:
    """End an upload; its row is kept for `keep`, for a client that asks again."""
    advance(state_of(row), UploadEvent.END)
    row.content_hash, row.ended_at, row.expires_at = None, row.ended_at or now, now + keep


class UploadRows:
    """The rows of the uploads of one actor to one scope; each expires `keep` after its last change."""

    def __init__(self, session: Session, clock: Clock, keep: timedelta, scope: Scope) -> None:
        self._session = session
        self._clock = clock
        self._keep = keep
        self._scope = scope
        self._tree = Tree(session, scope)
        self._read, self._read_owned = _reading(
            is_whole=scope.is_whole, is_guest=scope.actor.is_guest, is_link=scope.share_id is not None
        )
        self._asked = bound_to(scope)

    def of(self, scope: Scope) -> UploadRows:
        """Return the rows of the uploads to another scope."""
        return UploadRows(self._session, self._clock, self._keep, scope)

    def new(self, upload_id: str, plan: Plan) -> Upload:
        """Return a new row without bytes; it is not stored yet, and its root not known in a whole space."""
        now = self._clock()
        return Upload(
            id=upload_id,
            space_id=self._scope.space_id,
            root_id=self._scope.root_id,
            user_id=self._scope.actor.user_id,
            share_id=self._scope.share_id,
            network=plan.network,
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
            expires_at=self._expiry(now, now),
        )

    def _expiry(self, created_at: datetime, now: datetime) -> datetime:
        """Return when an upload expires after its last change now."""
        return now + self._keep if self._scope.share_id is None else expiry_of(created_at, now)

    def add(self, row: Upload, forgotten: Sequence[str]) -> None:
        """Store a new row and delete these ended ones; raises `TooManyUploads`.

        Raises `NotFound` if the space was deleted, what `check_grant` does, and for guests `FolderFull`.
        """
        with writing(self._session):
            # Under the lock, because several requests could take the same last place.
            lock_space(self._session, self._scope.space_id)
            check_grant(self._session, self._scope)
            check_unfinished(self._session, self._scope, self._clock())
            if row.share_id is not None:
                check_network(self._session, row.network, self._clock())
            forget_ended(self._session, forgotten)
            self.insert(row)

    def insert(self, row: Upload) -> None:
        """Store a new row in the caller's transaction."""
        values = {name: getattr(row, name) for name in _COLUMNS}
        execute(self._session, _INSERT, values | {"its_space": row.space_id, "its_root": row.root_id})

    def read(self, upload_id: str) -> Upload:
        """Return the current row; raises `NotFound`, or `UploadGone` if the upload is gone."""
        return self._checked(self._session.scalar(self._read, {"its_id": upload_id, **self._asked}))

    def read_owned(self, upload_id: str) -> Owned:
        """Return the current row with values of its space; raises as `read` does."""
        found = self._session.execute(self._read_owned, {"its_id": upload_id, **self._asked}).one_or_none()
        row = self._checked(found.Upload if found else None)
        assert found is not None
        if self._scope.share_id is None:
            return Owned(row, found.usage, found.quota)
        used, _entries, quota = usage_of(self._session, self._scope)
        return Owned(row, used, quota)

    def _checked(self, row: Upload | None) -> Upload:
        if row is None:
            raise NotFound
        self._session.expunge(row)
        if state_of(row) is UploadState.GONE:
            raise UploadGone
        return row

    def unfinished(self) -> list[Upload]:
        """Return the unfinished uploads, newest first."""
        open_ones = select(Upload).where(
            *begun_in(Upload, self._scope), Upload.ended_at.is_(None), Upload.expires_at > self._clock()
        )
        return list(self._session.scalars(open_ones.order_by(Upload.created_at.desc())))

    def unfinished_roots(self) -> set[int | None]:
        """Return the root ids of all scopes in which the actor has unfinished uploads."""
        roots = select(Upload.root_id).where(Upload.user_id == self._scope.actor.user_id)
        return set(self._session.scalars(roots.where(Upload.ended_at.is_(None)).distinct()))

    def overdraft(self, row: Upload) -> int:
        """Return by how many bytes an upload may exceed the quota."""
        is_partial = row.kind == UploadKind.PARTIAL
        return overdraft(self._tree, target_of(row), row.length, is_partial=is_partial)

    def record(self, row: Upload, offset: int, length: int | None = None) -> None:
        """Record how many bytes are durable, and add the new ones to the usage of the space.

        Raises `QuotaExceeded` or `FolderFull` if others have used the space meanwhile; then the bytes count
        as never received.
        """
        length = row.length if length is None else length
        event = UploadEvent.FILL if offset == length else UploadEvent.KEEP
        advance(state_of(row), event)
        expires_at = self._expiry(row.created_at, self._clock())
        with writing(self._session):
            self._use(row, offset - row.offset)
            self._write(row, offset=offset, length=length, expires_at=expires_at)
        row.offset, row.length, row.expires_at = offset, length, expires_at

    def store(self, row: Upload, path: str, content_hash: str | None, size: int) -> Callable[[], None]:
        """Record in the caller's transaction, which counts the bytes, that an upload became this file.

        Returns a function to call after the commit: until then `row` keeps its values.
        """
        advance(state_of(row), UploadEvent.PUBLISH)
        now = self._clock()
        stored: dict[str, object] = {"path": path, "content_hash": content_hash, "offset": size}
        stored |= {"ended_at": now, "expires_at": now + self._keep}
        self._write(row, **stored)

        def note() -> None:
            for name, value in stored.items():
                setattr(row, name, value)

        return note

    def end(self, row: Upload) -> None:
        """End an upload and release its bytes, in the caller's transaction."""
        held = 0 if row.ended_at is not None else row.offset
        add_usage(self._session, self._scope, -held)
        end(row, self._clock(), self._keep)
        self._write(row, content_hash=None, ended_at=row.ended_at, expires_at=row.expires_at)

    def _use(self, row: Upload, size: int) -> None:
        try:
            add_usage(self._session, self._scope, size)
        except (QuotaExceeded, FolderFull):
            # Raises if the space is deleted, and this upload with it.
            self.read(row.id)
            allowed = self.overdraft(row)
            if not allowed:
                raise
            add_usage(self._session, self._scope, size, overdraft=allowed)

    def _write(self, row: Upload, **values: object) -> None:
        changed = _update(tuple(values))
        if not execute_counted(self._session, changed, {"its_id": row.id, **_bound(values)}):
            raise NotFound


@cache
def _reading(
    *, is_whole: bool, is_guest: bool, is_link: bool
) -> tuple[Select[Upload], Select[Upload, int, int | None]]:
    """Return the queries of `read` and `read_owned` for a kind of scope and of actor."""
    is_it = Upload.id == bindparam("its_id")
    mine = (is_it, *begun_in_any(Upload, is_whole=is_whole, is_guest=is_guest, is_link=is_link))
    owned = select(Upload, Space.usage, Space.quota).join(Space, Space.id == Upload.space_id)
    return select(Upload).where(*mine), owned.where(*mine)


@cache
def _update(names: tuple[str, ...]) -> Update:
    """Return the statement that changes these columns of a row; there are a handful of them."""
    # SQLAlchemy reserves the names of the columns.
    changed: dict[str, Any] = {name: bindparam(f"its_new_{name}") for name in names}
    return update(_TABLE).where(_TABLE.c.id == bindparam("its_id")).values(changed)


def _bound(values: Mapping[str, object]) -> dict[str, object]:
    return {f"its_new_{name}": value for name, value in values.items()}
