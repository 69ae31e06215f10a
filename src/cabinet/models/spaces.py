"""Spaces: trees with a quota and usage counters.

Rule: columns, keys and indexes only; no logic.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from sqlalchemy import BigInteger, ForeignKey, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from cabinet.models.base import Base, RowId


class SpaceKind(IntEnum):
    """The kind of a space's owner."""

    PERSONAL = 0


class Space(Base):
    """A tree with a quota, `usage` in bytes and a number of `entries`; a user's space has an `owner_id`.

    Items moved to the trash up to `trash_hidden_to` are purged and hidden; those up to `trash_purged_to` no
    longer count in `usage` and `entries`, and are being removed. Everything in a deleted space (`deleted_at`)
    is hidden and being removed. `seq` counts the changes of the space. Its root can have mounts only if
    `has_mounts`, which may stay set after the last one ended with its target.
    """

    __tablename__ = "space"

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
