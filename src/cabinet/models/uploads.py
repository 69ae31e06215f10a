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
SHARED = text("share_id IS NOT NULL")
OF_GUESTS = text("network IS NOT NULL")


class UploadKind(IntEnum):
    """The kind of an upload: a file, a part of a joined upload, or a joined upload."""

    WHOLE = 0
    PARTIAL = 1
    JOINED = 2


class Upload(Base):
    """An upload over several requests; its bytes are staged under its id.

    `offset` is the number of durable bytes, which count in the usage of the space until the upload ends; then
    it is either the file at `path` with `content_hash`, or discarded. An ended row is kept until it expires,
    so that a client that missed the response can ask again. `path` is relative to the folder `root_id`, None
    once that is deleted; `user_id` is the user who began it, if any. A guest began it through the link
    `share_id`, from `network`.
    """

    __tablename__ = "upload"
    __table_args__ = (
        Index("ix_upload_unfinished", "space_id",
              sqlite_where=UNFINISHED, postgresql_where=UNFINISHED),
        Index("ix_upload_share_id", "share_id",
              sqlite_where=SHARED, postgresql_where=SHARED),
        # The unfinished uploads of a network.
        Index("ix_upload_network", "network",
              sqlite_where=OF_GUESTS, postgresql_where=OF_GUESTS),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    space_id: Mapped[int] = mapped_column(ForeignKey("space.id", ondelete="CASCADE"), index=True)
    root_id: Mapped[int | None] = mapped_column(ForeignKey("node.id", ondelete="SET NULL"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"), index=True)
    share_id: Mapped[str | None] = mapped_column(ForeignKey("share.id", ondelete="CASCADE"))
    network: Mapped[str | None] = mapped_column(String(64))
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
