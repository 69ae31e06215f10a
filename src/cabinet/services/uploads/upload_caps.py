"""Limits the number of uploads stored per space: unfinished ones, and ended ones.

An ended upload is kept so that a client that missed a response can ask again. Uploads can be created and
canceled in a loop without end, so only the latest are kept: the others are deleted, and 410 or the result
becomes 404.

Rule: check here before adding a row; the number of rows is bounded whatever happens to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Integer, bindparam, delete, func, select
from sqlalchemy.orm import Session

from cabinet.errors import FolderFull, TooManyUploads
from cabinet.models import Base, Upload
from cabinet.services.access.scope import Scope
from cabinet.services.kernel.caps import caps_of
from cabinet.services.kernel.database import execute_counted

# Rows deleted by one transaction.
_BATCH = 500

# Built once: each new upload runs them, and building one takes ten times as long as running it.
_UPLOAD = Base.metadata.tables["upload"]
_IS_HERE = _UPLOAD.c.space_id == bindparam("its_space")
_UNFINISHED = select(func.count()).where(
    _IS_HERE, _UPLOAD.c.ended_at.is_(None), _UPLOAD.c.expires_at > bindparam("now")
)
_BEYOND = select(_UPLOAD.c.id).where(_IS_HERE).limit(1).offset(bindparam("most", type_=Integer))


def check_unfinished(session: Session, scope: Scope, now: datetime) -> None:
    """Raise `TooManyUploads` if no more uploads may begin in a space; final only under its lock.

    Guests get `FolderFull`, which tells nothing about the space.
    """
    most = caps_of(session).uploads
    # Expired ones wait for the sweep, and their owner does not see them any more.
    if (session.scalar(_UNFINISHED, {"its_space": scope.space_id, "now": now}) or 0) >= most:
        raise TooManyUploads(allowed=most) if scope.share_id is None else FolderFull


def find_oldest_ended(session: Session, space_id: int) -> Sequence[str]:
    """Return the ids of ended uploads of a space to delete, as many as one transaction deletes.

    Reads each row, but only once there are about twice as many as allowed; so call it in no write
    transaction.
    """
    most = caps_of(session).uploads
    if session.scalar(_BEYOND, {"its_space": space_id, "most": 2 * most}) is None:
        return []
    ended = select(Upload.id).where(Upload.space_id == space_id, Upload.ended_at.is_not(None))
    return session.scalars(ended.order_by(Upload.ended_at.desc(), Upload.id).offset(most).limit(_BATCH)).all()


def forget_ended(session: Session, upload_ids: Sequence[str]) -> None:
    """Delete ended uploads in the caller's transaction; these never continue."""
    if upload_ids:
        execute_counted(session, delete(Upload).where(Upload.id.in_(upload_ids)))
