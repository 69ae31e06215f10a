"""Groups of users, and their members.

Rule: columns, keys and indexes only; no logic.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from cabinet.models.base import Base, Folded, RowId


class GroupRole(StrEnum):
    """The role of a user in a group; a manager adds and removes members."""

    MEMBER = "member"
    MANAGER = "manager"


class UserGroup(Base):
    """A group of users. `name_key` makes its name unique: NFKC, case folded."""

    __tablename__ = "user_group"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    name_key: Mapped[str] = mapped_column(Folded, unique=True)
    created_at: Mapped[datetime]


class GroupMember(Base):
    """A user in a group."""

    __tablename__ = "group_member"

    group_id: Mapped[int] = mapped_column(ForeignKey("user_group.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
