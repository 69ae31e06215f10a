"""How many uploads to one space are kept in mind: unfinished ones, and those that have ended.

One that has ended is remembered so that a client that missed an answer can ask again. There is no end
of uploads that can be begun and given up in a loop, so only the last of them are: the others become
what never was, and 410 or the outcome becomes 404.

Rule: whoever adds a row asks here first; the number of rows is bounded whatever becomes of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from cabinet.errors import TooManyUploads
from cabinet.models import Upload
from cabinet.services.kernel.caps import caps_of
from cabinet.services.kernel.database import execute_counted
from cabinet.services.tree.removal import has_more_than

# Rows that one transaction deletes.
_BATCH = 500


def check_unfinished(session: Session, space_id: int, now: datetime) -> None:
    """Raise `TooManyUploads` where no upload more may begin in a space; under its lock it decides."""
    most = caps_of(session).uploads
    # Those that have expired only wait for a sweep, and their owner does not see them any more.
    unfinished = select(func.count()).where(
        Upload.space_id == space_id, Upload.ended_at.is_(None), Upload.expires_at > now
    )
    if (session.scalar(unfinished) or 0) >= most:
        raise TooManyUploads(allowed=most)


def find_oldest_ended(session: Session, space_id: int) -> Sequence[str]:
    """Return the ids of ended uploads to a space that are remembered no longer, as many as one transaction deletes.

    Looks at each row only once there are about as many more again, so in no writing transaction.
    """
    most = caps_of(session).uploads
    if not has_more_than(session, select(Upload.id).where(Upload.space_id == space_id), 2 * most):
        return []
    ended = select(Upload.id).where(Upload.space_id == space_id, Upload.ended_at.is_not(None))
    return session.scalars(ended.order_by(Upload.ended_at.desc(), Upload.id).offset(most).limit(_BATCH)).all()


def forget_ended(session: Session, upload_ids: Sequence[str]) -> None:
    """Forget ended uploads in the caller's transaction; one that has ended never goes on."""
    if upload_ids:
        execute_counted(session, delete(Upload).where(Upload.id.in_(upload_ids)))
