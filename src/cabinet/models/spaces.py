"""Spaces: trees with a quota and usage counters.

Rule: columns, keys and indexes only; no logic.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from sqlalchemy import BigInteger, ForeignKey, Index, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from cabinet.models.base import Base, RowId

IS_TEAM = text("public_id IS NOT NULL")
FUNDED = text("funder_id IS NOT NULL")


class SpaceKind(IntEnum):
    """The kind of a space's owner."""

    PERSONAL = 0
    TEAM = 1


class Space(Base):
    """A tree with a quota, `usage` in bytes and a number of `entries`; a user's space has an `owner_id`.

    Items moved to the trash up to `trash_hidden_to` are purged and hidden; those up to `trash_purged_to` no
    longer count in `usage` and `entries`, and are being removed. Everything in a deleted space (`deleted_at`)
    is hidden and being removed. `seq` counts the changes of the space. Its root can have mounts only if
    `has_mounts`, which may stay set after the last one ended with its target.

    A team space has a `public_id` and a `name`, and no owner: its members are the users whose root has a mount
    of its root, in the role of that mount. `funder_id` is the user who made it, if that was no administrator;
    `funded` bytes of its quota were taken from that user's, and are given back when it ends.
    """

    __tablename__ = "space"
    __table_args__ = (
        Index("uq_space_public_id", "public_id", unique=True,
              sqlite_where=IS_TEAM, postgresql_where=IS_TEAM),
        # For deletions of users, and the number of spaces that one made.
        Index("ix_space_funder_id", "funder_id", sqlite_where=FUNDED, postgresql_where=FUNDED),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[int] = mapped_column(SmallInteger, default=SpaceKind.PERSONAL)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), unique=True)
    usage: Mapped[int] = mapped_column(BigInteger, default=0)
    # All nodes except the root, in the tree and in the trash.
    entries: Mapped[int] = mapped_column(BigInteger, default=0)
    quota: Mapped[int | None] = mapped_column(BigInteger)
    seq: Mapped[int] = mapped_column(BigInteger, default=0)
    has_mounts: Mapped[bool] = mapped_column(default=False)
    trash_hidden_to: Mapped[datetime | None]
    trash_purged_to: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    public_id: Mapped[str | None] = mapped_column(String(32))
    name: Mapped[str | None] = mapped_column(String(255))
    funder_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    funded: Mapped[int] = mapped_column(BigInteger, default=0)
