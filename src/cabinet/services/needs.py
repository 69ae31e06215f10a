"""What needs a blob: a version of somebody's file, or a thumbnail that was made for somebody.

Rule: the one answer to this question; whoever counts, checks or removes blobs asks here.
"""

from __future__ import annotations

from sqlalchemy import delete, exists, or_
from sqlalchemy.orm import Session

from cabinet.models import Blob, Node, Thumbnail, Version
from cabinet.services.database import execute_counted, writing

# Of the blob that the query around it is about.
NEEDED = or_(
    exists().where(Version.content_hash == Blob.content_hash),
    exists().where(Thumbnail.thumbnail_hash == Blob.content_hash),
)

_OF_ITS_OWNER = exists().where(
    Version.content_hash == Thumbnail.content_hash,
    Version.node_id == Node.id,
    Node.owner_id == Thumbnail.owner_id,
)


def forget_thumbnails(session: Session) -> None:
    """Forget the thumbnails of contents that their owner has no version of any more."""
    with writing(session):
        execute_counted(session, delete(Thumbnail).where(~_OF_ITS_OWNER))
