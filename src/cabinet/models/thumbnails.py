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
    """A thumbnail of a content, in a square of `size` pixels; `thumbnail_hash` is its blob, None if it has
    none.

    Each space has rows of its own, made on request, because a thumbnail that is there at once would reveal
    that another user has the content. A row with `wanted_at` waits to be made; until `claimed_until` a
    process has claimed it.
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
