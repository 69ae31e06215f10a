"""References to blobs: versions of files, and thumbnails.

Rule: all code that counts, checks or removes blobs uses the conditions in this module.
"""

from __future__ import annotations

from datetime import datetime
from itertools import groupby

from sqlalchemy import delete, exists, or_, select, tuple_, update
from sqlalchemy.orm import Session

from cabinet.models import Blob, Node, Thumbnail, Version
from cabinet.services.kernel.database import execute_counted, writing

# The condition that the `Blob` row of the enclosing query is referenced.
REFERENCED = or_(
    exists().where(Version.content_hash == Blob.content_hash),
    exists().where(Thumbnail.thumbnail_hash == Blob.content_hash),
)

_OF_ITS_SPACE = exists().where(
    Version.content_hash == Thumbnail.content_hash,
    Version.node_id == Node.id,
    Node.space_id == Thumbnail.space_id,
)


# Rows changed in one transaction; finding them takes longer, but outside of the transaction.
BATCH = 500


def delete_orphaned_thumbnails(session: Session) -> None:
    """Delete, in batches, the thumbnails of contents of which their space has no version."""
    last: tuple[int, str] = (0, "")
    while True:
        key = tuple_(Thumbnail.space_id, Thumbnail.content_hash)
        useless = select(Thumbnail.space_id, Thumbnail.content_hash).where(key > last, ~_OF_ITS_SPACE)
        found = session.execute(useless.order_by(*key).limit(BATCH)).all()
        if not found:
            session.rollback()
            return
        last = (found[-1].space_id, found[-1].content_hash)
        with writing(session):
            for space_id, of_space in groupby(found, key=lambda row: row.space_id):
                hashes = {row.content_hash for row in of_space}
                forgotten = delete(Thumbnail).where(
                    Thumbnail.space_id == space_id, Thumbnail.content_hash.in_(hashes), ~_OF_ITS_SPACE
                )
                execute_counted(session, forgotten)


def mark_unreferenced(session: Session, now: datetime) -> None:
    """Mark, in batches, unreferenced blobs as released at `now`."""
    last = ""
    while True:
        unneeded = select(Blob.content_hash).where(Blob.released_at.is_(None), ~REFERENCED)
        keys = session.scalars(
            unneeded.where(Blob.content_hash > last).order_by(Blob.content_hash).limit(BATCH)
        ).all()
        if not keys:
            session.rollback()
            return
        last = keys[-1]
        with writing(session):
            noted = update(Blob).where(Blob.content_hash.in_(keys), Blob.released_at.is_(None), ~REFERENCED)
            execute_counted(session, noted.values(released_at=now))
