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
    """Whose a space is."""

    PERSONAL = 0


class Space(Base):
    """A tree with a quota, of `usage` bytes and `entries` nodes; that of a user has an `owner_id`.

    What came to the trash up to `trash_hidden_to` is purged and shows no more; what came there up to
    `trash_purged_to` counts in `usage` and `entries` no more either, and is being removed. All of a
    space that has ended (`deleted_at`) is hidden and being removed. `seq` counts its changes. There may be
    mounts in its root only where it `has_mounts`; their targets may have ended and taken them along since.
    """

    __tablename__ = "space"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[int] = mapped_column(SmallInteger, default=SpaceKind.PERSONAL)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), unique=True)
    usage: Mapped[int] = mapped_column(BigInteger, default=0)
    # Nodes but the root, wherever they lie.
    entries: Mapped[int] = mapped_column(BigInteger, default=0)
    quota: Mapped[int | None] = mapped_column(BigInteger)
    seq: Mapped[int] = mapped_column(BigInteger, default=0)
    has_mounts: Mapped[bool] = mapped_column(default=False)
    trash_hidden_to: Mapped[datetime | None]
    trash_purged_to: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
