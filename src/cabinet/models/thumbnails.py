"""Thumbnails and the requests for them.

Rule: columns, keys and indexes only; no logic.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from cabinet.models.base import Base

WANTED = text("wanted_at IS NOT NULL")


class Thumbnail(Base):
    """A small picture of a content, in a square of `size` pixels; `thumbnail_hash` is its blob.

    That is None where none can be made. Each space has rows of its own, made by requests for it, for
    a picture that was there at once would tell that somebody else has the content. Since `wanted_at`
    it waits to be made; up to `claimed_until` a process promised to be making it.
    """

    __tablename__ = "thumbnail"
    __table_args__ = (Index("ix_thumbnail_wanted", "space_id", sqlite_where=WANTED, postgresql_where=WANTED),)

    space_id: Mapped[int] = mapped_column(ForeignKey("space.id", ondelete="CASCADE"), primary_key=True)
    content_hash: Mapped[str] = mapped_column(
        ForeignKey("blob.content_hash", ondelete="CASCADE"), primary_key=True, index=True
    )
    size: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    thumbnail_hash: Mapped[str | None] = mapped_column(
        ForeignKey("blob.content_hash", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime]
    wanted_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]
