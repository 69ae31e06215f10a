"""What needs a blob: a version of somebody's file, or a thumbnail that was made for somebody.

Rule: the one answer to this question; whoever counts, checks or removes blobs asks here.
"""

from __future__ import annotations

from datetime import datetime
from itertools import groupby

from sqlalchemy import delete, exists, or_, select, tuple_, update
from sqlalchemy.orm import Session

from cabinet.models import Blob, Node, Thumbnail, Version
from cabinet.services.kernel.database import execute_counted, writing

# Of the blob that the query around it is about.
NEEDED = or_(
    exists().where(Version.content_hash == Blob.content_hash),
    exists().where(Thumbnail.thumbnail_hash == Blob.content_hash),
)

_OF_ITS_SPACE = exists().where(
    Version.content_hash == Thumbnail.content_hash,
    Version.node_id == Node.id,
    Node.space_id == Thumbnail.space_id,
)


# Rows that one transaction changes; to find them takes longer, and nobody waits for that.
BATCH = 500


def forget_thumbnails(session: Session) -> None:
    """Forget the thumbnails of contents that their space has no version of any more, some at a time."""
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


def note_unneeded(session: Session, now: datetime) -> None:
    """Note of the blobs that nothing needs any more that they are not needed since `now`, some at a time."""
    last = ""
    while True:
        unneeded = select(Blob.content_hash).where(Blob.released_at.is_(None), ~NEEDED)
        keys = session.scalars(
            unneeded.where(Blob.content_hash > last).order_by(Blob.content_hash).limit(BATCH)
        ).all()
        if not keys:
            session.rollback()
            return
        last = keys[-1]
        with writing(session):
            noted = update(Blob).where(Blob.content_hash.in_(keys), Blob.released_at.is_(None), ~NEEDED)
            execute_counted(session, noted.values(released_at=now))
