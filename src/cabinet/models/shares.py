"""Links and grants, what each leads to, the users that have a grant, and downloads that recently began through links.

Rule: columns, keys and indexes only; no logic.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum, StrEnum

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from cabinet.models.base import Base

HELD = text("revoked_at IS NULL")
TO_USER = text("to_user_id IS NOT NULL")
TO_GROUP = text("to_group_id IS NOT NULL")
MOUNTED = text("mount_id IS NOT NULL")


class ShareKind(StrEnum):
    """A link shows files; a request only takes them in. A grant gives a user or a group a role."""

    LINK = "link"
    REQUEST = "request"
    GRANT = "grant"


class Share(Base):
    """Access to some nodes of a space for whoever has the link, or by a grant; `user_id` is who gave it.

    The token of the link is derived from `nonce` and the server's key; the link is found by `token_hash`.
    `rights` are separated by spaces. A selection (`is_selection`) shows its items by their names; any other
    link has one item, which is what it leads to. Without an item, the link has ended.

    `downloads`, `opens` and `uploads` only count up. `used_size` and `files` are what came in through the
    link, with unfinished uploads, against `max_size` bytes and `max_files` files and folders. A revoked link
    is kept until its unfinished uploads have ended.

    A grant gives `role` at its one item to a user or to the members of a group. It has no secret, no rights of
    its own, and no limits.
    """

    __tablename__ = "share"
    __table_args__ = (
        # A page of a user's links.
        Index("ix_share_of_user", "user_id", "created_at", "id",
              sqlite_where=HELD, postgresql_where=HELD),
        # What a group has, and for deletions of users and groups.
        Index("ix_share_to_user_id", "to_user_id", sqlite_where=TO_USER, postgresql_where=TO_USER),
        Index("ix_share_to_group_id", "to_group_id", sqlite_where=TO_GROUP, postgresql_where=TO_GROUP),
        # Whether anything in a space is shared, which every change of it asks.
        Index("ix_share_in_space", "space_id",
              sqlite_where=HELD, postgresql_where=HELD),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    space_id: Mapped[int] = mapped_column(ForeignKey("space.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    nonce: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    name: Mapped[str | None] = mapped_column(String(100))
    note: Mapped[str | None] = mapped_column(Text)
    is_selection: Mapped[bool]
    rights: Mapped[str] = mapped_column(String(64))
    password_hash: Mapped[str | None] = mapped_column(String(128))
    expires_at: Mapped[datetime | None]
    max_downloads: Mapped[int | None]
    downloads: Mapped[int] = mapped_column(default=0)
    opens: Mapped[int] = mapped_column(default=0)
    uploads: Mapped[int] = mapped_column(default=0)
    last_used_at: Mapped[datetime | None]
    max_size: Mapped[int | None] = mapped_column(BigInteger)
    used_size: Mapped[int] = mapped_column(BigInteger, default=0)
    max_files: Mapped[int | None]
    files: Mapped[int] = mapped_column(default=0)
    notify: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    to_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    to_group_id: Mapped[int | None] = mapped_column(ForeignKey("user_group.id", ondelete="SET NULL"))
    role: Mapped[str | None] = mapped_column(String(16))


class ShareItem(Base):
    """A node that a link leads to. Its `name` is that in a selection, where it stays the same."""

    __tablename__ = "share_item"
    __table_args__ = (UniqueConstraint("share_id", "name"),)

    share_id: Mapped[str] = mapped_column(ForeignKey("share.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(255))
    sort_key: Mapped[bytes] = mapped_column(LargeBinary(1200))


class Acceptance(IntEnum):
    """Whether a user has accepted a grant; one that was declined or left can still be accepted."""

    PENDING = 0
    ACCEPTED = 1
    DECLINED = 2


class ShareRecipient(Base):
    """A user that a grant was given to, directly or as a member of a group.

    An accepted grant is shown by the mount `mount_id` in the user's root; several grants of one node share a
    mount, which has the best of their roles.
    """

    __tablename__ = "share_recipient"
    __table_args__ = (
        # A page of what was shared with a user.
        Index("ix_share_recipient_of_user", "user_id", "created_at", "share_id"),
        Index("ix_share_recipient_mount_id", "mount_id", sqlite_where=MOUNTED, postgresql_where=MOUNTED),
    )  # fmt: skip

    share_id: Mapped[str] = mapped_column(ForeignKey("share.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[int] = mapped_column(SmallInteger)
    mount_id: Mapped[int | None] = mapped_column(ForeignKey("node.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]


class UserBlock(Base):
    """A user, `blocked_id`, from whom another one accepts nothing."""

    __tablename__ = "user_block"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    blocked_id: Mapped[int] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    created_at: Mapped[datetime]


class ShareDownload(Base):
    """A download that began lately; `key` is a hash of the network and the path, so that a retry counts once."""

    __tablename__ = "share_download"

    share_id: Mapped[str] = mapped_column(ForeignKey("share.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    begun_at: Mapped[datetime] = mapped_column(index=True)


class Milestone(Base):
    """Something that once happened to this instance and that later decisions depend on."""

    __tablename__ = "milestone"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
