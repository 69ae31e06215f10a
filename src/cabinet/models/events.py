"""What was done in shares and team spaces, and which users shall be told of it.

Rule: columns, keys and indexes only; no logic.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from cabinet.models.base import Base, RowId

UNSEEN = text("seen_at IS NULL")


class Verb(StrEnum):
    """What an event tells."""

    OPENED = "opened"
    DOWNLOADED = "downloaded"
    UPLOADED = "uploaded"
    CREATED = "created"
    CHANGED = "changed"
    COPIED = "copied"
    RENAMED = "renamed"
    MOVED = "moved"
    TRASHED = "trashed"
    DELETED = "deleted"
    RESTORED = "restored"
    SHARED = "shared"
    UNSHARED = "unshared"
    JOINED = "joined"
    LEFT = "left"


class Event(Base):
    """Something that `user_id` did, or a guest of the link `share_id` who has no account.

    `path` is where the entry was then, in its space, and `line` has the ids of the nodes on that path in the
    same order, each between slashes: so it tells what contained the entry, and what of the path somebody with
    access to one of these folders may see. `from_path` and `from_line` are those before a move. The event of a
    batch is one for all its entries, `count` of them, in the folder that it names.
    """

    __tablename__ = "event"
    __table_args__ = (
        # A page of the events in a space, of those of a link, and of those of a node.
        Index("ix_event_of_space", "space_id", "id"),
        Index("ix_event_of_share", "share_id", "id",
              sqlite_where=text("share_id IS NOT NULL"), postgresql_where=text("share_id IS NOT NULL")),
        Index("ix_event_of_node", "node_id", "id",
              sqlite_where=text("node_id IS NOT NULL"), postgresql_where=text("node_id IS NOT NULL")),
        # For deletions of users.
        Index("ix_event_user_id", "user_id",
              sqlite_where=text("user_id IS NOT NULL"), postgresql_where=text("user_id IS NOT NULL")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    space_id: Mapped[int] = mapped_column(ForeignKey("space.id", ondelete="CASCADE"))
    share_id: Mapped[str | None] = mapped_column(ForeignKey("share.id", ondelete="CASCADE"))
    node_id: Mapped[int | None] = mapped_column(ForeignKey("node.id", ondelete="SET NULL"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    verb: Mapped[str] = mapped_column(String(16))
    path: Mapped[str] = mapped_column(Text)
    line: Mapped[str] = mapped_column(Text)
    from_path: Mapped[str | None] = mapped_column(Text)
    from_line: Mapped[str | None] = mapped_column(Text)
    count: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(index=True)


class Notice(Base):
    """An event that a user is told of, until `seen_at` as news."""

    __tablename__ = "notice"
    __table_args__ = (
        # The number of a user's unseen notices, which every page shows.
        Index("ix_notice_unseen", "user_id", sqlite_where=UNSEEN, postgresql_where=UNSEEN),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    event_id: Mapped[int] = mapped_column(
        ForeignKey("event.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    seen_at: Mapped[datetime | None]
