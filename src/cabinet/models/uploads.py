"""Resumable uploads.

Rule: columns, keys and indexes only; no logic.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from sqlalchemy import BigInteger, ForeignKey, Index, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from cabinet.models.base import Base

UNFINISHED = text("ended_at IS NULL")


class UploadKind(IntEnum):
    """What becomes of an upload: a file, a part of a joined one, or it is such a joined one."""

    WHOLE = 0
    PARTIAL = 1
    JOINED = 2


class Upload(Base):
    """An upload of several requests; its bytes are staged under its id.

    `offset` is what is durable and counts in the usage of its space until the upload has ended; then
    either its content is the file at `path` and `content_hash` says which, or it is gone. A row
    that has ended is kept until it expires, so that a client that missed the answer can ask again.
    `path` begins at the folder `root_id`, None once that is gone; `user_id` is who began it, if a user.
    """

    __tablename__ = "upload"
    __table_args__ = (
        Index("ix_upload_unfinished", "space_id",
              sqlite_where=UNFINISHED, postgresql_where=UNFINISHED),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    space_id: Mapped[int] = mapped_column(ForeignKey("space.id", ondelete="CASCADE"), index=True)
    root_id: Mapped[int | None] = mapped_column(ForeignKey("node.id", ondelete="SET NULL"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"), index=True)
    kind: Mapped[int] = mapped_column(SmallInteger)
    length: Mapped[int | None] = mapped_column(BigInteger)
    offset: Mapped[int] = mapped_column(BigInteger, default=0)
    path: Mapped[str] = mapped_column(String(2048))
    on_conflict: Mapped[str] = mapped_column(String(8))
    modified_at: Mapped[datetime | None]
    media_type: Mapped[str | None] = mapped_column(String(127))
    description: Mapped[str | None] = mapped_column(Text)
    parts: Mapped[str | None] = mapped_column(Text)
    content_hash: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
